//! The ways to send a mail: over SMTP, into files, or not at all.

use std::{path::PathBuf, str::FromStr, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{PoolConfig, authentication::Credentials},
};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use crate::state::{StartError, make_folder};

/// How long the server on the other side may take for one answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long it may take for a whole mail: less than a node has a mail to itself.
const WHOLE: Duration = Duration::from_mins(1);
/// The most connections to it.
pub(super) const CONNECTIONS: u32 = 4;

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
    host: String,
    port: u16,
    encryption: Encryption,
    user: Option<(String, SecretString)>,
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
enum Encryption {
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
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
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
            Sending::Smtp(smtp) => Some(Self::Smtp(smtp.connect()?)),
        })
    }

    /// Sends a mail; when it was not accepted, why.
    pub(super) async fn send(&self, id: uuid::Uuid, message: &Message) -> Result<(), String> {
        match self {
            Self::Files(folder) => {
                let (path, text) = (folder.join(format!("{id}.eml")), message.formatted());
                let written = tokio::task::spawn_blocking(move || {
                    // Whoever reads the folder sees whole mails alone.
                    let part = path.with_extension("part");
                    std::fs::write(&part, text)?;
                    std::fs::rename(part, path)
                });
                let written = written.await.map_err(|error| error.to_string())?;
                written.map_err(|error| error.to_string())
            }
            Self::Smtp(smtp) => {
                let text = message.formatted();
                let sent = tokio::time::timeout(WHOLE, smtp.send_raw(message.envelope(), &text));
                let sent = sent.await.map_err(|_| "The server took too long.".to_owned())?;
                sent.map(drop).map_err(|error| error.to_string())
            }
        }
    }
}

impl Smtp {
    fn connect(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, StartError> {
        type Smtp = AsyncSmtpTransport<Tokio1Executor>;
        let unusable = |error: lettre::transport::smtp::Error| {
            StartError::Setting(format!("TASKHUB_MAIL can't be used: {error}"))
        };
        let builder = match self.encryption {
            Encryption::None => Smtp::builder_dangerous(&self.host),
            Encryption::StartTls => Smtp::starttls_relay(&self.host).map_err(unusable)?,
            Encryption::Tls => Smtp::relay(&self.host).map_err(unusable)?,
        };
        let builder = builder
            .port(self.port)
            .timeout(Some(PATIENCE))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        Ok(match &self.user {
            Some((name, password)) => {
                let credentials = Credentials::new(name.clone(), password.expose_secret().to_owned());
                builder.credentials(credentials).build()
            }
            None => builder.build(),
        })
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
