//! A fair queue: a bounded number of jobs is in progress, and waiting keys take turns.
//!
//! Invariant: the jobs of one key take at most the places and permits of a key. So no key delays
//! the others for long or fills the queue. The queue does not know what a job does.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// The bounds of a queue: places for accepted jobs, and permits for jobs in progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The most places.
    pub(crate) places: usize,
    /// The most places of one key.
    pub(crate) places_each: usize,
    /// The most permits.
    pub(crate) permits: usize,
    /// The most permits of one key.
    pub(crate) permits_each: usize,
}

/// Why there is no place in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// All places of the key are taken.
    Key,
    /// All places are taken.
    Queue,
}

/// A fair queue. Cheap to clone.
#[derive(Debug)]
pub(crate) struct FairQueue<K: Key>(Arc<Shared<K>>);

/// The owner of a job: a client address or a tenant.
pub(crate) trait Key: Copy + Eq + Hash {}

impl<K: Copy + Eq + Hash> Key for K {}

#[derive(Debug)]
struct Shared<K: Key> {
    bounds: Bounds,
    line: Mutex<Line<K>>,
}

#[derive(Debug)]
struct Line<K: Key> {
    places: usize,
    permits: usize,
    keys: HashMap<K, OfKey<K>>,
    /// The waiting keys that can get another permit, in the order of their turns.
    turns: VecDeque<K>,
}

#[derive(Debug)]
struct OfKey<K: Key> {
    places: usize,
    permits: usize,
    waiting: VecDeque<oneshot::Sender<Permit<K>>>,
    has_turn: bool,
}

/// A place in the queue, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place<K: Key> {
    queue: FairQueue<K>,
    key: K,
}

/// A permit to run a job, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit<K: Key> {
    queue: FairQueue<K>,
    key: K,
}

impl<K: Key> Clone for FairQueue<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Key> FairQueue<K> {
    /// An empty queue.
    pub(crate) fn new(bounds: Bounds) -> Self {
        let line = Line { places: 0, permits: 0, keys: HashMap::new(), turns: VecDeque::new() };
        Self(Arc::new(Shared { bounds, line: Mutex::new(line) }))
    }

    /// Takes a place, without waiting for one.
    ///
    /// # Errors
    /// When the key or the queue has no more places.
    pub(crate) fn place(&self, key: K) -> Result<Place<K>, Full> {
        let bounds = self.0.bounds;
        let mut line = self.line();
        if line.keys.get(&key).is_some_and(|of_key| of_key.places >= bounds.places_each) {
            return Err(Full::Key);
        }
        if line.places >= bounds.places {
            return Err(Full::Queue);
        }
        line.places += 1;
        line.keys.entry(key).or_default().places += 1;
        Ok(Place { queue: self.clone(), key })
    }

    /// Whether no place is taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.line().places == 0
    }

    fn line(&self) -> MutexGuard<'_, Line<K>> {
        self.0.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grants the free permits, in the order of the turns.
    fn grant(&self) {
        while let Some((key, waiter)) = self.next() {
            // If the waiter was dropped, so is the permit, and the next waiter gets it.
            waiter.send(Permit { queue: self.clone(), key }).ok();
        }
    }

    fn next(&self) -> Option<(K, oneshot::Sender<Permit<K>>)> {
        self.line().next(self.0.bounds)
    }
}

impl<K: Key> Default for OfKey<K> {
    fn default() -> Self {
        Self { places: 0, permits: 0, waiting: VecDeque::new(), has_turn: false }
    }
}

impl<K: Key> Line<K> {
    /// Takes a permit for the waiter whose turn it is.
    fn next(&mut self, bounds: Bounds) -> Option<(K, oneshot::Sender<Permit<K>>)> {
        if self.permits >= bounds.permits {
            return None;
        }
        let key = self.turns.pop_front()?;
        let of_key = self.keys.get_mut(&key)?;
        of_key.has_turn = false;
        let waiter = of_key.waiting.pop_front()?;
        of_key.permits += 1;
        self.permits += 1;
        self.take_turn(key, bounds);
        Some((key, waiter))
    }

    /// Gives a key the last turn, if it waits for a permit and can get another one.
    fn take_turn(&mut self, key: K, bounds: Bounds) {
        let Some(of_key) = self.keys.get_mut(&key) else { return };
        if !of_key.waiting.is_empty() && !of_key.has_turn && of_key.permits < bounds.permits_each {
            of_key.has_turn = true;
            self.turns.push_back(key);
        }
    }

    /// Removes a key without places, permits and waiters.
    fn forget(&mut self, key: K) {
        let is_idle = |of_key: &OfKey<K>| of_key.places + of_key.permits + of_key.waiting.len() == 0;
        if self.keys.get(&key).is_some_and(is_idle) {
            self.keys.remove(&key);
        }
    }
}

impl<K: Key> Place<K> {
    /// Waits for a permit. `None` means that the queue was dropped, which the place prevents.
    pub(crate) async fn permit(&self) -> Option<Permit<K>> {
        let (waiter, granted) = oneshot::channel();
        {
            let mut line = self.queue.line();
            line.keys.entry(self.key).or_default().waiting.push_back(waiter);
            line.take_turn(self.key, self.queue.0.bounds);
        }
        self.queue.grant();
        granted.await.ok()
    }
}

impl<K: Key> Drop for Place<K> {
    fn drop(&mut self) {
        let mut line = self.queue.line();
        line.places -= 1;
        if let Some(of_key) = line.keys.get_mut(&self.key) {
            of_key.places -= 1;
        }
        line.forget(self.key);
    }
}

impl<K: Key> Drop for Permit<K> {
    fn drop(&mut self) {
        {
            let mut line = self.queue.line();
            line.permits -= 1;
            if let Some(of_key) = line.keys.get_mut(&self.key) {
                of_key.permits -= 1;
            }
            line.take_turn(self.key, self.queue.0.bounds);
            line.forget(self.key);
        }
        self.queue.grant();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const BOUNDS: Bounds = Bounds { places: 6, places_each: 4, permits: 2, permits_each: 1 };

    #[test]
    fn places_are_bounded_per_key_and_in_total() {
        let queue = FairQueue::new(BOUNDS);
        let held: Vec<_> = (0..4).map(|_| queue.place('a').unwrap()).collect();
        assert_eq!(queue.place('a').unwrap_err(), Full::Key);
        let _others = ['b', 'c'].map(|key| queue.place(key).unwrap());
        assert_eq!(queue.place('d').unwrap_err(), Full::Queue);
        drop(held);
        assert!(queue.place('d').is_ok());
    }

    #[test]
    fn waiting_keys_take_turns() {
        let queue = FairQueue::new(Bounds { permits: 1, ..BOUNDS });
        let places = ['x', 'a', 'a', 'a', 'b'].map(|key| queue.place(key).unwrap());
        let mut permits = places.each_ref().map(|place| Box::pin(place.permit()));
        let mut order = Vec::new();
        let mut held = None;
        // They wait while the first one has the only permit.
        for permit in &mut permits {
            held = held.or(permit.now_or_never());
        }
        for _ in 0..4 {
            drop(held.take());
            held = permits.iter_mut().enumerate().skip(1).find_map(|(at, permit)| {
                if order.contains(&at) {
                    return None;
                }
                let granted = permit.now_or_never()?;
                order.push(at);
                Some(granted)
            });
        }
        assert_eq!(order, [1, 4, 2, 3], "`b` does not wait for all of `a`");
    }

    #[test]
    fn permits_are_bounded_per_key_and_idle_keys_are_removed() {
        let queue = FairQueue::new(BOUNDS);
        let places = ['a', 'a', 'b'].map(|key| queue.place(key).unwrap());
        let first = places[0].permit().now_or_never().unwrap();
        let mut second = Box::pin(places[1].permit());
        assert!((&mut second).now_or_never().is_none(), "one permit is free, but not for this key");
        let other = places[2].permit().now_or_never().unwrap();
        drop(first);
        let second = second.now_or_never().unwrap();
        drop((second, other, places));
        let line = queue.line();
        assert_eq!((line.places, line.permits, line.keys.len(), line.turns.len()), (0, 0, 0, 0));
    }

    #[test]
    fn a_dropped_waiter_passes_its_permit_on() {
        let queue = FairQueue::new(Bounds { permits: 1, ..BOUNDS });
        let places = ['a', 'b', 'c'].map(|key| queue.place(key).unwrap());
        let first = places[0].permit().now_or_never().unwrap();
        let mut gone = Box::pin(places[1].permit());
        assert!((&mut gone).now_or_never().is_none());
        let mut last = Box::pin(places[2].permit());
        assert!((&mut last).now_or_never().is_none());
        drop(gone);
        drop(first);
        assert!(last.now_or_never().is_some());
    }
}
