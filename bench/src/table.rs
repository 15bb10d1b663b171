//! The report: the results of one database as Markdown.

use std::{fmt, time::Duration};

use crate::{load::Sample, storm::Storm};

/// All results of one database.
pub(crate) struct Report {
    pub(crate) title: String,
    pub(crate) operations: Vec<Operation>,
    pub(crate) storms: Vec<Storm>,
    pub(crate) bare: Resources,
    pub(crate) taskhub: Resources,
}

/// One operation; `bare` is missing if the bare server does not have it.
pub(crate) struct Operation {
    name: &'static str,
    bare: Option<Sample>,
    taskhub: Option<Sample>,
}

/// Start-up time and memory.
pub(crate) struct Resources {
    /// Start-up on an empty database.
    pub(crate) fresh: Option<Duration>,
    /// Start-up on the filled database.
    pub(crate) existing: Option<Duration>,
    /// Resident memory before the load, in MiB.
    pub(crate) idle: f64,
    /// Resident memory after it, in MiB.
    pub(crate) loaded: f64,
}

impl Operation {
    /// The medians of the rounds, independently for each number.
    pub(crate) fn new(name: &'static str, bare: &[Sample], taskhub: &[Sample]) -> Self {
        Self { name, bare: medians(bare), taskhub: medians(taskhub) }
    }
}

fn medians(samples: &[Sample]) -> Option<Sample> {
    Some(Sample {
        requests_per_second: median(samples.iter().map(|sample| sample.requests_per_second))?,
        p50: median(samples.iter().map(|sample| sample.p50))?,
        p99: median(samples.iter().map(|sample| sample.p99))?,
        cpu: median(samples.iter().map(|sample| sample.cpu))?,
    })
}

/// The middle value; the lower of the two for an even number.
pub(crate) fn median<T: Copy + PartialOrd>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len().saturating_sub(1) / 2).copied()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.title)?;
        writeln!(f, "| | requests/s | | | p50, ms | | p99, ms | | server CPU, µs/request | | |")?;
        writeln!(f, "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |")?;
        writeln!(
            f,
            "| **operation** | bare | TaskHub | **ratio** | bare | TaskHub | bare | TaskHub | bare | TaskHub | **ratio** |"
        )?;
        for operation in &self.operations {
            writeln!(f, "{operation}")?;
        }
        writeln!(f, "\n| | bare | TaskHub |\n| --- | --: | --: |")?;
        let (bare, taskhub) = (&self.bare, &self.taskhub);
        let mut line = |name, bare: String, taskhub: String| writeln!(f, "| {name} | {bare} | {taskhub} |");
        line("start-up, empty database, ms", milliseconds(bare.fresh), milliseconds(taskhub.fresh))?;
        line("start-up, filled database, ms", milliseconds(bare.existing), milliseconds(taskhub.existing))?;
        line("resident memory, idle, MiB", format!("{:.1}", bare.idle), format!("{:.1}", taskhub.idle))?;
        line(
            "resident memory, after the load, MiB",
            format!("{:.1}", bare.loaded),
            format!("{:.1}", taskhub.loaded),
        )?;
        self.storms.iter().try_for_each(|storm| write!(f, "\n{storm}"))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bare, taskhub) = (self.bare.as_ref(), self.taskhub.as_ref());
        let rate = |sample: &Sample| sample.requests_per_second;
        let cpu = |sample: &Sample| sample.cpu.as_secs_f64() * 1e6;
        let ratio = |of: &dyn Fn(&Sample) -> f64| Some(of(taskhub?) / of(bare?));
        let cells = [
            decimal(bare.map(rate), 0),
            decimal(taskhub.map(rate), 0),
            decimal(ratio(&rate), 2),
            milliseconds(bare.map(|sample| sample.p50)),
            milliseconds(taskhub.map(|sample| sample.p50)),
            milliseconds(bare.map(|sample| sample.p99)),
            milliseconds(taskhub.map(|sample| sample.p99)),
            decimal(bare.map(cpu), 1),
            decimal(taskhub.map(cpu), 1),
            decimal(ratio(&cpu), 2),
        ];
        write!(f, "| {} | {} |", self.name, cells.join(" | "))
    }
}

pub(crate) fn milliseconds(duration: Option<Duration>) -> String {
    decimal(duration.map(|duration| duration.as_secs_f64() * 1e3), 2)
}

fn decimal(number: Option<f64>, places: usize) -> String {
    number.map_or_else(|| "–".to_owned(), |number| format!("{number:.places$}"))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn median_is_the_middle_value() {
        assert_eq!(median([3, 1, 2]), Some(2));
        assert_eq!(median([4, 1, 3, 2]), Some(2));
        assert_eq!(median::<u8>([]), None);
    }
}
