//! The health of the mail server, derived from the outcomes of emails.
//!
//! Invariant: an unavailable server is tried seldom, and no waiting email is lost. As soon as the
//! server accepts emails again, the deferred ones are tried too.

use std::time::Duration;

use taskhub_domain::{Instant, mail::Outcome};

/// The pause after the first failure; it doubles with each.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_mins(1);
/// After this time without an accepted email, deferrals are attributed to the server and not to
/// the recipients.
const OUTAGE: Duration = Duration::from_mins(10);

/// The health of the server according to the last outcomes.
#[derive(Debug, Default)]
pub(super) struct Health {
    pause: Option<Duration>,
    /// The time since which emails were deferred and none accepted.
    deferring_since: Option<Instant>,
}

impl Health {
    /// The pause before the next attempt, if the server is unavailable.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.pause
    }

    /// Records an outcome. Returns whether it ends an outage.
    pub(super) fn has_recovered(&mut self, outcome: &Outcome, now: Instant) -> bool {
        match outcome {
            Outcome::Unreachable(why) => {
                let pause = self.pause.map_or(FIRST, |pause| (pause * 2).min(LONGEST));
                tracing::warn!(
                    why,
                    pause = pause.as_secs(),
                    "the mail server is unavailable; emails are waiting"
                );
                self.pause = Some(pause);
                false
            }
            Outcome::Deferred(_) => {
                self.answered();
                self.deferring_since.get_or_insert(now);
                false
            }
            // The server works, but this says nothing about the deferred emails.
            Outcome::Refused(_) => {
                self.answered();
                false
            }
            Outcome::Accepted => {
                self.answered();
                self.deferring_since.take().is_some_and(|since| since.plus(OUTAGE) <= now)
            }
        }
    }

    fn answered(&mut self) {
        if self.pause.take().is_some() {
            tracing::info!("the mail server is available again");
        }
    }
}

#[cfg(test)]
mod tests {
    use taskhub_domain::Clock;

    use super::*;

    #[test]
    fn pauses_double_until_the_server_answers() {
        let (mut health, now) = (Health::default(), Clock::manual().now());
        let unreachable = Outcome::Unreachable("connection refused".to_owned());
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(!health.has_recovered(&unreachable, now));
            assert_eq!(health.pause(), Some(Duration::from_secs(seconds)));
        }
        assert!(!health.has_recovered(&Outcome::Accepted, now), "no email was deferred");
        assert_eq!(health.pause(), None);
    }

    #[test]
    fn only_deferrals_without_any_success_are_an_outage() {
        let (mut health, clock) = (Health::default(), Clock::manual());
        let deferred = Outcome::Deferred("451 later".to_owned());
        for (minutes, over) in [(9, false), (10, true)] {
            assert!(!health.has_recovered(&deferred, clock.now()));
            clock.advance(Duration::from_secs(minutes * 60));
            assert!(!health.has_recovered(&deferred, clock.now()));
            assert_eq!(
                health.has_recovered(&Outcome::Accepted, clock.now()),
                over,
                "after {minutes} minutes"
            );
            assert!(!health.has_recovered(&Outcome::Accepted, clock.now()), "once");
        }
    }
}
