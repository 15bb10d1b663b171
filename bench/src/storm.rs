//! A storm of sign-ins: what reading costs while 64 users sign in at once, beside what it costs when it is quiet.
//!
//! Invariant: the same requests over the same few connections, by turns with and without the storm. They are few, so that what is seen is
//! their waiting and not their own crowd.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    Options, Result,
    child::Server,
    load::{Plan, Pressure, Sample, measure},
    table::{median, milliseconds},
};

/// How many sign in at once, each again as soon as it is answered.
const STORM: usize = 64;
/// The connections that read.
const READERS: usize = 2;

/// What was measured.
pub(crate) struct Storm {
    quiet: Vec<Sample>,
    stormy: Vec<Sample>,
    sign_ins: Vec<Sample>,
}

/// Reads with and without the storm, round by round.
pub(crate) async fn measure_storm(
    server: &Server,
    read: &Arc<Plan>,
    sign_in: &Arc<Plan>,
    options: &Options,
) -> Result<Storm> {
    let pressure = |connections| Pressure {
        connections,
        warm_up: Duration::from_millis(500),
        window: Duration::from_secs(options.seconds),
    };
    let (mut quiet, mut stormy, mut sign_ins) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        quiet.push(measure(server.address, read, pressure(READERS), || server.cpu()).await?);
        let (of_reads, of_sign_ins) = tokio::join!(
            measure(server.address, read, pressure(READERS), || server.cpu()),
            measure(server.address, sign_in, pressure(STORM), || server.cpu()),
        );
        stormy.push(of_reads?);
        sign_ins.push(of_sign_ins?);
    }
    Ok(Storm { quiet, stormy, sign_ins })
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |samples: &[Sample], what: fn(&Sample) -> Duration| median(samples.iter().map(what));
        writeln!(f, "| get one, {READERS} connections | p50, ms | p99, ms |\n| --- | --: | --: |")?;
        for (name, samples) in [("quiet", &self.quiet), ("while 64 sign in", &self.stormy)] {
            let (p50, p99) = (of(samples, |sample| sample.p50), of(samples, |sample| sample.p99));
            writeln!(f, "| {name} | {} | {} |", milliseconds(p50), milliseconds(p99))?;
        }
        let (quiet, stormy) = (of(&self.quiet, |it| it.p99), of(&self.stormy, |it| it.p99));
        let ratio = quiet.zip(stormy).map(|(quiet, stormy)| stormy.as_secs_f64() / quiet.as_secs_f64());
        let rate = median(self.sign_ins.iter().map(|sample| sample.requests_per_second));
        writeln!(
            f,
            "\np99 in the storm: {:.1} times that of the quiet; {:.0} sign-ins a second, p99 {} ms.",
            ratio.unwrap_or_default(),
            rate.unwrap_or_default(),
            milliseconds(of(&self.sign_ins, |sample| sample.p99)),
        )
    }
}
