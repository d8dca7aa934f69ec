//! Logins: they check one password at a time, because hashing one is slow and needs much memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::failures::Failures;
use super::{Access, MAX_SECRET, Peer};
use crate::base::{Context, Error, Kind};

/// The maximum number of attempts that wait for the hash of a password.
const MAX_WAITING: usize = 64;

/// Logs users in.
pub(crate) struct Logins {
    access: Arc<Access>,
    permits: Arc<Semaphore>,
    waiting: Semaphore,
    failures: Mutex<Failures>,
}

impl Logins {
    /// Creates the service.
    pub(crate) fn new(access: Arc<Access>) -> Logins {
        Logins {
            access,
            permits: Arc::new(Semaphore::new(1)),
            waiting: Semaphore::new(MAX_WAITING),
            failures: Mutex::default(),
        }
    }

    /// Creates a token for a user; `None` if the login or the password is wrong.
    pub(crate) async fn log_in(&self, peer: Peer, login: String, password: String) -> Result<Option<String>, Error> {
        if login.len() > MAX_SECRET || password.len() > MAX_SECRET {
            return Ok(None);
        }
        // An attempt that must wait neither occupies a place nor costs a hash.
        self.check_wait(&login, peer)?;
        let busy = |_| Error::new(Kind::Busy, "too many log-ins are waiting: try again later");
        let _waiting = self.waiting.try_acquire().map_err(busy)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::shutting_down())?;
        // Another attempt may have failed in the meantime.
        self.check_wait(&login, peer)?;
        let access = Arc::clone(&self.access);
        let user = login.clone();
        let token = tokio::task::spawn_blocking(move || {
            // The permit lasts until the hash is computed, even if the client disconnects.
            let _permit = permit;
            access.log_in(&user, &password)
        });
        let token = token.await.context("the login failed")??;
        self.lock().record(&login, peer, token.is_some(), Instant::now());
        Ok(token)
    }

    /// Rejects an attempt that comes too soon after wrong passwords.
    fn check_wait(&self, login: &str, peer: Peer) -> Result<(), Error> {
        let wait = self.lock().wait(login, peer, Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let message = format!("too many wrong passwords for this login: try again in {seconds} seconds");
        Err(Error::new(Kind::Wait(Duration::from_secs(seconds)), message))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Credentials;
    use crate::platform::test::platform_for;

    const PEER: Peer = Peer(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    async fn logins() -> (Arc<Logins>, tempfile::TempDir) {
        let users = vec![("ada".to_owned(), "engine".to_owned())];
        let (platform, folder) = platform_for(Credentials { keys: Vec::new(), users }).await;
        (platform.get(), folder)
    }

    #[tokio::test]
    async fn login_keeps_its_permit_if_the_client_disconnects() {
        let (logins, _folder) = logins().await;
        let log_in = logins.log_in(PEER, "ada".to_owned(), "motor".to_owned());
        assert!(tokio::time::timeout(Duration::ZERO, log_in).await.is_err(), "the password was hashed without waiting");
        assert_eq!(logins.permits.available_permits(), 0, "a second hash could run at the same time");
        drop(logins.permits.acquire().await.unwrap());
    }

    #[tokio::test]
    async fn waiting_attempts_are_limited_and_parallel_guesses_wait_too() {
        let (logins, _folder) = logins().await;
        let paused = logins.permits.acquire().await.unwrap();
        let mut attempts = Vec::new();
        for _ in 0..500 {
            let logins = Arc::clone(&logins);
            attempts.push(tokio::spawn(async move {
                logins.log_in(PEER, "ada".to_owned(), "wrong".to_owned()).await.map_err(|error| error.kind())
            }));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(paused);
        let (mut wrong, mut busy, mut waits) = (0, 0, 0);
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(token) => {
                    assert_eq!(token, None);
                    wrong += 1;
                }
                Err(Kind::Busy) => busy += 1,
                Err(Kind::Wait(_)) => waits += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(busy, 500 - MAX_WAITING);
        assert!(wrong < 10 && wrong + waits == MAX_WAITING, "{wrong} guesses were checked, {waits} were not");
        let elsewhere = Peer("192.0.2.1".parse().unwrap());
        assert!(logins.log_in(elsewhere, "ada".to_owned(), "engine".to_owned()).await.unwrap().is_some());
        let long = "x".repeat(MAX_SECRET + 1);
        assert!(logins.log_in(elsewhere, "ada".to_owned(), long).await.unwrap().is_none());
    }
}
