//! The transports of emails: SMTP, files, or none.

use std::{path::PathBuf, str::FromStr};

use lettre::Message;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use taskhub_domain::mail::Outcome;
use url::{Host, Url};

use super::smtp::Client;
use crate::state::{StartError, make_folder};

/// The most emails that are sent at once.
pub(super) const CONNECTIONS: usize = 4;

/// The setting for emails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// Emails are not sent; they are deleted after some days.
    Off,
    /// Each email is written to a file in the folder `mail` of the data folder.
    Files,
    /// Emails are sent to an SMTP server.
    Smtp(Smtp),
}

/// An SMTP server.
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
    /// None: only for a server on this machine.
    None,
    /// STARTTLS, which the server must support.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

impl FromStr for Sending {
    type Err = String;

    /// The error does not contain the URL, which may contain a password.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected off, files, smtp://user:password@host:port or smtps://…".to_owned();
        match text {
            "off" => return Ok(Self::Off),
            "files" => return Ok(Self::Files),
            _ => {}
        }
        let url = Url::parse(text).map_err(|_| wrong())?;
        // The parser does not normalise the host of a URL with an unknown scheme.
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

/// A transport that is ready to be used.
pub(super) enum Transport {
    Files(PathBuf),
    Smtp(Client),
}

impl Transport {
    /// Opens the configured transport; `None` if emails are off.
    pub(super) fn open(sending: &Sending, folder: PathBuf) -> Result<Option<Self>, StartError> {
        Ok(match sending {
            Sending::Off => None,
            Sending::Files => {
                make_folder(&folder)?;
                Some(Self::Files(folder))
            }
            Sending::Smtp(smtp) => {
                let client = Client::new(smtp);
                let unusable = |error| StartError::Setting(format!("TASKHUB_MAIL cannot be used: {error}"));
                Some(Self::Smtp(client.map_err(unusable)?))
            }
        })
    }

    /// Sends an email.
    pub(super) async fn send(&self, id: uuid::Uuid, message: &Message) -> Outcome {
        match self {
            Self::Files(folder) => {
                let (path, text) = (folder.join(format!("{id}.eml")), message.formatted());
                let written = tokio::task::spawn_blocking(move || {
                    // A reader of the folder sees only complete emails.
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
    /// The host and the port.
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
    fn only_a_local_server_is_used_without_encryption() {
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
    fn an_invalid_setting_is_rejected_without_showing_it() {
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
