//! Access: API keys, each of an account, and the users who can make some.

mod account;
mod user;

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

pub(crate) use account::Account;
use user::User;

use crate::error::Error;

/// How long a token of `GET /api/token` is good for.
const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);
/// How many tokens are good at the same time; the oldest give way.
const TOKENS: usize = 1000;

/// A key or token, as its SHA-256 digest.
type KeyDigest = [u8; 32];

/// Who is let in, as the caller of a server says it. It holds secrets, and so cannot be printed.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    /// The name of an account and a key of it.
    pub(crate) keys: Vec<(String, String)>,
    /// A login and its password.
    pub(crate) users: Vec<(String, String)>,
}

impl Credentials {
    /// Refuses what would let nobody in, or the wrong one.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.keys.is_empty() && self.users.is_empty() {
            return Err(Error::refused("there is neither an API key nor a user, so nobody could use the server"));
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
        for (index, (login, _)) in self.users.iter().enumerate() {
            Account::new(login)?;
            if self.users[..index].iter().any(|(other, _)| other == login) {
                return Err(Error::refused(format!("the user {login:?} is given twice")));
            }
        }
        Ok(())
    }
}

/// Who may use the engine.
pub(crate) struct Access {
    keys: RwLock<Vec<(KeyDigest, Account)>>,
    users: Vec<User>,
    /// What a password is held against whose login is unknown, so that the time does not tell.
    nobody: Option<User>,
    tokens: Mutex<Vec<(KeyDigest, Account, Instant)>>,
}

impl Access {
    /// Access with these keys and for these users, and with the keys whose digests are given with their accounts.
    pub(crate) fn new(credentials: &Credentials, digests: &[(String, Account)]) -> Result<Access, Error> {
        let mut keys = Vec::with_capacity(credentials.keys.len() + digests.len());
        for (account, key) in &credentials.keys {
            keys.push((digest(key), Account::new(account)?));
        }
        keys.extend(digests.iter().filter_map(|(text, account)| Some((from_hex(text)?, account.clone()))));
        let user = |(login, password): &(String, String)| User::new(Account::new(login)?, password);
        let users = credentials.users.iter().map(user).collect::<Result<Vec<_>, _>>()?;
        let nobody = || User::new(Account::default_account(), &random());
        let nobody = if users.is_empty() { None } else { Some(nobody()?) };
        Ok(Access { keys: RwLock::new(keys), users, nobody, tokens: Mutex::default() })
    }

    /// The account of an API key; `None` if it is none.
    pub(crate) fn account(&self, key: &str) -> Option<Account> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        find(keys.iter().map(|(digest, account)| (digest, account)), &digest(key))
    }

    /// Makes an API key; gives the key and its digest, which the catalogue keeps.
    pub(crate) fn new_key() -> (String, String) {
        let key = random();
        let digest = to_hex(&digest(&key));
        (key, digest)
    }

    /// Lets a key of an account in, whose digest the catalogue has.
    pub(crate) fn add_key(&self, key: &str, account: Account) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).push((digest(key), account));
    }

    /// Whether there is a user who could log in.
    pub(crate) fn has_users(&self) -> bool {
        !self.users.is_empty()
    }

    /// Makes a token for a user, if the password is right. Takes a while and 19 MiB of memory, as hashing a password
    /// should: one at a time is enough.
    pub(crate) fn log_in(&self, login: &str, password: &str) -> Result<Option<String>, Error> {
        let user = self.users.iter().find(|user| user.account.name() == login);
        let Some(user) = user else {
            if let Some(nobody) = &self.nobody {
                nobody.is(password)?;
            }
            return Ok(None);
        };
        if !user.is(password)? {
            return Ok(None);
        }
        let token = random();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|(_, _, made)| made.elapsed() < TOKEN_LIFE);
        let surplus = (tokens.len() + 1).saturating_sub(TOKENS);
        tokens.drain(..surplus);
        tokens.push((digest(&token), user.account.clone(), Instant::now()));
        Ok(Some(token))
    }

    /// The account that a token is of; `None` if it is not good, or not any more.
    pub(crate) fn token_account(&self, token: &str) -> Option<Account> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let good = tokens.iter().filter(|(_, _, made)| made.elapsed() < TOKEN_LIFE);
        find(good.map(|(token, account, _)| (token, account)), &digest(token))
    }
}

/// Whether two secrets are equal. Takes the same time whether they are or not.
pub(crate) fn same_secret(one: &str, other: &str) -> bool {
    digest(one).ct_eq(&digest(other)).into()
}

/// A secret that nobody can guess.
pub(crate) fn random() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

fn find<'a>(owned: impl Iterator<Item = (&'a KeyDigest, &'a Account)>, wanted: &KeyDigest) -> Option<Account> {
    // Every one is looked at, so that the time tells nothing.
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

/// Bytes as hexadecimal text.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 32 bytes of a hexadecimal text.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut digest = KeyDigest::default();
    if text.len() != 2 * digest.len() {
        return None;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(digest)
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
    fn keys_are_found_by_their_digest() {
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
    fn only_the_right_password_gives_a_token() {
        let credentials = Credentials { users: pairs(&[("ada", "engine"), ("bob", "motor")]), ..Default::default() };
        let access = Access::new(&credentials, &[]).unwrap();
        assert!(access.log_in("ada", "motor").unwrap().is_none());
        assert!(access.log_in("eve", "engine").unwrap().is_none());
        let token = access.log_in("ada", "engine").unwrap().unwrap();
        assert_eq!(name(access.token_account(&token)).as_deref(), Some("ada"));
        assert_eq!(access.token_account("ada"), None);
    }

    #[test]
    fn credentials_that_are_no_good_are_told() {
        fn check(keys: &[(&str, &str)], users: &[(&str, &str)]) -> Result<(), Error> {
            Credentials { keys: pairs(keys), users: pairs(users) }.check()
        }
        assert!(check(&[("a", "k"), ("a", "k"), ("b", "l")], &[("a", "p")]).is_ok());
        for (keys, users, told) in [
            (vec![], vec![], "nobody could use the server"),
            (vec![("a", " ")], vec![], "an API key is empty"),
            (vec![("a", "k"), ("b", "k")], vec![], "the accounts \"a\" and \"b\" have the same API key"),
            (vec![("", "k")], vec![], "is no name for an account"),
            (vec![("a\n", "k")], vec![], "is no name for an account"),
            (vec![], vec![("a", "p"), ("a", "q")], "the user \"a\" is given twice"),
        ] {
            let error = check(&keys, &users).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
