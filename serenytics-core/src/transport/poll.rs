//! Polling: repeated requests, less and less often, until a deadline.

use std::time::Duration;

use crate::error::Error;
use crate::transport::Deadline;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The pauses between two polls.
#[derive(Debug)]
pub(crate) struct Poll {
    pause: Duration,
    deadline: Deadline,
}

impl Poll {
    /// Creates pauses that end at a deadline.
    pub(crate) fn until(deadline: Deadline) -> Poll {
        Poll { pause: FIRST_PAUSE, deadline }
    }

    /// Waits before the next poll. Returns an error if there is no time for another one; `undone`
    /// says what was not done.
    pub(crate) async fn pause(&mut self, undone: &str) -> Result<(), Error> {
        if self.pause >= self.deadline.remaining() {
            return Err(self.deadline.passed(undone));
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 3 / 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
