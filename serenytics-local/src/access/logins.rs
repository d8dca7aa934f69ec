//! Logins: they check one password at a time, because hashing one is slow and needs much memory.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Access;
use crate::base::{Context, Error};

/// Logs users in.
pub(crate) struct Logins {
    access: Arc<Access>,
    permits: Arc<Semaphore>,
}

impl Logins {
    /// Creates the service.
    pub(crate) fn new(access: Arc<Access>) -> Logins {
        Logins { access, permits: Arc::new(Semaphore::new(1)) }
    }

    /// Creates a token for a user; `None` if the login or the password is wrong.
    pub(crate) async fn log_in(&self, login: String, password: String) -> Result<Option<String>, Error> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::shutting_down())?;
        let access = Arc::clone(&self.access);
        let token = tokio::task::spawn_blocking(move || {
            // The permit lasts until the hash is computed, even if the client disconnects.
            let _permit = permit;
            access.log_in(&login, &password)
        });
        token.await.context("the login failed")?
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::access::Credentials;
    use crate::platform::test::platform_for;

    #[tokio::test]
    async fn login_keeps_its_permit_if_the_client_disconnects() {
        let users = vec![("ada".to_owned(), "engine".to_owned())];
        let (platform, _folder) = platform_for(Credentials { keys: Vec::new(), users }).await;
        let logins: Arc<Logins> = platform.get();
        let log_in = logins.log_in("ada".to_owned(), "motor".to_owned());
        assert!(tokio::time::timeout(Duration::ZERO, log_in).await.is_err(), "the password was hashed without waiting");
        assert_eq!(logins.permits.available_permits(), 0, "a second hash could run at the same time");
        drop(logins.permits.acquire().await.unwrap());
    }
}
