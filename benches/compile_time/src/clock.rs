//! Measures a command: its processor time on Linux, which other programs affect less, and its wall time otherwise.

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Describes what [`time`] returns.
pub(crate) const DESCRIPTION: &str =
    if cfg!(target_os = "linux") { "times are processor time in ms" } else { "times are wall time in ms" };

/// Runs a command and returns its time. A command that fails is an error.
pub(crate) fn time(command: &mut Command) -> Result<Duration, Box<dyn Error>> {
    let (before, start) = (children()?, Instant::now());
    let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let wall = start.elapsed();
    if !output.status.success() {
        return Err(format!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(match (before, children()?) {
        (Some(before), Some(after)) => after - before,
        _ => wall,
    })
}

/// Returns the processor time of all finished child processes and their children, or `None` without `/proc`.
fn children() -> Result<Option<Duration>, Box<dyn Error>> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // The command's name is in parentheses and may contain anything, so fields are counted after it. `cutime` and
    // `cstime` come 14th and 15th.
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks = fields.skip(13).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    // A tick in `/proc` is always 10 ms.
    Ok(Some(Duration::from_millis(ticks * 10)))
}
