//! Whether the mail server can be used, as the outcomes of mails show it.
//!
//! Invariant: a server that can't be used is asked seldom, and the mail that waits loses nothing by it. As soon as the server accepts mail again, what
//! was deferred meanwhile is tried too.

use std::time::Duration;

use taskhub_domain::{Instant, mail::Outcome};

/// The pause after the first failure to use the server; it doubles with each.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_mins(1);
/// After so long without an accepted mail, deferrals are the server's fault rather than their recipients'.
const OUTAGE: Duration = Duration::from_mins(10);

/// What the last outcomes say about the server.
#[derive(Debug, Default)]
pub(super) struct Health {
    pause: Option<Duration>,
    /// Since when mail was deferred and none accepted.
    deferring_since: Option<Instant>,
}

impl Health {
    /// How long to leave the server alone, if it can't be used.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.pause
    }

    /// Takes note of an outcome. Whether it shows that an outage is over.
    pub(super) fn has_recovered(&mut self, outcome: &Outcome, now: Instant) -> bool {
        match outcome {
            Outcome::Unreachable(why) => {
                let pause = self.pause.map_or(FIRST, |pause| (pause * 2).min(LONGEST));
                tracing::warn!(why, pause = pause.as_secs(), "the mail server can't be used: mail waits");
                self.pause = Some(pause);
                false
            }
            Outcome::Deferred(_) => {
                self.answered();
                self.deferring_since.get_or_insert(now);
                false
            }
            // The server does its work, but this mail shows nothing about others.
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
            tracing::info!("the mail server can be used again");
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
        assert!(!health.has_recovered(&Outcome::Accepted, now), "no mail was deferred");
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
