//! The time and the memory of a job, and the tables that compare them.

use serde::{Deserialize, Serialize};

use crate::Outcome;

/// The time and the memory of one job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The number of rows loaded or fetched.
    pub(crate) rows: u64,
    /// Wall time in seconds.
    pub(crate) wall: f64,
    /// Processor time of the process in seconds.
    pub(crate) processor: f64,
    /// Peak memory of the process in bytes.
    pub(crate) peak: u64,
    /// Memory before the job in bytes.
    pub(crate) idle: u64,
}

impl Measured {
    /// Describes the measurement in one sentence.
    pub(crate) fn described(&self) -> String {
        let Measured { rows, wall, processor, peak, idle } = self;
        let (peak, idle) = (mebibytes(*peak), mebibytes(*idle));
        format!(
            "{rows} rows in {wall:.1} s, {processor:.1} s of processor, {peak:.0} MiB at most and {idle:.0} MiB before"
        )
    }
}

/// Returns the processor time of this process in seconds and its peak memory in bytes.
pub(crate) fn usage() -> Outcome<(f64, u64)> {
    // User and system time are fields 14 and 15. The second field, the name, may contain spaces. A tick is 10 ms.
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok((ticks as f64 / 100.0, peak.ok_or("/proc/self/status has no `VmHWM`")? * 1024))
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn median(measured: &[Measured], of: impl Fn(&Measured) -> f64) -> f64 {
    let mut values: Vec<f64> = measured.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints a table with the medians of both clients for each job.
pub(crate) fn print_pairs(pairs: &[(&str, Vec<Measured>, Vec<Measured>)]) {
    println!("| job | measure | Rust | Python | Python / Rust |\n| --- | --- | ---: | ---: | ---: |");
    for (job, ours, theirs) in pairs {
        let row = |what: &str, unit: &str, of: fn(&Measured) -> f64| {
            let (our, their) = (median(ours, of), median(theirs, of));
            println!("| {job} | {what} | {our:.2} {unit} | {their:.2} {unit} | {:.1} |", their / our);
        };
        row("wall clock", "s", |measured| measured.wall);
        row("processor", "s", |measured| measured.processor);
        row("peak memory", "MiB", |measured| mebibytes(measured.peak));
    }
}
