//! Guessing: failed attempts at a password or a code, and how long the next one has to wait.
//!
//! Invariant: an attempt is counted when it was judged to be wrong, in a transaction of its own, and none is judged in vain: while there is a
//! wait, the right one and the wrong one get the same answer, also when they were under way before the wait began. What is counted is
//! kept under a MAC, so that the table names nobody, and an account that does not exist is counted as one that does.

use std::{future::Future, net::IpAddr, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::{
    Context, Error, Instant, Result, Store, System, Tx,
    context::{Request, network},
    error::Kind,
    store::{SWEEP, row::positions},
};

const TABLE: &str = "guess";
const COLUMNS: [&str; 4] = ["key", "failures", "blocked_until", "expires_at"];

/// For how long failures are remembered after the first one.
const MEMORY: Duration = Duration::from_hours(1);
/// The wait after the first failure that is not free; each further one doubles it.
const FIRST: Duration = Duration::from_secs(1);

/// How many failures cost nothing, and the longest wait after more.
#[derive(Clone, Copy, Debug)]
struct Rule {
    name: &'static str,
    free: i32,
    longest: Duration,
}

/// At one account from one network: people mistype, and nobody mistypes ten times.
const HERE: Rule = Rule { name: "here", free: 5, longest: Duration::from_mins(15) };
/// At one account from anywhere: against many machines at once. The wait is short, so that no stranger locks an account's owner out for long.
const ANYWHERE: Rule = Rule { name: "anywhere", free: 20, longest: Duration::from_mins(1) };
/// From one network at all accounts: against one password tried on everybody. An office may be behind one address, so the wait is short.
const NETWORK: Rule = Rule { name: "network", free: 50, longest: Duration::from_mins(1) };

impl Rule {
    /// How long to wait after so many failures.
    fn wait(self, failures: i32) -> Duration {
        match u32::try_from(failures - self.free) {
            Ok(more) => FIRST.saturating_mul(2_u32.saturating_pow(more)).min(self.longest),
            Err(_) => Duration::ZERO,
        }
    }
}

/// An attempt at a password or a code: under which keys its failure counts.
#[derive(Clone, Debug)]
pub struct Attempt {
    counts: Vec<(Rule, String)>,
    /// Whether success tells that the failures before it were its own.
    forgets: bool,
}

/// What is kept under a key.
struct Count {
    key: String,
    failures: i32,
    blocked_until: Instant,
    expires_at: Instant,
}

positions!(Count { key, failures, blocked_until, expires_at });

impl Attempt {
    /// An attempt to sign in by an email or a username, in any tenant or in one, from where the request came.
    pub fn on_login(store: &Store, name: &str, tenant: Option<&str>, request: &Request) -> Self {
        let folded = |text: &str| text.trim().to_lowercase();
        let account = [folded(tenant.unwrap_or_default()), folded(name)].map(String::into_bytes);
        let account: Vec<_> = account.iter().map(Vec::as_slice).collect();
        let mut attempt = Self::on(store, &[&[b"login".as_slice()], account.as_slice()].concat(), request);
        attempt.count(store, NETWORK, &[], request.address);
        attempt
    }

    /// An attempt at what the user of a context has to know.
    pub fn on_user(store: &Store, ctx: &Context) -> Self {
        let (tenant, user) = (ctx.tenant(), ctx.user().unwrap_or_default());
        Self::on(store, &[b"user", tenant.as_bytes(), user.as_bytes()], ctx.request())
    }

    fn on(store: &Store, account: &[&[u8]], request: &Request) -> Self {
        let mut attempt = Self { counts: Vec::new(), forgets: true };
        attempt.count(store, HERE, account, request.address);
        attempt.count(store, ANYWHERE, account, None);
        attempt
    }

    fn count(&mut self, store: &Store, rule: Rule, account: &[&[u8]], address: Option<IpAddr>) {
        let network = address.map(|address| network(address).to_string()).unwrap_or_default();
        let parts = [&[b"guess", rule.name.as_bytes(), network.as_bytes()], account].concat();
        let key = URL_SAFE_NO_PAD.encode(taskhub_auth::secret::mac(store.secret(), &parts));
        self.counts.push((rule, key));
    }

    /// Both attempts in one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.counts.extend(other.counts);
        self
    }

    /// The attempt, when `meant` accounts were meant: with more than one, success at one's own account would forget the failures at another's.
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

    /// Refuses an attempt before anything is judged, while there is a wait.
    ///
    /// # Errors
    /// `TooManyAttempts`.
    pub async fn admit(&self, store: &Store) -> Result<()> {
        let system = store.system("asking for failed attempts", Request::default());
        let counts: Vec<Count> = store.beyond_tenants(&system).all(&self.keys()).await?;
        open(&counts, system.now())
    }

    /// Counts an attempt that was judged to be wrong: until when the next one has to wait, if it has to.
    ///
    /// # Errors
    /// `TooManyAttempts` when others failed so often meanwhile that this one should not have been judged: it does not count, and its
    /// outcome is not to be told.
    pub async fn failed(&self, store: &Store) -> Result<Option<Instant>> {
        let system = store.system("counting a failed attempt", Request::default());
        let ctx = system.within(uuid::Uuid::nil());
        store.write(&ctx, self.clone(), |tx, attempt| Box::pin(fail(tx, attempt))).await
    }

    /// Runs what judges the attempt in this transaction, unless others failed too often meanwhile; as in [`Self::failed`]. Who succeeds is
    /// forgiven what failed at this account from here; what failed from elsewhere stays counted.
    ///
    /// # Errors
    /// `TooManyAttempts`, and those of the judgement.
    pub async fn judge<T>(&self, tx: &Tx, judgement: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let counts: Vec<Count> = tx.find_beyond(self.keys(), false).await?;
        open(&counts, tx.now())?;
        let output = judgement.await?;
        if self.forgets && !counts.is_empty() {
            let here = self.counts.iter().filter(|(rule, _)| rule.name == HERE.name);
            let keys = here.map(|(_, key)| key.as_str());
            let delete = Query::delete().from_table(TABLE).and_where(Expr::col("key").is_in(keys)).take();
            tx.change_beyond(&delete).await?;
        }
        Ok(output)
    }
}

/// Refuses while there is a wait.
fn open(counts: &[Count], now: Instant) -> Result<()> {
    match counts.iter().map(|count| count.blocked_until).max().filter(|until| *until > now) {
        None => Ok(()),
        Some(until) => {
            let micros = u64::try_from(until.micros() - now.micros()).unwrap_or_default();
            Err(Error::wait(Kind::TooManyAttempts, Duration::from_secs(micros.div_ceil(1_000_000))))
        }
    }
}

async fn fail(tx: &Tx, attempt: &Attempt) -> Result<Option<Instant>> {
    // The rows are locked: of many failures at once each finds what the one before it left. A row that another makes at the same time
    // clashes with ours, and the transaction is tried again.
    let counts: Vec<Count> = tx.find_beyond(attempt.keys(), true).await?;
    open(&counts, tx.now())?;
    let mut wait = Duration::ZERO;
    for (rule, key) in &attempt.counts {
        let kept = counts.iter().find(|count| count.key == *key);
        let counted = kept.filter(|count| count.expires_at > tx.now());
        let failures = counted.map_or(0, |count| count.failures).saturating_add(1);
        let blocked_until = tx.now().plus(rule.wait(failures));
        // An hour is counted from its first failure: people who mistype now and then are not added up for ever.
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
            tx.change_beyond(&update).await?;
        } else {
            let [failures, blocked, expires] = values.map(|(_, value): (_, Expr)| value);
            let mut insert = Query::insert();
            insert.into_table(TABLE).columns(COLUMNS);
            insert.values_panic([key.as_str().into(), failures, blocked, expires]);
            tx.change_beyond(&insert).await?;
        }
    }
    Ok((!wait.is_zero()).then(|| tx.now().plus(wait)))
}

impl Store {
    /// Forgets the failures after their hour, a few at a time.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_guesses(&self, system: &System) -> Result<()> {
        let old = Expr::col("expires_at").lt(system.now());
        let expired = Query::select().columns(COLUMNS).from(TABLE).and_where(old.clone()).limit(SWEEP).take();
        loop {
            let counts: Vec<Count> = self.beyond_tenants(system).all(&expired).await?;
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
                Box::pin(async move { tx.change_beyond(delete).await.map(drop) })
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
