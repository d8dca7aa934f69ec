//! The clock: the processor time of a command and its children where the system tells it, which other programs distort less.

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What [`time`] gives.
pub(crate) const DESCRIPTION: &str =
    if cfg!(target_os = "linux") { "times are processor time in ms" } else { "times are wall time in ms" };

/// Runs a command that has to succeed, and gives the time it took.
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

/// The processor time of all children that have ended, and of theirs; `None` where `/proc` does not tell.
fn children() -> Result<Option<Duration>, Box<dyn Error>> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // The fields behind the command's name, which is in parentheses and may hold anything: `cutime` and `cstime` are the 14th and 15th.
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks = fields.skip(13).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    // A tick is 10 ms, whatever the kernel's own clock.
    Ok(Some(Duration::from_millis(ticks * 10)))
}
