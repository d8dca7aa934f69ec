//! Deadlines: points in time until which something has to be done.

use std::time::{Duration, Instant};

/// A point in time, or none when it lies beyond what a clock can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// As much later than now.
    pub(crate) fn after(time: Duration) -> Deadline {
        Deadline(Instant::now().checked_add(time))
    }

    /// The time that is left.
    pub(crate) fn remaining(self) -> Duration {
        self.0.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }

    /// The earlier of the two.
    pub(crate) fn or(self, other: Deadline) -> Deadline {
        match (self.0, other.0) {
            (Some(one), Some(other)) => Deadline(Some(one.min(other))),
            (one, other) => Deadline(one.or(other)),
        }
    }
}

/// A time for a message: `10m`, `2s 500ms`.
pub(crate) fn spoken(time: Duration) -> String {
    match jiff::SignedDuration::try_from(time) {
        Ok(time) => format!("{time:#}"),
        Err(_) => format!("{}s", time.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_end_are_deadlines_too() {
        let never = Deadline::after(Duration::MAX);
        let soon = Deadline::after(Duration::from_secs(60));
        assert_eq!(never.remaining(), Duration::MAX);
        assert_eq!(never.or(soon), soon);
        assert_eq!(soon.or(never), soon);
        assert!(Deadline::after(Duration::ZERO).or(soon).remaining().is_zero());
    }

    #[test]
    fn times_are_spoken() {
        assert_eq!(spoken(Duration::from_secs(600)), "10m");
        assert_eq!(spoken(Duration::from_millis(2500)), "2s 500ms");
        assert!(!spoken(Duration::MAX).is_empty());
    }
}
