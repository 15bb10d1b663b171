//! What mails say: each kind once, as a subject, paragraphs and a link, of which the text and the HTML are made.
//!
//! Invariant: whatever comes from people (names of organisations and users) is one line, and escaped where it stands in HTML. A name is short and
//! holds nothing that a mail program shows as a link, because strangers can be sent a mail with a name of anybody's choice.

use std::fmt::Write;

use secrecy::ExposeSecret;
use taskhub_domain::{
    mail::{Mail, Token},
    policy::Role,
};

/// A mail's words.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// A mail before it is laid out.
struct Draft<'a> {
    subject: String,
    before: Vec<String>,
    /// Its words and its path, with the token.
    link: Option<(&'static str, &'static str, &'a Token)>,
    after: &'static str,
}

impl<'a> Draft<'a> {
    fn of(mail: &'a Mail, tenant: &str) -> Self {
        match mail {
            Mail::VerifyEmail { token } => Self {
                subject: format!("Verify your email for {tenant}"),
                before: vec![format!(
                    "This address was given for an account at {tenant}. Is it yours? Then verify it."
                )],
                link: Some(("Verify the email", "verify-email", token)),
                after: "The link is good for 24 hours, and once. If you did not expect this mail, do nothing.",
            },
            Mail::ResetPassword { token } => Self {
                subject: format!("A new password for {tenant}"),
                before: vec![format!(
                    "Somebody, you we hope, asked for a new password for your account at {tenant}."
                )],
                link: Some(("Choose a new password", "reset-password", token)),
                after: "The link is good for one hour, and once. If you did not ask for it, do nothing: your password stays as it is.",
            },
            Mail::Welcome { token } => Self {
                subject: format!("Your account at {tenant}"),
                before: vec![format!(
                    "An account was made for you at {tenant}. Choose a password to sign in with."
                )],
                link: Some(("Choose a password", "reset-password", token)),
                after: "The link is good for seven days, and once.",
            },
            Mail::Invitation { token, inviter, role, expires_at } => Self {
                subject: format!("You are invited to {tenant}"),
                before: vec![
                    format!(
                        "{} invites you to join {tenant} as {}.",
                        inviter.as_deref().map_or_else(|| "An admin".to_owned(), name),
                        role_of(*role)
                    ),
                    format!("The invitation is good until {expires_at}."),
                ],
                link: Some(("Accept the invitation", "accept-invitation", token)),
                after: "If you don't want to join, do nothing.",
            },
            Mail::PasswordChanged => Self {
                subject: format!("Your password for {tenant} was changed"),
                before: vec![format!("The password of your account at {tenant} was changed.")],
                link: None,
                after: "If it was not you, ask for a new password at once, and tell an admin of your organisation.",
            },
            Mail::Notification { text } => Self {
                subject: format!("{tenant}: {}", one_line(text)),
                before: vec![text.clone()],
                link: None,
                after: "Your profile says which notifications come by mail, and when not.",
            },
        }
    }
}

fn role_of(role: Role) -> &'static str {
    match role {
        Role::Admin => "an admin",
        Role::Manager => "a manager",
        Role::Member => "a member",
    }
}

/// Writes a mail of a tenant's; its link begins with the front end's URL.
pub(super) fn write(mail: &Mail, tenant: &str, app_url: &str) -> Words {
    let Draft { subject, before, link, after } = Draft::of(mail, &name(tenant));
    let link = link.map(|(words, page, token)| {
        (words, format!("{app_url}/account/{page}#token={}", token.0.expose_secret()))
    });
    let (mut text, mut html) = (String::new(), String::new());
    for paragraph in before.iter().map(|paragraph| one_line(paragraph)) {
        say(&mut text, format_args!("{paragraph}\n\n"));
        say(&mut html, format_args!("<p>{}</p>\n", escaped(&paragraph)));
    }
    if let Some((words, url)) = link {
        say(&mut text, format_args!("{words}:\n{url}\n\n"));
        let url = escaped(&url);
        say(
            &mut html,
            format_args!("<p><a href=\"{url}\">{words}</a></p>\n<p>Or open this address: {url}</p>\n"),
        );
    }
    say(&mut text, format_args!("{after}\n"));
    say(&mut html, format_args!("<p>{}</p>\n", escaped(after)));
    let title = escaped(&subject);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body>\n{html}</body>\n</html>\n"
    );
    Words { subject, text, html }
}

fn say(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing to a string never fails.
    text.write_fmt(more).ok();
}

/// Without line breaks and other control characters: names are made by people.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The most characters of a name.
const LONGEST_NAME: usize = 64;

/// A name as it stands in a mail: one line, short, and without what mail programs take for an address: `evil.example` becomes `evil example`.
fn name(name: &str) -> String {
    let letters: Vec<char> = one_line(name).chars().collect();
    let is_text = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|c| !c.is_whitespace());
    let links = |at: usize, letter: char| match letter {
        '@' | '＠' | '﹫' => true,
        // A full stop may end a word, as in "Dr. Grace".
        '.' | '．' | '․' | '﹒' | '。' | '｡' => {
            is_text(at.checked_sub(1)) && is_text(at.checked_add(1))
        }
        ':' | '：' => letters.get(at + 1) == Some(&'/'),
        _ => false,
    };
    let plain = letters.iter().enumerate().map(|(at, letter)| if links(at, *letter) { ' ' } else { *letter });
    let plain: String = plain.collect();
    let mut short = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = short.char_indices().nth(LONGEST_NAME) {
        short.truncate(end);
        short.push('…');
    }
    short
}

/// As text within HTML, in content and in attributes.
fn escaped(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => whole.push_str("&amp;"),
            '<' => whole.push_str("&lt;"),
            '>' => whole.push_str("&gt;"),
            '"' => whole.push_str("&quot;"),
            '\'' => whole.push_str("&#39;"),
            other => whole.push(other),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use taskhub_domain::Clock;

    use super::*;

    fn invitation(inviter: &str) -> Mail {
        let token = Token("thi_abc".to_owned().into());
        let expires_at = Clock::manual().now();
        Mail::Invitation { token, inviter: Some(inviter.to_owned()), role: Role::Manager, expires_at }
    }

    #[test]
    fn text_and_html_say_the_same() {
        let words = write(&invitation("Ada"), "Acme & Söhne", "https://app.example");
        let link = "https://app.example/account/accept-invitation#token=thi_abc";
        assert_eq!(words.subject, "You are invited to Acme & Söhne");
        assert!(words.text.contains("Ada invites you to join Acme & Söhne as a manager."), "{}", words.text);
        assert!(words.text.contains(&format!("\n{link}\n")), "{}", words.text);
        assert!(words.html.contains("join Acme &amp; Söhne as"), "{}", words.html);
        assert!(words.html.contains(&format!("href=\"{link}\"")), "{}", words.html);
    }

    #[test]
    fn a_name_is_no_link() {
        for (given, shown) in [
            ("Acme Inc.", "Acme Inc."),
            ("Dr. Grace M. Hopper", "Dr. Grace M. Hopper"),
            ("AC/DC: live", "AC/DC: live"),
            ("evil.com", "evil com"),
            ("Win at https://evil.com/now?a=b", "Win at https //evil com/now?a=b"),
            ("mail me@evil。com", "mail me evil com"),
            ("evil\u{200b}.\u{200b}com", "evil\u{200b} \u{200b}com"),
            ("two\r\nlines", "two lines"),
        ] {
            assert_eq!(name(given), shown);
            let words = write(&invitation(given), given, "https://app.example");
            assert!(words.subject.ends_with(&format!("to {shown}")), "{}", words.subject);
            assert!(
                words.text.contains(&format!("{shown} invites you to join {shown} as")),
                "{}",
                words.text
            );
        }
        assert_eq!(name(&"long ".repeat(50)).chars().count(), LONGEST_NAME + 1);
    }

    proptest! {
        /// Names never become markup or lines.
        #[test]
        fn names_stay_names(name in "\\PC*|.*") {
            let bare = write(&invitation("x"), "x", "https://app.example");
            let words = write(&invitation(&name), &name, "https://app.example");
            let marks = |text: &str| text.matches(['<', '>', '"']).count();
            prop_assert_eq!(marks(&words.html), marks(&bare.html));
            prop_assert!(!words.subject.contains(['\r', '\n']));
            prop_assert_eq!(words.text.lines().count(), bare.text.lines().count());
        }
    }
}
