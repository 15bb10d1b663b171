//! The ways to send a mail: over SMTP, into files, or not at all.

use std::{path::PathBuf, str::FromStr};

use lettre::Message;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use taskhub_domain::mail::Outcome;
use url::{Host, Url};

use super::smtp::Client;
use crate::state::{StartError, make_folder};

/// The most mails that are under way at once.
pub(super) const CONNECTIONS: usize = 4;

/// How mail is sent: the setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// Not at all: what would be sent is forgotten after some days.
    Off,
    /// Into the folder `mail` in the data folder, a file a mail.
    Files,
    /// To a server.
    Smtp(Smtp),
}

/// A server that takes mail.
#[derive(Clone, Debug)]
pub struct Smtp {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) user: Option<(String, SecretString)>,
}

impl PartialEq for Smtp {
    fn eq(&self, other: &Self) -> bool {
        let password = |smtp: &Self| {
            smtp.user.as_ref().map(|(name, password)| (name.clone(), password.expose_secret().to_owned()))
        };
        (&self.host, self.port, self.encryption) == (&other.host, other.port, other.encryption)
            && password(self) == password(other)
    }
}

impl Eq for Smtp {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// None: on this machine alone.
    None,
    /// By STARTTLS, or no mail.
    StartTls,
    /// From the first octet on.
    Tls,
}

impl FromStr for Sending {
    type Err = String;

    /// What is wrong is told without the URL, which may hold a password.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected off, files, smtp://user:password@host:port or smtps://…".to_owned();
        match text {
            "off" => return Ok(Self::Off),
            "files" => return Ok(Self::Files),
            _ => {}
        }
        let url = Url::parse(text).map_err(|_| wrong())?;
        // A URL of a scheme that the parser does not know keeps its host as it was written.
        let host = url.host_str().and_then(|host| Host::parse(host).ok()).ok_or_else(wrong)?;
        let local = match &host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let (encryption, port) = match url.scheme() {
            "smtp" if local => (Encryption::None, 25),
            "smtp" => (Encryption::StartTls, 587),
            "smtps" => (Encryption::Tls, 465),
            _ => return Err(wrong()),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong());
        }
        let decode =
            |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| wrong());
        let user = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) | (_, None) => return Err(wrong()),
            (name, Some(password)) => Some((decode(name)?, decode(password)?.into())),
        };
        let host = match host {
            Host::Ipv6(address) => address.to_string(),
            other => other.to_string(),
        };
        Ok(Self::Smtp(Smtp { host, port: url.port().unwrap_or(port), encryption, user }))
    }
}

/// A way to send mail, ready to be used.
pub(super) enum Transport {
    Files(PathBuf),
    Smtp(Client),
}

impl Transport {
    /// The way that is set; `None` when none is.
    pub(super) fn open(sending: &Sending, folder: PathBuf) -> Result<Option<Self>, StartError> {
        Ok(match sending {
            Sending::Off => None,
            Sending::Files => {
                make_folder(&folder)?;
                Some(Self::Files(folder))
            }
            Sending::Smtp(smtp) => {
                let client = Client::new(smtp);
                let unusable = |error| StartError::Setting(format!("TASKHUB_MAIL can't be used: {error}"));
                Some(Self::Smtp(client.map_err(unusable)?))
            }
        })
    }

    /// Sends a mail.
    pub(super) async fn send(&self, id: uuid::Uuid, message: &Message) -> Outcome {
        match self {
            Self::Files(folder) => {
                let (path, text) = (folder.join(format!("{id}.eml")), message.formatted());
                let written = tokio::task::spawn_blocking(move || {
                    // Whoever reads the folder sees whole mails alone.
                    let part = path.with_extension("part");
                    std::fs::write(&part, text)?;
                    std::fs::rename(part, path)
                });
                match written.await.map_err(std::io::Error::other).flatten() {
                    Ok(()) => Outcome::Accepted,
                    Err(error) => Outcome::Unreachable(error.to_string()),
                }
            }
            Self::Smtp(client) => client.send(message).await,
        }
    }
}

impl Smtp {
    /// Its host and port.
    pub(crate) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(text: &str) -> Smtp {
        match text.parse() {
            Ok(Sending::Smtp(smtp)) => smtp,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn only_this_machine_goes_without_encryption() {
        for (url, encryption, port) in [
            ("smtp://mail.example", Encryption::StartTls, 587),
            ("smtp://mail.example:2525", Encryption::StartTls, 2525),
            ("smtp://10.0.0.1", Encryption::StartTls, 587),
            ("smtp://localhost.example", Encryption::StartTls, 587),
            ("smtps://mail.example", Encryption::Tls, 465),
            ("smtps://127.0.0.1", Encryption::Tls, 465),
            ("smtp://127.0.0.1:1025", Encryption::None, 1025),
            ("smtp://localhost", Encryption::None, 25),
            ("smtp://[::1]:1025", Encryption::None, 1025),
        ] {
            let smtp = smtp(url);
            assert_eq!((smtp.encryption, smtp.port), (encryption, port), "{url}");
        }
        assert_eq!(smtp("smtp://[::1]:1025").host, "::1");
    }

    #[test]
    fn a_password_is_decoded_and_never_shown() {
        let smtp = smtp("smtp://hub%40acme.example:pa%3Ass%2Fword@mail.example");
        let (name, password) = smtp.user.clone().unwrap();
        assert_eq!((name.as_str(), password.expose_secret()), ("hub@acme.example", "pa:ss/word"));
        assert!(!format!("{smtp:?}").contains("pa:ss/word"), "{smtp:?}");
    }

    #[test]
    fn what_is_no_way_is_refused_without_being_told() {
        for wrong in [
            "",
            "on",
            "smtp://",
            "http://user:wide-green-rivers@mail.example",
            "smtp://user@mail.example",
            "smtp://:wide-green-rivers@mail.example",
            "smtp://user:wide-green-rivers@mail.example/path",
            "smtp://user:wide-green-rivers@mail.example?tls=no",
        ] {
            let complaint = wrong.parse::<Sending>().unwrap_err();
            assert!(!complaint.contains("wide-green-rivers"), "{complaint}");
        }
    }
}
