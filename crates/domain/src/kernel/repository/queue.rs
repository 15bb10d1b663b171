//! The queue of SQLite's one writer. Tenants take turns, so that one tenant's writes do not delay
//! another's.
//!
//! It is a deficit round robin (Shreedhar and Varghese, 1995). Each turn adds [`QUANTUM`] to a
//! tenant's credit, and a job is served when the credit covers its cost. The cost is the number of
//! rows that the job is expected to write. Rows beyond that are charged afterwards, so a tenant
//! whose jobs cascade waits longer for its next turn.
//!
//! Invariant: the costs served to two tenants with waiting jobs differ by a constant at most. The
//! jobs of a tenant keep their order. A tenant without waiting jobs takes no memory, and keeps
//! neither credit nor debt.

use std::collections::VecDeque;

use uuid::Uuid;

/// The credit of one turn, in rows. It is small, so that single writes of many tenants alternate.
const QUANTUM: i64 = 16;

/// Waiting jobs, by tenant.
pub(super) struct Queue<J> {
    /// The tenants with waiting jobs, in the order of their turns.
    lanes: VecDeque<Lane<J>>,
    waiting: usize,
    capacity: usize,
}

/// The waiting jobs of one tenant; at least one.
struct Lane<J> {
    tenant: Uuid,
    credit: i64,
    jobs: VecDeque<(u32, J)>,
}

impl<J> Queue<J> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { lanes: VecDeque::new(), waiting: 0, capacity }
    }

    /// Adds a job behind the tenant's others. Returns false, without the job, when the queue is
    /// full.
    pub(super) fn push(&mut self, tenant: Uuid, cost: u32, job: J) -> bool {
        if self.waiting >= self.capacity {
            return false;
        }
        self.waiting += 1;
        if let Some(lane) = self.lane(tenant) {
            lane.jobs.push_back((cost, job));
        } else {
            let jobs = VecDeque::from([(cost, job)]);
            self.lanes.push_back(Lane { tenant, credit: QUANTUM, jobs });
        }
        true
    }

    /// Takes the next job, if it costs no more than `room`.
    pub(super) fn next(&mut self, room: u32) -> Option<J> {
        loop {
            let lane = self.lanes.front_mut()?;
            let cost = lane.jobs.front().map(|(cost, _)| *cost)?;
            if lane.credit < i64::from(cost) {
                lane.credit += QUANTUM;
                self.lanes.rotate_left(1);
                continue;
            }
            if cost > room {
                return None;
            }
            lane.credit -= i64::from(cost);
            let (_, job) = lane.jobs.pop_front()?;
            if lane.jobs.is_empty() {
                self.lanes.pop_front();
            }
            self.waiting -= 1;
            return Some(job);
        }
    }

    /// Charges a tenant for rows that a job has written beyond its expected cost.
    pub(super) fn charge(&mut self, tenant: Uuid, rows: u32) {
        if let Some(lane) = self.lane(tenant) {
            lane.credit -= i64::from(rows);
        }
    }

    fn lane(&mut self, tenant: Uuid) -> Option<&mut Lane<J>> {
        self.lanes.iter_mut().find(|lane| lane.tenant == tenant)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);
    /// Room for any job.
    const ANY: u32 = u32::MAX;

    fn served<J>(queue: &mut Queue<J>, room: u32) -> Vec<J> {
        std::iter::from_fn(|| queue.next(room)).collect()
    }

    #[test]
    fn jobs_of_one_tenant_are_first_in_first_out() {
        let mut queue = Queue::new(10);
        for (job, cost) in [100, 1, 50, 1].into_iter().enumerate() {
            assert!(queue.push(ONE, cost, job));
        }
        assert_eq!(served(&mut queue, ANY), [0, 1, 2, 3]);
    }

    #[test]
    fn single_write_is_served_before_the_waiting_bulk_writes_of_another_tenant() {
        let mut queue = Queue::new(100);
        for _ in 0..64 {
            assert!(queue.push(ONE, 100, "bulk"));
        }
        assert_eq!(queue.next(ANY), Some("bulk"));
        assert!(queue.push(OTHER, 1, "single"));
        assert_eq!(queue.next(ANY), Some("single"));
    }

    #[test]
    fn single_writes_of_two_tenants_alternate() {
        let mut queue = Queue::new(1000);
        for _ in 0..500 {
            assert!(queue.push(ONE, 1, ONE));
        }
        assert!(queue.push(OTHER, 1, OTHER));
        let first: Vec<_> = (0..=QUANTUM).filter_map(|_| queue.next(ANY)).collect();
        assert!(first.contains(&OTHER), "served within the first turn of the other tenant: {first:?}");
    }

    #[test]
    fn job_that_exceeds_the_room_stays_first() {
        let mut queue = Queue::new(10);
        assert!(queue.push(ONE, 1, "single") && queue.push(ONE, 100, "bulk") && queue.push(ONE, 1, "last"));
        assert_eq!(served(&mut queue, 99), ["single"]);
        assert_eq!(served(&mut queue, 100), ["bulk", "last"]);
    }

    #[test]
    fn full_queue_refuses_and_an_emptied_one_accepts_again() {
        let mut queue = Queue::new(2);
        assert!(queue.push(ONE, 1, 1) && queue.push(OTHER, 1, 2));
        assert!(!queue.push(ONE, 1, 3));
        assert_eq!(queue.next(ANY), Some(1));
        assert!(queue.push(ONE, 1, 4));
        assert_eq!(served(&mut queue, ANY), [2, 4]);
    }

    #[test]
    fn tenant_without_waiting_jobs_takes_no_memory() {
        let mut queue = Queue::new(10_000);
        for tenant in 0..10_000 {
            assert!(queue.push(Uuid::from_u128(tenant), 1, tenant));
        }
        assert_eq!(served(&mut queue, ANY).len(), 10_000);
        queue.charge(ONE, 1000);
        assert!(queue.lanes.is_empty());
        assert_eq!(queue.waiting, 0);
    }

    /// The largest cost of a job below.
    const LARGEST: u32 = 200;
    /// The maximum difference between two tenants: each is at most one turn and one credit or debt
    /// away from its share.
    const APART: i64 = 2 * (QUANTUM + LARGEST as i64);

    proptest! {
        #[test]
        fn tenants_with_waiting_jobs_are_served_equally(
            jobs in vec(vec((1..=LARGEST, 0..=LARGEST), 1..60), 2..6),
        ) {
            let mut queue = Queue::new(1000);
            let mut waiting = HashMap::new();
            for (tenant, jobs) in (1..).map(Uuid::from_u128).zip(&jobs) {
                waiting.insert(tenant, jobs.len());
                for (expected, rows) in jobs {
                    prop_assert!(queue.push(tenant, *expected, (tenant, *expected, *rows)));
                }
            }
            let mut costs: HashMap<Uuid, i64> = waiting.keys().map(|tenant| (*tenant, 0)).collect();
            while waiting.values().all(|waiting| *waiting > 0) {
                let (tenant, expected, rows) = queue.next(ANY).unwrap();
                let cost = expected.max(rows);
                queue.charge(tenant, cost - expected);
                *costs.get_mut(&tenant).unwrap() += i64::from(cost);
                *waiting.get_mut(&tenant).unwrap() -= 1;
                let (least, most) = (costs.values().min().unwrap(), costs.values().max().unwrap());
                prop_assert!(most - least <= APART, "{costs:?}");
            }
        }
    }
}
