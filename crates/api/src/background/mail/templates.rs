//! The templates of emails. Each has a subject, paragraphs and a link, from which the plain text
//! and the HTML are made.
//!
//! Invariant: text from users (names of organisations and users) is one line, and it is escaped in
//! HTML. A name is short and contains nothing that a mail program shows as a link, because anybody
//! can choose a name and have an email with it sent to strangers.

use std::fmt::Write;

use secrecy::ExposeSecret;
use taskhub_domain::{
    mail::{Mail, Token},
    policy::Role,
};

/// The texts of an email.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// The content of an email before it is formatted.
struct Draft<'a> {
    subject: String,
    before: Vec<String>,
    /// The text of the link, its page and its token.
    link: Option<(&'static str, &'static str, &'a Token)>,
    after: &'static str,
}

impl<'a> Draft<'a> {
    fn of(mail: &'a Mail, tenant: &str) -> Self {
        match mail {
            Mail::VerifyEmail { token } => Self {
                subject: format!("Verify your email address for {tenant}"),
                before: vec![format!(
                    "This email address was entered for an account at {tenant}. Please verify that it is yours."
                )],
                link: Some(("Verify the email address", "verify-email", token)),
                after: "The link is valid for 24 hours and can be used once. If you did not expect this email, ignore it.",
            },
            Mail::ResetPassword { token } => Self {
                subject: format!("Reset your password for {tenant}"),
                before: vec![format!("A new password was requested for your account at {tenant}.")],
                link: Some(("Choose a new password", "reset-password", token)),
                after: "The link is valid for one hour and can be used once. If you did not request it, ignore this email: your password does not change.",
            },
            Mail::Welcome { token } => Self {
                subject: format!("Your account at {tenant}"),
                before: vec![format!(
                    "An account was created for you at {tenant}. Choose a password to sign in."
                )],
                link: Some(("Choose a password", "reset-password", token)),
                after: "The link is valid for seven days and can be used once.",
            },
            Mail::Invitation { token, inviter, role, expires_at } => Self {
                subject: format!("You are invited to join {tenant}"),
                before: vec![
                    format!(
                        "{} invites you to join {tenant} as {}.",
                        inviter.as_deref().map_or_else(|| "An admin".to_owned(), name),
                        role_of(*role)
                    ),
                    format!("The invitation is valid until {expires_at}."),
                ],
                link: Some(("Accept the invitation", "accept-invitation", token)),
                after: "If you do not want to join, ignore this email.",
            },
            Mail::PasswordChanged => Self {
                subject: format!("Your password for {tenant} was changed"),
                before: vec![format!("The password of your account at {tenant} was changed.")],
                link: None,
                after: "If you did not change it, request a new password at once and tell an admin of your organisation.",
            },
            Mail::Notification { text } => Self {
                subject: format!("{tenant}: {}", one_line(text)),
                before: vec![text.clone()],
                link: None,
                after: "You can choose in your profile which notifications you get by email, and set quiet hours.",
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

/// Writes an email of a tenant. Its link begins with the URL of the front end.
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
            format_args!(
                "<p><a href=\"{url}\">{words}</a></p>\n<p>Or open this link in your browser: {url}</p>\n"
            ),
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

/// Replaces line breaks and other control characters, which names may contain, with spaces.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The most characters of a name.
const LONGEST_NAME: usize = 64;

/// A name as it is shown in an email: one line, short, and without anything that a mail program
/// shows as a link. `evil.example` becomes `evil example`.
fn name(name: &str) -> String {
    let letters: Vec<char> = one_line(name).chars().collect();
    let is_text = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|c| !c.is_whitespace());
    let links = |at: usize, letter: char| match letter {
        '@' | '＠' | '﹫' => true,
        // A full stop may end a word, for example "Dr. Grace".
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

/// Escapes text for HTML content and attributes.
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
    fn text_and_html_have_the_same_content() {
        let words = write(&invitation("Ada"), "Acme & Söhne", "https://app.example");
        let link = "https://app.example/account/accept-invitation#token=thi_abc";
        assert_eq!(words.subject, "You are invited to join Acme & Söhne");
        assert!(words.text.contains("Ada invites you to join Acme & Söhne as a manager."), "{}", words.text);
        assert!(words.text.contains(&format!("\n{link}\n")), "{}", words.text);
        assert!(words.html.contains("join Acme &amp; Söhne as"), "{}", words.html);
        assert!(words.html.contains(&format!("href=\"{link}\"")), "{}", words.html);
    }

    #[test]
    fn a_name_is_never_a_link() {
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
            assert!(words.subject.ends_with(&format!("to join {shown}")), "{}", words.subject);
            assert!(
                words.text.contains(&format!("{shown} invites you to join {shown} as")),
                "{}",
                words.text
            );
        }
        assert_eq!(name(&"long ".repeat(50)).chars().count(), LONGEST_NAME + 1);
    }

    proptest! {
        /// Names never become markup or new lines.
        #[test]
        fn names_are_never_markup(name in "\\PC*|.*") {
            let bare = write(&invitation("x"), "x", "https://app.example");
            let words = write(&invitation(&name), &name, "https://app.example");
            let marks = |text: &str| text.matches(['<', '>', '"']).count();
            prop_assert_eq!(marks(&words.html), marks(&bare.html));
            prop_assert!(!words.subject.contains(['\r', '\n']));
            prop_assert_eq!(words.text.lines().count(), bare.text.lines().count());
        }
    }
}
