//! Password hashing on a bounded number of threads.
//!
//! Invariant: at most `concurrency` computations run and at most `waiting` more are queued. Further
//! calls fail at once.

use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use thread_priority::{ThreadPriority, set_current_thread_priority};
use tokio::{
    runtime::{self, Runtime},
    sync::Semaphore,
};

use super::{
    Match, PasswordError, Weakness,
    argon::{self, Cost, Memory},
    weakness,
};

/// Hashes, compares and assesses passwords on its own threads, which have the lowest priority.
///
/// Create one and share it. Every method fails with [`PasswordError::Busy`] at once when the queue
/// is full. Work that has begun is finished, and counts towards the bound, even if the caller is
/// dropped.
pub struct Hasher {
    /// Permits to run or to wait.
    admitted: Arc<Semaphore>,
    /// Permits to run.
    working: Arc<Semaphore>,
    /// The cost of each hash.
    cost: Cost,
    /// The memory of finished computations, for reuse: at most one per permit to run, by default 19
    /// MiB each.
    spare: Arc<Mutex<Vec<Memory>>>,
    /// The threads; `None` if they could not be started.
    threads: Option<Runtime>,
}

impl Hasher {
    /// Creates a hasher with the default cost, for `concurrency` passwords at a time (at least 1)
    /// and `waiting` more in the queue.
    pub fn new(concurrency: usize, waiting: usize) -> Self {
        Self::with_cost(concurrency, waiting, Cost::default())
    }

    /// As [`Hasher::new`], with another cost. Hashes with a lower cost are outdated
    /// ([`Match::YesOutdated`]).
    pub fn with_cost(concurrency: usize, waiting: usize, cost: Cost) -> Self {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            admitted: Arc::new(Semaphore::new(
                concurrency.saturating_add(waiting).min(Semaphore::MAX_PERMITS),
            )),
            working: Arc::new(Semaphore::new(concurrency)),
            cost,
            spare: Arc::default(),
            threads: threads(concurrency),
        }
    }

    /// Hashes `password` for storage: a PHC string `$argon2id$v=19$m=19456,t=2,p=1$…`, 97
    /// characters at the default cost.
    ///
    /// It does not assess the password; [`Hasher::check`] does.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Busy`] if the queue is full; [`PasswordError::Internal`] if the work was
    /// aborted.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        let cost = self.cost;
        self.work(move |memory| argon::hash(password.expose_secret().as_bytes(), cost, memory)).await
    }

    /// Compares `password` with the hash `stored`.
    ///
    /// `None` is for a user who does not exist or has no password. The same work is done and the
    /// result is [`Match::No`], so that the time taken does not reveal which users exist.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Busy`] if the queue is full; [`PasswordError::Internal`] if `stored` is not
    /// an Argon2 hash or costs more than 256 MiB, 16 passes or 16 lanes.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Match, PasswordError> {
        let cost = self.cost;
        self.work(move |memory| {
            argon::verify(password.expose_secret().as_bytes(), stored.as_deref(), cost, memory)
        })
        .await
    }

    /// Assesses a password as [`weakness()`] does, outside the async threads and within the same
    /// bounds.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Busy`] if the queue is full; [`PasswordError::Internal`] if the work was
    /// aborted.
    pub async fn check(
        &self,
        password: SecretString,
        personal: Vec<String>,
    ) -> Result<Option<Weakness>, PasswordError> {
        self.work(move |_| {
            let personal: Vec<&str> = personal.iter().map(String::as_str).collect();
            Some(weakness(password.expose_secret(), &personal))
        })
        .await
    }

    /// Waits for a permit and runs `job`. The permits move into the job, so that they are released
    /// when the job ends and not when its caller is dropped.
    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Memory) -> Option<T> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let working = Arc::clone(&self.working).acquire_owned().await.map_err(|_| PasswordError::Internal)?;
        let spare = Arc::clone(&self.spare);
        let threads = self.threads.as_ref().ok_or(PasswordError::Internal)?;
        let done = threads.spawn_blocking(move || {
            let _places = (admitted, working);
            let mut memory = spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            let answer = job(&mut memory);
            spare.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            answer
        });
        done.await.ok().flatten().ok_or(PasswordError::Internal)
    }
}

/// Starts threads of the lowest priority. Many simultaneous logins then use only the idle time of
/// the processors and hardly delay other requests. Where the operating system does not allow it,
/// the threads keep the normal priority.
fn threads(number: usize) -> Option<Runtime> {
    // An unoptimised server keeps the processors so busy that threads of low priority would starve.
    let lower = || {
        if cfg!(not(debug_assertions)) {
            drop(set_current_thread_priority(ThreadPriority::Min));
        }
    };
    runtime::Builder::new_current_thread()
        .thread_name("passwords")
        .on_thread_start(lower)
        .max_blocking_threads(number)
        .build()
        .ok()
}

impl Drop for Hasher {
    fn drop(&mut self) {
        // The hasher may be dropped in async code, which must not block until the work ends.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> SecretString {
        SecretString::from("correct horse battery staple")
    }

    /// Polls once, and returns the output if the future is ready.
    async fn now<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        tokio::select! {
            biased;
            answer = future => Some(answer),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn one_works_one_waits_and_the_third_is_told_to_come_back() {
        let hasher = Hasher::new(1, 1);
        let place = Arc::clone(&hasher.working).acquire_owned().await.unwrap();
        let admitted = Arc::clone(&hasher.admitted).acquire_owned().await.unwrap();
        let mut waiting = Box::pin(hasher.hash(secret()));
        assert_eq!(now(&mut waiting).await, None);
        assert_eq!(now(&mut Box::pin(hasher.hash(secret()))).await, Some(Err(PasswordError::Busy)));
        assert_eq!(now(&mut Box::pin(hasher.verify(secret(), None))).await, Some(Err(PasswordError::Busy)));
        assert_eq!(now(&mut Box::pin(hasher.check(secret(), vec![]))).await, Some(Err(PasswordError::Busy)));
        drop((place, admitted));
        assert!(waiting.await.is_ok());
        assert!(hasher.hash(secret()).await.is_ok());
    }

    #[tokio::test]
    async fn who_gives_up_waiting_frees_the_place_in_the_queue() {
        let hasher = Hasher::new(1, 0);
        let place = Arc::clone(&hasher.working).acquire_owned().await.unwrap();
        let mut waiting = Box::pin(hasher.hash(secret()));
        assert_eq!(now(&mut waiting).await, None);
        drop(waiting);
        drop(place);
        assert!(hasher.hash(secret()).await.is_ok());
    }

    #[tokio::test]
    async fn work_that_has_begun_keeps_its_place_when_its_caller_goes_away() {
        let hasher = Hasher::new(1, 0);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let mut begun = Box::pin(hasher.work(move |_| wait.recv().ok()));
        assert_eq!(now(&mut begun).await, None);
        drop(begun);
        assert_eq!(now(&mut Box::pin(hasher.hash(secret()))).await, Some(Err(PasswordError::Busy)));
        go.send(()).unwrap();
        drop(Arc::clone(&hasher.working).acquire_owned().await.unwrap());
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_its_place() {
        let hasher = Hasher::new(1, 0);
        let broken = hasher.work::<()>(|_| panic!("as told")).await;
        assert_eq!(broken, Err(PasswordError::Internal));
        assert!(hasher.hash(secret()).await.is_ok());
    }

    #[tokio::test]
    async fn memory_is_kept_and_no_more_of_it_than_may_be_at_work() {
        let hasher = Hasher::new(2, 10);
        let kept = |hasher: &Hasher| hasher.spare.lock().unwrap().iter().map(Vec::len).collect::<Vec<_>>();
        hasher.hash(secret()).await.unwrap();
        hasher.hash(secret()).await.unwrap();
        assert_eq!(kept(&hasher), [19 * 1024]);
        let costly = "$argon2id$v=19$m=65536,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(hasher.verify(secret(), Some(costly.to_owned())).await, Ok(Match::No));
        assert_eq!(kept(&hasher), [19 * 1024]);
        let (a, b, c) = tokio::join!(hasher.hash(secret()), hasher.hash(secret()), hasher.hash(secret()));
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert!(kept(&hasher).len() <= 2);
    }
}
