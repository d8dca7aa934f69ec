//! Percentiles of measured times.

use std::time::Duration;

/// Measured times, in any order.
#[derive(Default)]
pub struct Times(pub Vec<Duration>);

impl Times {
    /// Returns a percentile in milliseconds: `at(0.99)` is the 99th, `at(0.0)` the minimum.
    pub fn at(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let index = ((sorted.len() as f64 - 1.0) * part).round() as usize;
        sorted.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }

    /// Returns the median in milliseconds.
    pub fn median(&self) -> f64 {
        self.at(0.5)
    }
}
