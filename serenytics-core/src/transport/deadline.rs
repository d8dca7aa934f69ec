//! Deadlines, which remember the setting that they come from.

use std::time::{Duration, Instant};

use crate::error::{Error, Kind};

/// A point in time, or none if it is too far in the future for a clock. A public call creates one
/// and passes it to everything that it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    end: Option<Instant>,
    time: Duration,
    setting: &'static str,
}

impl Deadline {
    /// Creates a deadline after this duration. `setting` names its setting in messages.
    pub(crate) fn after(time: Duration, setting: &'static str) -> Deadline {
        Deadline { end: Instant::now().checked_add(time), time, setting }
    }

    /// Returns the time that is left.
    pub(crate) fn remaining(self) -> Duration {
        self.end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }

    /// Waits for a future until the deadline.
    pub(crate) async fn timeout<T>(self, doing: &str, work: impl Future<Output = T>) -> Result<T, Error> {
        if tokio::runtime::Handle::try_current().is_err() {
            let message = "the async client needs a tokio runtime: call it inside one, for example in `#[tokio::main]`, \
                           or use the blocking client";
            return Err(Error::new(Kind::Usage, message));
        }
        let remaining = self.remaining();
        // `timeout` would let a future pass that is ready at once.
        if remaining.is_zero() {
            return Err(self.passed(doing));
        }
        tokio::time::timeout(remaining, work).await.map_err(|_| self.passed(doing))
    }

    /// Creates the error of a passed deadline; `doing` says what was not done.
    pub(crate) fn passed(self, doing: &str) -> Error {
        let time = humanize(self.time);
        Error::new(Kind::Timeout, format!("{doing} within {time}; {} sets this timeout", self.setting))
    }
}

/// Formats a duration for a message: `10m`, `2s 500ms`.
pub(crate) fn humanize(time: Duration) -> String {
    match jiff::SignedDuration::try_from(time) {
        Ok(time) => format!("{time:#}"),
        Err(_) => format!("{}s", time.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_may_be_infinite() {
        assert_eq!(Deadline::after(Duration::MAX, "nothing").remaining(), Duration::MAX);
        assert!(Deadline::after(Duration::ZERO, "nothing").remaining().is_zero());
    }

    #[tokio::test]
    async fn passed_deadline_error_names_the_time_and_the_setting() {
        let deadline = Deadline::after(Duration::from_millis(20), "`timeout` of the test");
        let error = deadline.timeout("nothing was done", std::future::pending::<()>()).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(error.to_string(), "nothing was done within 20ms; `timeout` of the test sets this timeout");
        assert_eq!(Deadline::after(Duration::MAX, "").timeout("", async { 1 }).await.unwrap(), 1);
    }

    #[test]
    fn duration_is_humanized() {
        assert_eq!(humanize(Duration::from_secs(600)), "10m");
        assert_eq!(humanize(Duration::from_millis(2500)), "2s 500ms");
        assert!(!humanize(Duration::MAX).is_empty());
    }
}
