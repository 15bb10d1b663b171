//! The latency of a caller's requests while others send many: a storm of sign-ins, or of another
//! tenant's bulk requests.
//!
//! Invariant: the same requests over the same few connections, alternating with and without the
//! storm. There are few, so that they measure the effect of the storm and not of each other.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    Options, Result,
    child::Server,
    load::{Plan, Pressure, Sample, measure},
    table::{median, milliseconds},
};

/// The connections of a storm, each with a new request as soon as the previous one is answered.
const STORM: usize = 64;
/// The connections of the measured caller.
const CALLERS: usize = 2;

/// A storm and the caller that is measured during it.
pub(crate) struct Scene {
    /// The requests of the caller, in words.
    pub(crate) measured: &'static str,
    pub(crate) calls: Plan,
    /// The requests of the others, in words.
    pub(crate) disturbance: &'static str,
    pub(crate) storm: Plan,
}

/// The results.
pub(crate) struct Storm {
    measured: &'static str,
    disturbance: &'static str,
    quiet: Vec<Sample>,
    stormy: Vec<Sample>,
    others: Vec<Sample>,
}

/// Measures the calls with and without the storm, round by round.
pub(crate) async fn measure_storm(server: &Server, scene: Scene, options: &Options) -> Result<Storm> {
    let pressure = |connections| Pressure {
        connections,
        warm_up: Duration::from_millis(500),
        window: Duration::from_secs(options.seconds),
    };
    let Scene { measured, calls, disturbance, storm } = scene;
    let (calls, storm) = (Arc::new(calls), Arc::new(storm));
    let (mut quiet, mut stormy, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        quiet.push(measure(server.address, &calls, pressure(CALLERS), || server.cpu()).await?);
        let (of_calls, of_others) = tokio::join!(
            measure(server.address, &calls, pressure(CALLERS), || server.cpu()),
            measure(server.address, &storm, pressure(STORM), || server.cpu()),
        );
        stormy.push(of_calls?);
        others.push(of_others?);
    }
    Ok(Storm { measured, disturbance, quiet, stormy, others })
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |samples: &[Sample], what: fn(&Sample) -> Duration| median(samples.iter().map(what));
        let p50: fn(&Sample) -> Duration = |it| it.p50;
        let p99: fn(&Sample) -> Duration = |it| it.p99;
        writeln!(f, "| {}, {CALLERS} connections | p50, ms | p99, ms |\n| --- | --: | --: |", self.measured)?;
        let stormy = format!("while {STORM} {}", self.disturbance);
        for (name, samples) in [("quiet", &self.quiet), (stormy.as_str(), &self.stormy)] {
            let (p50, p99) = (of(samples, p50), of(samples, p99));
            writeln!(f, "| {name} | {} | {} |", milliseconds(p50), milliseconds(p99))?;
        }
        let ratio = |what| {
            let ends = of(&self.quiet, what).zip(of(&self.stormy, what));
            ends.map(|(quiet, stormy)| stormy.as_secs_f64() / quiet.as_secs_f64()).unwrap_or_default()
        };
        writeln!(f, "| **ratio** | {:.1} | {:.1} |", ratio(p50), ratio(p99))?;
        let rate = median(self.others.iter().map(|sample| sample.requests_per_second)).unwrap_or_default();
        let wait = milliseconds(of(&self.others, p99));
        writeln!(f, "\nThe {STORM}: {rate:.0} requests a second, p99 {wait} ms.")
    }
}
