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
    mail::{self, Claimed},
};
use tokio::sync::watch;

use super::{
    transport::{CONNECTIONS, Transport},
    words::{self, Words},
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
        Ok(transport.map(|transport| Self { state: state.clone(), transport }))
    }

    /// Sends what waits, until it is told to stop: what it has in hand then, it finishes.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        while !*stopping.borrow() {
            match self.round().await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => tracing::warn!(%error, "the mail that waits can't be read"),
            }
            // What ended the wait is the same to it.
            tokio::select! {
                () = self.state.store.mail_written() => {}
                // Nobody can tell it any more either.
                told = stopping.changed() => if told.is_err() { return },
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Sends one mail of each tenant that has some due: how many.
    async fn round(&self) -> Result<usize> {
        let system = self.state.store.system("sending mail", Request::default());
        let tenants = self.state.store.tenants_with_mail(&system, ROUND).await?;
        let turns = tenants.into_iter().map(|tenant| self.turn(system.within(tenant)));
        let done: Vec<_> = stream::iter(turns).buffer_unordered(CONNECTIONS as usize).collect().await;
        Ok(done.into_iter().filter(|sent| *sent).count())
    }

    /// Sends the mail of a tenant that is due first. Whether there was one.
    async fn turn(&self, ctx: Context) -> bool {
        let store = &self.state.store;
        let claimed = match store.write(&ctx, (), |tx, ()| Box::pin(mail::claim(tx))).await {
            Ok(Some(claimed)) => claimed,
            Ok(None) => return false,
            Err(error) => {
                tracing::warn!(%error, "a mail can't be claimed");
                return false;
            }
        };
        let id = claimed.id;
        let sent = match self.message(&claimed, ctx.now().micros()) {
            Ok(message) => self.transport.send(id, &message).await,
            Err(why) => Err(why),
        };
        let noted = match sent {
            Ok(()) => store.write(&ctx, id, |tx, id| Box::pin(mail::accepted(tx, id))).await,
            Err(why) => {
                tracing::warn!(mail = %id, why, "a mail was not accepted");
                store.write(&ctx, (id, why), |tx, (id, why)| Box::pin(mail::refused(tx, *id, why))).await
            }
        };
        if let Err(error) = noted {
            tracing::warn!(mail = %id, %error, "what came of a mail can't be noted: it will be sent again");
        }
        true
    }

    fn message(&self, claimed: &Claimed, micros: i64) -> Result<Message, String> {
        let Words { subject, text, html } =
            words::write(&claimed.mail, &claimed.tenant, &self.state.settings.app_url());
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
