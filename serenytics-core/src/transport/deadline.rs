//! Deadlines: points in time until which something has to be done, with what sets them.

use std::time::{Duration, Instant};

use crate::error::{Error, Kind};

/// A point in time, or none when it lies beyond what a clock can tell. A public call makes one and hands it down to all
/// that it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    end: Option<Instant>,
    time: Duration,
    setting: &'static str,
}

impl Deadline {
    /// As much later than now; `setting` names for messages what sets the time.
    pub(crate) fn after(time: Duration, setting: &'static str) -> Deadline {
        Deadline { end: Instant::now().checked_add(time), time, setting }
    }

    /// The time that is left.
    pub(crate) fn remaining(self) -> Duration {
        self.end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }

    /// Waits for something, and no longer than until the deadline.
    pub(crate) async fn hold<T>(self, doing: &str, work: impl Future<Output = T>) -> Result<T, Error> {
        let remaining = self.remaining();
        // What is ready at once is never too late for `timeout`.
        if remaining.is_zero() {
            return Err(self.passed(doing));
        }
        tokio::time::timeout(remaining, work).await.map_err(|_| self.passed(doing))
    }

    /// The error of the deadline; `doing` says what was not done.
    pub(crate) fn passed(self, doing: &str) -> Error {
        let time = spoken(self.time);
        Error::new(Kind::Timeout, format!("{doing} within {time}; {} sets this deadline", self.setting))
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
        assert_eq!(Deadline::after(Duration::MAX, "nothing").remaining(), Duration::MAX);
        assert!(Deadline::after(Duration::ZERO, "nothing").remaining().is_zero());
    }

    #[tokio::test]
    async fn a_deadline_that_passes_says_its_time_and_what_sets_it() {
        let deadline = Deadline::after(Duration::from_millis(20), "`timeout` of the test");
        let error = deadline.hold("nothing was done", std::future::pending::<()>()).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(error.to_string(), "nothing was done within 20ms; `timeout` of the test sets this deadline");
        assert_eq!(Deadline::after(Duration::MAX, "").hold("", async { 1 }).await.unwrap(), 1);
    }

    #[test]
    fn times_are_spoken() {
        assert_eq!(spoken(Duration::from_secs(600)), "10m");
        assert_eq!(spoken(Duration::from_millis(2500)), "2s 500ms");
        assert!(!spoken(Duration::MAX).is_empty());
    }
}
