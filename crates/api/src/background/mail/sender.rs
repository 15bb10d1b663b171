//! The task that sends the mail that waits.
//!
//! It is woken by the commits of this node, and looks every second for what others let wait and for what is to be tried again. Each tenant gets its
//! turn: one mail a round.

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

/// How often it looks.
const PAUSE: Duration = Duration::from_secs(1);
/// The most tenants of one round.
const ROUND: u64 = 32;

/// Sends the mail of all tenants.
pub(crate) struct Sender {
    state: State,
    transport: Transport,
    health: Health,
}

/// What came of a tenant's turn.
enum Turn {
    /// It had no mail that is due.
    Nothing,
    /// It had a mail that is not sent.
    Discarded,
    /// A mail was sent, or tried.
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
    /// A sender by the settings; `None` where no mail is sent. Says which it is.
    pub(crate) fn new(state: &State) -> Result<Option<Self>, StartError> {
        let (sending, folder) = (state.settings.sending(), state.settings.data_dir.join("mail"));
        let transport = Transport::open(&sending, folder.clone())?;
        match &transport {
            None if state.settings.profile == Profile::Production => tracing::warn!(
                "no mail is sent: nobody can verify an email, reset a password or be invited; see TASKHUB_MAIL"
            ),
            None => tracing::info!("no mail is sent"),
            Some(Transport::Files(_)) => {
                tracing::info!(folder = %folder.display(), "mail is written to files");
            }
            Some(Transport::Smtp(_)) => tracing::info!("mail is sent by SMTP"),
        }
        Ok(transport.map(|transport| Self { state: state.clone(), transport, health: Health::default() }))
    }

    /// Sends what waits, until it is told to stop: what it has in hand then, it finishes.
    pub(crate) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        while !*stopping.borrow() {
            let sent = self.round().await;
            let pause = self.health.pause();
            match sent {
                Ok(1..) if pause.is_none() => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the mail that waits can't be read"),
            }
            // What ended the wait is the same to it. While the server can't be used, new mail is no reason to try again.
            tokio::select! {
                () = self.state.repository.mail_written(), if pause.is_none() => {}
                // Nobody can tell it any more either.
                told = stopping.changed() => if told.is_err() { return },
                () = tokio::time::sleep(pause.unwrap_or(PAUSE)) => {}
            }
        }
    }

    /// Sends one mail of each tenant that has some due: how many. While the server can't be used, one mail finds out whether it can be used again.
    async fn round(&mut self) -> Result<usize> {
        let system = self.state.repository.system("sending mail", Request::default());
        let most = if self.health.pause().is_some() { 1 } else { ROUND };
        let tenants = self.state.repository.tenants_with_mail(&system, most).await?;
        let turns = tenants.into_iter().map(|tenant| self.turn(system.within(tenant)));
        let turns: Vec<_> = stream::iter(turns).buffer_unordered(CONNECTIONS).collect().await;
        let sent = turns.iter().filter(|turn| !matches!(turn, Turn::Nothing)).count();
        let outcomes = turns.into_iter().filter_map(Turn::outcome);
        let (unreachable, answered): (Vec<_>, Vec<_>) =
            outcomes.partition(|outcome| matches!(outcome, Outcome::Unreachable(_)));
        // Mails of one round that find the server unusable at the same time say so once.
        for outcome in answered.into_iter().chain(unreachable.into_iter().next()) {
            if self.health.has_recovered(&outcome, system.now()) {
                self.state.repository.wake_deferred_mail(&system).await?;
            }
        }
        Ok(sent)
    }

    /// Sends the mail of a tenant that is due first.
    async fn turn(&self, ctx: Context) -> Turn {
        let repository = &self.state.repository;
        let claimed = match repository.write(&ctx, (), |tx, ()| Box::pin(mail::claim(tx))).await {
            Ok(Next::Mail(claimed)) => claimed,
            Ok(Next::Discarded) => return Turn::Discarded,
            Ok(Next::Nothing) => return Turn::Nothing,
            Err(error) => {
                tracing::warn!(%error, "a mail can't be claimed");
                return Turn::Nothing;
            }
        };
        let id = claimed.id;
        let outcome = match self.message(&claimed, ctx.now().micros()) {
            Ok(message) => self.transport.send(id, &message).await,
            Err(why) => Outcome::Refused(why),
        };
        if let Outcome::Deferred(why) | Outcome::Refused(why) = &outcome {
            tracing::warn!(mail = %id, why, "a mail was not accepted");
        }
        let input = (id, outcome.clone());
        let flushed = repository
            .write(&ctx, input, |tx, (id, outcome)| Box::pin(mail::record_outcome(tx, *id, outcome)));
        if let Err(error) = flushed.await {
            tracing::warn!(mail = %id, %error, "what came of a mail can't be noted: it will be sent again");
        }
        Turn::Sent(outcome)
    }

    fn message(&self, claimed: &Claimed, micros: i64) -> Result<Message, String> {
        let Words { subject, text, html } =
            templates::write(&claimed.mail, &claimed.tenant, &self.state.settings.app_url());
        let recipient =
            claimed.recipient.parse().map_err(|_| "The address can't be written to.".to_owned())?;
        let from = &self.state.settings.mail_from;
        let at: SystemTime = UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default());
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, recipient))
            .subject(subject)
            .date(at)
            // The same each time that it is tried, so that one that arrives twice is known.
            .message_id(Some(format!("<{}@{}>", claimed.id, from.email.domain())))
            .multipart(MultiPart::alternative_plain_html(body(text), body(html)));
        let mut message = message.map_err(|error| error.to_string())?;
        let name = header::HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(header::HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(message)
    }
}

/// The most octets of a line (RFC 5322 section 2.1.1).
const LINE: usize = 998;

/// As it is where mail may carry it so, that a link stays in one piece for whoever reads the file; else encoded.
fn body(text: String) -> Body {
    if text.is_ascii() && text.lines().all(|line| line.len() <= LINE) {
        let lines = text.replace('\n', "\r\n").into_bytes();
        Body::dangerous_pre_encoded(lines, header::ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text)
    }
}
