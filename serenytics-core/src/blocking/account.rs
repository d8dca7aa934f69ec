//! Blocking logins.

use crate::blocking::runtime::Runtime;
use crate::{ApiKey, ClientBuilder, Error};

impl ClientBuilder {
    /// Waits for [`log_in`](Self::log_in).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn log_in_blocking(self, login: &str, password: &str) -> Result<ApiKey, Error> {
        Runtime::new()?.wait(self.log_in(login, password))
    }
}
