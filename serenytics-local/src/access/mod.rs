//! Access: API keys of accounts, and users who can log in and create API keys.

mod account;
mod failures;
mod links;
mod logins;
mod user;

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hex::FromHex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

pub(crate) use account::Account;
pub(crate) use failures::Peer;
pub(crate) use links::{Links, SignedLinks};
pub(crate) use logins::Logins;
use user::{Hasher, User};

use crate::base::Error;

/// How long a token of `GET /api/token` is valid.
const TOKEN_TTL: Duration = Duration::from_secs(60 * 60);
/// The maximum number of valid tokens; a new one replaces the oldest.
const MAX_TOKENS: usize = 1000;

/// The maximum length of a password in bytes.
const MAX_SECRET: usize = 1024;

/// A key or token, as its SHA-256 digest.
type KeyDigest = [u8; 32];

/// The configured keys and users. There is no `Debug`, because they are secrets.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    /// Account names and keys.
    pub(crate) keys: Vec<(String, String)>,
    /// Logins and passwords.
    pub(crate) users: Vec<(String, String)>,
}

impl Credentials {
    /// Rejects credentials that are missing, invalid or ambiguous.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.keys.is_empty() && self.users.is_empty() {
            return Err(Error::refused("no one could use the server: set an API key or a user"));
        }
        for (index, (account, key)) in self.keys.iter().enumerate() {
            Account::new(account)?;
            if key.trim().is_empty() {
                return Err(Error::refused("an API key is empty"));
            }
            let other = self.keys[..index].iter().find(|(other, same)| same == key && other != account);
            if let Some((other, _)) = other {
                return Err(Error::refused(format!("the accounts {other:?} and {account:?} have the same API key")));
            }
        }
        for (index, (login, password)) in self.users.iter().enumerate() {
            Account::new(login)?;
            if password.len() > MAX_SECRET {
                return Err(Error::refused(format!("the password of {login:?} is longer than {MAX_SECRET} bytes")));
            }
            if self.users[..index].iter().any(|(other, _)| other == login) {
                return Err(Error::refused(format!("the user {login:?} is repeated")));
            }
        }
        Ok(())
    }
}

/// Authenticates API keys, logins and tokens.
pub(crate) struct Access {
    keys: RwLock<Vec<(KeyDigest, Account)>>,
    users: Vec<User>,
    /// Checks the password of an unknown login, so that the response time does not reveal the login.
    decoy: Option<User>,
    hasher: Hasher,
    tokens: Mutex<Vec<(KeyDigest, Account, Instant)>>,
}

impl Access {
    /// Creates the access for the configured credentials, and for the digests of keys from the catalogue.
    pub(crate) fn new(credentials: &Credentials, digests: &[(String, Account)]) -> Result<Access, Error> {
        let mut keys = Vec::with_capacity(credentials.keys.len() + digests.len());
        for (account, key) in &credentials.keys {
            keys.push((digest(key), Account::new(account)?));
        }
        keys.extend(
            digests.iter().filter_map(|(text, account)| Some((<KeyDigest>::from_hex(text).ok()?, account.clone()))),
        );
        let hasher = Hasher::default();
        let user = |(login, password): &(String, String)| User::new(Account::new(login)?, password, &hasher);
        let users = credentials.users.iter().map(user).collect::<Result<Vec<_>, _>>()?;
        let decoy = || User::new(Account::default_account(), &random(), &hasher);
        let decoy = if users.is_empty() { None } else { Some(decoy()?) };
        Ok(Access { keys: RwLock::new(keys), users, decoy, hasher, tokens: Mutex::default() })
    }

    /// Returns the account of an API key; `None` if the key is unknown.
    pub(crate) fn account(&self, key: &str) -> Option<Account> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        find(keys.iter().map(|(digest, account)| (digest, account)), &digest(key))
    }

    /// Creates an API key. Returns the key and its digest for the catalogue.
    pub(crate) fn new_key() -> (String, String) {
        let key = random();
        let digest = hex::encode(digest(&key));
        (key, digest)
    }

    /// Accepts a new key of an account. The catalogue must have its digest already.
    pub(crate) fn add_key(&self, key: &str, account: Account) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).push((digest(key), account));
    }

    /// Returns true if there are users who can log in.
    pub(crate) fn has_users(&self) -> bool {
        !self.users.is_empty()
    }

    /// Creates a token for a user; `None` if the login or the password is wrong. Hashing the password is slow and uses
    /// 19 MiB of memory, so allow only one call at a time.
    pub(crate) fn log_in(&self, login: &str, password: &str) -> Result<Option<String>, Error> {
        let user = self.users.iter().find(|user| user.account.name() == login);
        let Some(user) = user else {
            if let Some(decoy) = &self.decoy {
                decoy.has_password(password, &self.hasher)?;
            }
            return Ok(None);
        };
        if !user.has_password(password, &self.hasher)? {
            return Ok(None);
        }
        let token = random();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|(_, _, made)| made.elapsed() < TOKEN_TTL);
        let surplus = (tokens.len() + 1).saturating_sub(MAX_TOKENS);
        tokens.drain(..surplus);
        tokens.push((digest(&token), user.account.clone(), Instant::now()));
        Ok(Some(token))
    }

    /// Returns the account of a token; `None` if it is invalid or has expired.
    pub(crate) fn token_account(&self, token: &str) -> Option<Account> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let valid = tokens.iter().filter(|(_, _, made)| made.elapsed() < TOKEN_TTL);
        find(valid.map(|(token, account, _)| (token, account)), &digest(token))
    }
}

/// Compares two secrets in constant time.
pub(crate) fn same_secret(one: &str, other: &str) -> bool {
    digest(one).ct_eq(&digest(other)).into()
}

/// Returns a random secret.
pub(crate) fn random() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

fn find<'a>(owned: impl Iterator<Item = (&'a KeyDigest, &'a Account)>, wanted: &KeyDigest) -> Option<Account> {
    // Compare with every key, so that the time does not depend on the position.
    let mut found: Option<&Account> = None;
    for (digest, account) in owned {
        if wanted.ct_eq(digest).into() {
            found = Some(account);
        }
    }
    found.cloned()
}

fn digest(secret: &str) -> KeyDigest {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
    }

    fn name(account: Option<Account>) -> Option<String> {
        account.map(|account| account.name().to_owned())
    }

    #[test]
    fn api_key_is_found_by_its_digest() {
        let (made, digest) = Access::new_key();
        let credentials = Credentials { keys: pairs(&[("default", "secret"), ("b", "other")]), ..Default::default() };
        let access = Access::new(&credentials, &[(digest, Account::new("a").unwrap())]).unwrap();
        assert_eq!(name(access.account("secret")).as_deref(), Some("default"));
        assert_eq!(name(access.account("other")).as_deref(), Some("b"));
        assert_eq!(name(access.account(&made)).as_deref(), Some("a"));
        assert_eq!(access.account("secre"), None);
        assert_eq!(access.account(""), None);
        access.add_key("another", Account::new("c").unwrap());
        assert_eq!(name(access.account("another")).as_deref(), Some("c"));
    }

    #[test]
    fn log_in_needs_the_right_password() {
        let credentials = Credentials { users: pairs(&[("ada", "engine"), ("bob", "motor")]), ..Default::default() };
        let access = Access::new(&credentials, &[]).unwrap();
        assert!(access.log_in("ada", "motor").unwrap().is_none());
        assert!(access.log_in("eve", "engine").unwrap().is_none());
        let token = access.log_in("ada", "engine").unwrap().unwrap();
        assert_eq!(name(access.token_account(&token)).as_deref(), Some("ada"));
        assert_eq!(access.token_account("ada"), None);
    }

    #[test]
    fn credentials_with_mistakes_are_rejected() {
        fn check(keys: &[(&str, &str)], users: &[(&str, &str)]) -> Result<(), Error> {
            Credentials { keys: pairs(keys), users: pairs(users) }.check()
        }
        assert!(check(&[("a", "k"), ("a", "k"), ("b", "l")], &[("a", "p")]).is_ok());
        for (keys, users, expected) in [
            (vec![], vec![], "no one could use the server"),
            (vec![("a", " ")], vec![], "an API key is empty"),
            (vec![("a", "k"), ("b", "k")], vec![], "the accounts \"a\" and \"b\" have the same API key"),
            (vec![("", "k")], vec![], "invalid account name or login"),
            (vec![("a\n", "k")], vec![], "invalid account name or login"),
            (vec![], vec![("a", "p"), ("a", "q")], "the user \"a\" is repeated"),
        ] {
            let error = check(&keys, &users).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
