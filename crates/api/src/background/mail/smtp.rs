//! Sending mail over SMTP (RFC 5321).
//!
//! Invariant: a rejected recipient or message is distinguished from an unavailable server. Only the
//! former concerns the email.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lettre::{
    Message,
    address::Envelope,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use secrecy::ExposeSecret;
use taskhub_domain::{input::is_demo, mail::Outcome};
use tokio::time::timeout;

use super::transport::{CONNECTIONS, Encryption, Smtp};

/// The longest time for the connection, the greeting and the authentication.
const GREETING: Duration = Duration::from_secs(30);
/// The longest time for one email. Together with [`GREETING`] it is shorter than a node's claim on
/// an email.
const WHOLE: Duration = Duration::from_mins(1);

/// A client of an SMTP server. It keeps connections open for the next emails.
pub(super) struct Client {
    smtp: Smtp,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

impl Client {
    pub(super) fn new(smtp: &Smtp) -> Result<Self, Error> {
        let tls = match smtp.encryption {
            Encryption::None => None,
            Encryption::StartTls | Encryption::Tls => Some(TlsParameters::new(smtp.host.clone())?),
        };
        Ok(Self { smtp: smtp.clone(), tls, idle: Mutex::default() })
    }

    /// Sends an email. An email to a demo address is not sent: its domain has no mail server.
    pub(super) async fn send(&self, message: &Message) -> Outcome {
        let envelope = message.envelope();
        if envelope.to().iter().all(|to| is_demo(to.as_ref())) {
            return Outcome::Accepted;
        }
        let connection = match timeout(GREETING, self.connection()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Outcome::Unreachable(error.to_string()),
            Err(_) => return Outcome::Unreachable("The server did not respond in time.".to_owned()),
        };
        match timeout(WHOLE, self.deliver(connection, envelope, &message.formatted())).await {
            Ok(Ok(())) => Outcome::Accepted,
            Ok(Err(outcome)) => outcome,
            Err(_) => Outcome::Deferred("The server took too long.".to_owned()),
        }
    }

    /// An idle connection, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Error> {
        while let Some(mut kept) = self.kept() {
            if kept.test_connected().await {
                return Ok(kept);
            }
            kept.abort().await;
        }
        self.connect().await
    }

    fn kept(&self) -> Option<AsyncSmtpConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < CONNECTIONS {
            idle.push(connection);
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let (server, name) = ((self.smtp.host.as_str(), self.smtp.port), ClientId::default());
        let from_the_start = self.tls.clone().filter(|_| self.smtp.encryption == Encryption::Tls);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(GREETING), &name, from_the_start, None).await?;
        if let (Encryption::StartTls, Some(tls)) = (self.smtp.encryption, self.tls.clone()) {
            connection.starttls(tls, &name).await?;
        }
        if let Some((name, password)) = &self.smtp.user {
            let credentials = Credentials::new(name.clone(), password.expose_secret().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }

    /// Sends an email over a connection. After an error the connection is closed.
    async fn deliver(
        &self,
        mut connection: AsyncSmtpConnection,
        envelope: &Envelope,
        text: &[u8],
    ) -> Result<(), Outcome> {
        let delivered = transfer(&mut connection, envelope, text).await;
        match delivered {
            Ok(()) => self.keep(connection),
            Err(_) => connection.abort().await,
        }
        delivered
    }
}

async fn transfer(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    text: &[u8],
) -> Result<(), Outcome> {
    let parameters = parameters(connection, envelope, text)?;
    let from = connection.command(Mail::new(envelope.from().cloned(), parameters)).await;
    // The sender is a setting, so an error here does not concern the recipient.
    from.map_err(|error| Outcome::Unreachable(error.to_string()))?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(|error| outcome_of(&error))?;
    }
    connection.command(Data).await.map_err(|error| outcome_of(&error))?;
    connection.message(text).await.map_err(|error| outcome_of(&error))?;
    Ok(())
}

/// The SMTP extensions that this email needs.
fn parameters(
    connection: &AsyncSmtpConnection,
    envelope: &Envelope,
    text: &[u8],
) -> Result<Vec<MailParameter>, Outcome> {
    let can = |extension| connection.server_info().supports_feature(extension);
    let mut parameters = Vec::new();
    if !envelope.to().iter().chain(envelope.from()).all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
        if !can(Extension::SmtpUtfEight) {
            let why = "The mail server does not support addresses with non-ASCII characters (SMTPUTF8).";
            return Err(Outcome::Refused(why.to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !text.is_ascii() && can(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

/// The outcome for an error about the recipient or the message.
fn outcome_of(error: &Error) -> Outcome {
    let why = error.to_string();
    match error.status().map(u16::from) {
        // The server closes the connection, or requires authentication (RFC 4954).
        Some(421 | 503 | 530 | 534 | 535 | 538) => Outcome::Unreachable(why),
        Some(500..) => Outcome::Refused(why),
        _ => Outcome::Deferred(why),
    }
}
