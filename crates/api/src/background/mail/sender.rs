//! The task that sends the waiting emails.
//!
//! Commits of this node wake it. It also checks every second for emails of other nodes and for
//! retries. In each round, one email of each tenant is sent.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::stream::{self, StreamExt};
use lettre::{
    Message,
    message::{Body, Mailbox, MultiPart, header},
};
use taskhub_domain::{
    Context, Result,
    context::Request,
    mail::{self, Claimed, Next, Outcome},
};
use tokio::sync::watch;

use super::{
    health::Health,
    templates::{self, Words},
    transport::{CONNECTIONS, Transport},
};
use crate::{
    config::Profile,
    state::{StartError, State},
};

/// The pause between two checks.
const PAUSE: Duration = Duration::from_secs(1);
/// The most tenants in one round.
const ROUND: u64 = 32;

/// Sends the emails of all tenants.
pub(crate) struct Sender {
    state: State,
    transport: Transport,
    health: Health,
}

/// The outcome of a tenant's turn.
enum Turn {
    /// No email was due.
    Nothing,
    /// An email was discarded without being sent.
    Discarded,
    /// An email was sent, or the attempt failed.
    Sent(Outcome),
}

impl Turn {
    fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Sent(outcome) => Some(outcome),
            Self::Nothing | Self::Discarded => None,
        }
    }
}

impl Sender {
    /// The sender for the settings, or `None` if emails are off. Logs which it is.
    pub(crate) fn new(state: &State) -> Result<Option<Self>, StartError> {
        let (sending, folder) = (state.settings.sending(), state.settings.data_dir.join("mail"));
        let transport = Transport::open(&sending, folder.clone())?;
        match &transport {
            None if state.settings.profile == Profile::Production => tracing::warn!(
                "email is off: users cannot verify addresses, reset passwords or get invitations; set TASKHUB_MAIL"
            ),
            None => tracing::info!("email is off"),
            Some(Transport::Files(_)) => {
                tracing::info!(folder = %folder.display(), "emails are written to files");
            }
            Some(Transport::Smtp(_)) => tracing::info!("emails are sent over SMTP"),
        }
        Ok(transport.map(|transport| Self { state: state.clone(), transport, health: Health::default() }))
    }

    /// Sends waiting emails until it is stopped. It finishes the emails in progress.
    pub(crate) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        while !*stopping.borrow() {
            let sent = self.round().await;
            let pause = self.health.pause();
            match sent {
                Ok(1..) if pause.is_none() => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the waiting emails cannot be read"),
            }
            // While the server is unavailable, a new email is no reason to try again.
            tokio::select! {
                () = self.state.repository.mail_written(), if pause.is_none() => {}
                // An error means that the other end of the channel was dropped.
                changed = stopping.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(pause.unwrap_or(PAUSE)) => {}
            }
        }
    }

    /// Sends one email of each tenant that has one due. Returns the number. While the server is
    /// unavailable, only one email is tried.
    async fn round(&mut self) -> Result<usize> {
        let system = self.state.repository.system("sending emails", Request::default());
        let most = if self.health.pause().is_some() { 1 } else { ROUND };
        let tenants = self.state.repository.tenants_with_mail(&system, most).await?;
        let turns = tenants.into_iter().map(|tenant| self.turn(system.within(tenant)));
        let turns: Vec<_> = stream::iter(turns).buffer_unordered(CONNECTIONS).collect().await;
        let sent = turns.iter().filter(|turn| !matches!(turn, Turn::Nothing)).count();
        let outcomes = turns.into_iter().filter_map(Turn::outcome);
        let (unreachable, answered): (Vec<_>, Vec<_>) =
            outcomes.partition(|outcome| matches!(outcome, Outcome::Unreachable(_)));
        // Failures of several emails in one round count as one.
        for outcome in answered.into_iter().chain(unreachable.into_iter().next()) {
            if self.health.has_recovered(&outcome, system.now()) {
                self.state.repository.wake_deferred_mail(&system).await?;
            }
        }
        Ok(sent)
    }

    /// Sends the email of a tenant that is due first.
    async fn turn(&self, ctx: Context) -> Turn {
        let repository = &self.state.repository;
        let claimed = match repository.write(&ctx, (), |tx, ()| Box::pin(mail::claim(tx))).await {
            Ok(Next::Mail(claimed)) => claimed,
            Ok(Next::Discarded) => return Turn::Discarded,
            Ok(Next::Nothing) => return Turn::Nothing,
            Err(error) => {
                tracing::warn!(%error, "an email cannot be claimed");
                return Turn::Nothing;
            }
        };
        let id = claimed.id;
        let outcome = match self.message(&claimed, ctx.now().micros()) {
            Ok(message) => self.transport.send(id, &message).await,
            Err(why) => Outcome::Refused(why),
        };
        if let Outcome::Deferred(why) | Outcome::Refused(why) = &outcome {
            tracing::warn!(mail = %id, why, "an email was not accepted");
        }
        let input = (id, outcome.clone());
        let flushed = repository
            .write(&ctx, input, |tx, (id, outcome)| Box::pin(mail::record_outcome(tx, *id, outcome)));
        if let Err(error) = flushed.await {
            tracing::warn!(mail = %id, %error, "the outcome of an email cannot be stored; the email will be sent again");
        }
        Turn::Sent(outcome)
    }

    fn message(&self, claimed: &Claimed, micros: i64) -> Result<Message, String> {
        let Words { subject, text, html } =
            templates::write(&claimed.mail, &claimed.tenant, &self.state.settings.app_url());
        let recipient =
            claimed.recipient.parse().map_err(|_| "The address of the recipient is invalid.".to_owned())?;
        let from = &self.state.settings.mail_from;
        let at: SystemTime = UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default());
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, recipient))
            .subject(subject)
            .date(at)
            // The same in every attempt, so that mail programs recognise duplicates.
            .message_id(Some(format!("<{}@{}>", claimed.id, from.email.domain())))
            .multipart(MultiPart::alternative_plain_html(body(text), body(html)));
        let mut message = message.map_err(|error| error.to_string())?;
        let name = header::HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(header::HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(message)
    }
}

/// The most bytes of a line (RFC 5322 section 2.1.1).
const LINE: usize = 998;

/// A body, unencoded if that is allowed, so that links stay in one piece in files; otherwise
/// encoded.
fn body(text: String) -> Body {
    if text.is_ascii() && text.lines().all(|line| line.len() <= LINE) {
        let lines = text.replace('\n', "\r\n").into_bytes();
        Body::dangerous_pre_encoded(lines, header::ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text)
    }
}
