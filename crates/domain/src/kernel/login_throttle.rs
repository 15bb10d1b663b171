//! The login throttle: counts failed attempts at a password or code, and delays further attempts.
//!
//! Invariants:
//! - A wrong attempt is counted in a transaction of its own.
//! - During a wait, right and wrong attempts get the same response, also those that were in
//!   progress when the wait began.
//! - Counters are stored under a MAC, so that the table names nobody. An account that does not
//!   exist is counted like one that does.
//!
//! This module does not know how an attempt is verified.

use std::{future::Future, net::IpAddr, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::{
    Context, Error, Repository, Result, System, Timestamp, Tx,
    kernel::{
        context::{Request, network},
        error::Kind,
        repository::{SWEEP, row::positions},
    },
};

const TABLE: &str = "guess";
const COLUMNS: [&str; 4] = ["key", "failures", "blocked_until", "expires_at"];

/// The time for which failures are counted, from the first one.
const MEMORY: Duration = Duration::from_hours(1);
/// The wait after the first failure beyond the free ones. Each further failure doubles it.
const FIRST: Duration = Duration::from_secs(1);

/// The number of free failures, and the longest wait after more of them.
#[derive(Clone, Copy, Debug)]
struct Rule {
    name: &'static str,
    free: i32,
    longest: Duration,
}

/// One account from one network. Users mistype a few times, but not often.
const HERE: Rule = Rule { name: "here", free: 5, longest: Duration::from_mins(15) };
/// One account from anywhere, against many machines at once. The wait is short, so that nobody can
/// lock the owner of an account out for long.
const ANYWHERE: Rule = Rule { name: "anywhere", free: 20, longest: Duration::from_mins(1) };
/// All accounts from one network, against one password tried on many accounts. The wait is short,
/// because a whole office may be behind one address.
const NETWORK: Rule = Rule { name: "network", free: 50, longest: Duration::from_mins(1) };

impl Rule {
    /// The wait after a number of failures.
    fn wait(self, failures: i32) -> Duration {
        match u32::try_from(failures - self.free) {
            Ok(more) => FIRST.saturating_mul(2_u32.saturating_pow(more)).min(self.longest),
            Err(_) => Duration::ZERO,
        }
    }
}

/// An attempt at a password or code, with the counters of its failure.
#[derive(Clone, Debug)]
pub struct Attempt {
    counts: Vec<(Rule, String)>,
    /// Whether success clears the failures before it.
    forgets: bool,
}

/// A counter.
struct Count {
    key: String,
    failures: i32,
    blocked_until: Timestamp,
    expires_at: Timestamp,
}

positions!(Count { key, failures, blocked_until, expires_at });

impl Attempt {
    /// An attempt to sign in with an email or username, in any tenant or in one.
    pub fn on_login(repository: &Repository, name: &str, tenant: Option<&str>, request: &Request) -> Self {
        let folded = |text: &str| text.trim().to_lowercase();
        let account = [folded(tenant.unwrap_or_default()), folded(name)].map(String::into_bytes);
        let account: Vec<_> = account.iter().map(Vec::as_slice).collect();
        let mut attempt =
            Self::on(repository, &[&[b"login".as_slice()], account.as_slice()].concat(), request);
        attempt.count(repository, NETWORK, &[], request.address);
        attempt
    }

    /// An attempt of the user of a context to prove a password or code.
    pub fn on_user(repository: &Repository, ctx: &Context) -> Self {
        let (tenant, user) = (ctx.tenant(), ctx.user().unwrap_or_default());
        Self::on(repository, &[b"user", tenant.as_bytes(), user.as_bytes()], ctx.request())
    }

    fn on(repository: &Repository, account: &[&[u8]], request: &Request) -> Self {
        let mut attempt = Self { counts: Vec::new(), forgets: true };
        attempt.count(repository, HERE, account, request.address);
        attempt.count(repository, ANYWHERE, account, None);
        attempt
    }

    fn count(&mut self, repository: &Repository, rule: Rule, account: &[&[u8]], address: Option<IpAddr>) {
        let network = address.map(|address| network(address).to_string()).unwrap_or_default();
        let parts = [&[b"guess", rule.name.as_bytes(), network.as_bytes()], account].concat();
        let key = URL_SAFE_NO_PAD.encode(taskhub_auth::secret::mac(repository.secret(), &parts));
        self.counts.push((rule, key));
    }

    /// Both attempts in one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.counts.extend(other.counts);
        self
    }

    /// The attempt, if it matches `meant` accounts. If there are several, success does not clear
    /// failures, because they may be about another account.
    #[must_use]
    pub fn at(self, meant: usize) -> Self {
        Self { forgets: meant == 1, ..self }
    }

    fn keys(&self) -> SelectStatement {
        let keys = self.counts.iter().map(|(_, key)| key.as_str());
        let mut select = Query::select();
        select.columns(COLUMNS).from(TABLE).and_where(Expr::col("key").is_in(keys));
        select.order_by("key", Order::Asc);
        select
    }

    /// Rejects an attempt during a wait, before anything is verified.
    ///
    /// # Errors
    /// `TooManyAttempts`.
    pub async fn admit(&self, repository: &Repository) -> Result<()> {
        let system = repository.system("checking for failed attempts", Request::default());
        let counts: Vec<Count> = repository.unscoped(&system).all(&self.keys()).await?;
        open(&counts, system.now())
    }

    /// Counts a wrong attempt. Returns the time until which the next one has to wait, if it has to.
    ///
    /// # Errors
    /// `TooManyAttempts` if a wait began while the attempt was verified. The attempt does not count
    /// then, and its outcome must not be reported.
    pub async fn failed(&self, repository: &Repository) -> Result<Option<Timestamp>> {
        let system = repository.system("counting a failed attempt", Request::default());
        let ctx = system.within(uuid::Uuid::nil());
        repository.write(&ctx, self.clone(), |tx, attempt| Box::pin(fail(tx, attempt))).await
    }

    /// Runs the verification of the attempt in this transaction, unless a wait began meanwhile.
    /// Success clears the failures at this account from this network. Failures from elsewhere stay
    /// counted.
    ///
    /// # Errors
    /// `TooManyAttempts`, and those of the verification.
    pub async fn verify<T>(
        &self,
        tx: &Tx,
        verification: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let counts: Vec<Count> = tx.find_unscoped(self.keys(), false).await?;
        open(&counts, tx.now())?;
        let output = verification.await?;
        if self.forgets && !counts.is_empty() {
            let here = self.counts.iter().filter(|(rule, _)| rule.name == HERE.name);
            let keys = here.map(|(_, key)| key.as_str());
            let delete = Query::delete().from_table(TABLE).and_where(Expr::col("key").is_in(keys)).take();
            tx.change_unscoped(&delete).await?;
        }
        Ok(output)
    }
}

/// Rejects an attempt during a wait.
fn open(counts: &[Count], now: Timestamp) -> Result<()> {
    match counts.iter().map(|count| count.blocked_until).max().filter(|until| *until > now) {
        None => Ok(()),
        Some(until) => {
            let micros = u64::try_from(until.micros() - now.micros()).unwrap_or_default();
            Err(Error::wait(Kind::TooManyAttempts, Duration::from_secs(micros.div_ceil(1_000_000))))
        }
    }
}

async fn fail(tx: &Tx, attempt: &Attempt) -> Result<Option<Timestamp>> {
    // The rows are locked, so concurrent failures are counted one after the other. If another
    // transaction inserts the same row, this one fails and is retried.
    let counts: Vec<Count> = tx.find_unscoped(attempt.keys(), true).await?;
    open(&counts, tx.now())?;
    let mut wait = Duration::ZERO;
    for (rule, key) in &attempt.counts {
        let kept = counts.iter().find(|count| count.key == *key);
        let counted = kept.filter(|count| count.expires_at > tx.now());
        let failures = counted.map_or(0, |count| count.failures).saturating_add(1);
        let blocked_until = tx.now().plus(rule.wait(failures));
        // The hour begins with the first failure, so occasional mistakes do not add up for ever.
        let ends = counted.map_or(tx.now().plus(MEMORY), |count| count.expires_at);
        let values = [
            ("failures", failures.into()),
            ("blocked_until", blocked_until.into()),
            ("expires_at", Ord::max(ends, blocked_until).into()),
        ];
        wait = wait.max(rule.wait(failures));
        if kept.is_some() {
            let mut update = Query::update();
            update.table(TABLE).values(values).and_where(Expr::col("key").eq(key.as_str()));
            tx.change_unscoped(&update).await?;
        } else {
            let [failures, blocked, expires] = values.map(|(_, value): (_, Expr)| value);
            let mut insert = Query::insert();
            insert.into_table(TABLE).columns(COLUMNS);
            insert.values_panic([key.as_str().into(), failures, blocked, expires]);
            tx.change_unscoped(&insert).await?;
        }
    }
    Ok((!wait.is_zero()).then(|| tx.now().plus(wait)))
}

impl Repository {
    /// Removes expired counters, a few at a time.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn forget_guesses(&self, system: &System) -> Result<()> {
        let old = Expr::col("expires_at").lt(system.now());
        let expired = Query::select().columns(COLUMNS).from(TABLE).and_where(old.clone()).limit(SWEEP).take();
        loop {
            let counts: Vec<Count> = self.unscoped(system).all(&expired).await?;
            if counts.is_empty() {
                return Ok(());
            }
            let keys = counts.into_iter().map(|count| count.key);
            let delete = Query::delete()
                .from_table(TABLE)
                .and_where(Expr::col("key").is_in(keys))
                .and_where(old.clone())
                .take();
            let ctx = system.within(uuid::Uuid::nil());
            self.write(&ctx, delete, |tx, delete| {
                Box::pin(async move { tx.change_unscoped(delete).await.map(drop) })
            })
            .await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_are_those_of_the_table() {
        let waits = |rule: Rule, failures: [i32; 4]| failures.map(|failures| rule.wait(failures).as_secs());
        assert_eq!(waits(HERE, [4, 5, 6, 40]), [0, 1, 2, 900]);
        assert_eq!(waits(ANYWHERE, [19, 20, 23, 40]), [0, 1, 8, 60]);
        assert_eq!(waits(NETWORK, [49, 50, 59, i32::MAX]), [0, 1, 60, 60]);
    }

    proptest! {
        #[test]
        fn a_further_failure_never_shortens_the_wait(failures in 0..i32::MAX) {
            for rule in [HERE, ANYWHERE, NETWORK] {
                prop_assert!(rule.wait(failures) <= rule.wait(failures + 1));
            }
        }
    }
}
