//! Times of many runs: the median, and how long the slowest ones took.

use std::time::Duration;

/// Times, in the order in which they were measured.
#[derive(Default)]
pub struct Times(pub Vec<Duration>);

impl Times {
    /// The time that this part of all runs did not exceed, in milliseconds.
    pub fn at(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let index = ((sorted.len() as f64 - 1.0) * part).round() as usize;
        sorted.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }

    pub fn median(&self) -> f64 {
        self.at(0.5)
    }
}
