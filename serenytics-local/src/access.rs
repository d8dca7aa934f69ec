//! Access: API keys, and the user who can make some.

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use argon2::Argon2;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::error::{Context, Error};

/// How long a token of `GET /api/token` is good for.
const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);
/// How many tokens are good at the same time; the oldest give way.
const TOKENS: usize = 1000;

/// A key or token, as its SHA-256 digest.
type KeyDigest = [u8; 32];

/// Who may use the engine.
pub(crate) struct Access {
    keys: RwLock<Vec<KeyDigest>>,
    user: Option<User>,
    tokens: Mutex<Vec<(KeyDigest, Instant)>>,
}

/// The one user who can log in.
struct User {
    login: String,
    salt: [u8; 16],
    password: [u8; 32],
    /// One password at a time is hashed, since that takes memory.
    busy: Mutex<()>,
}

impl Access {
    /// Access with these keys, with the keys whose digests are given, and for this user with this password.
    pub(crate) fn new(keys: &[String], digests: &[String], user: Option<(String, String)>) -> Result<Access, Error> {
        let mut all: Vec<KeyDigest> = keys.iter().map(|key| digest(key)).collect();
        all.extend(digests.iter().filter_map(|text| from_hex(text)));
        let user = user.map(|(login, password)| User::new(login, &password)).transpose()?;
        Ok(Access { keys: RwLock::new(all), user, tokens: Mutex::default() })
    }

    /// Whether this is an API key. Takes the same time whichever it is.
    pub(crate) fn is_key(&self, key: &str) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        contains(keys.iter(), &digest(key))
    }

    /// Makes an API key; gives the key and its digest, which the catalogue keeps.
    pub(crate) fn new_key() -> (String, String) {
        let key = random();
        let digest = to_hex(&digest(&key));
        (key, digest)
    }

    /// Lets a key in, whose digest the catalogue has.
    pub(crate) fn add_key(&self, key: &str) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).push(digest(key));
    }

    /// Whether there is a user who could log in.
    pub(crate) fn has_user(&self) -> bool {
        self.user.is_some()
    }

    /// Makes a token for a user, if the password is right. Takes a while, as hashing a password should.
    pub(crate) fn log_in(&self, login: &str, password: &str) -> Result<Option<String>, Error> {
        let Some(user) = &self.user else { return Ok(None) };
        if !user.is(login, password)? {
            return Ok(None);
        }
        let token = random();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|(_, made)| made.elapsed() < TOKEN_LIFE);
        let surplus = (tokens.len() + 1).saturating_sub(TOKENS);
        tokens.drain(..surplus);
        tokens.push((digest(&token), Instant::now()));
        Ok(Some(token))
    }

    /// Whether this is a token that is still good.
    pub(crate) fn is_token(&self, token: &str) -> bool {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let good = tokens.iter().filter(|(_, made)| made.elapsed() < TOKEN_LIFE);
        contains(good.map(|(token, _)| token), &digest(token))
    }
}

impl User {
    fn new(login: String, password: &str) -> Result<User, Error> {
        let salt = *Uuid::new_v4().as_bytes();
        let password = hash(password, &salt)?;
        Ok(User { login, salt, password, busy: Mutex::default() })
    }

    fn is(&self, login: &str, password: &str) -> Result<bool, Error> {
        let _busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let password = hash(password, &self.salt)?.ct_eq(&self.password);
        let login = digest(login).ct_eq(&digest(&self.login));
        Ok((password & login).into())
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

fn hash(password: &str, salt: &[u8]) -> Result<[u8; 32], Error> {
    let mut hash = [0; 32];
    Argon2::default()
        .hash_password_into(password.as_bytes(), salt, &mut hash)
        .map_err(|error| error.to_string())
        .context("the password could not be hashed")?;
    Ok(hash)
}

fn contains<'a>(digests: impl Iterator<Item = &'a KeyDigest>, digest: &KeyDigest) -> bool {
    // Every one is looked at, so that the time tells nothing.
    digests.fold(subtle::Choice::from(0), |found, other| found | other.ct_eq(digest)).into()
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

    #[test]
    fn keys_are_found_by_their_digest() {
        let (made, digest) = Access::new_key();
        let access = Access::new(&["secret".to_owned()], &[digest], None).unwrap();
        assert!(access.is_key("secret"));
        assert!(access.is_key(&made));
        assert!(!access.is_key("secre"));
        assert!(!access.is_key(""));
        access.add_key("another");
        assert!(access.is_key("another"));
    }

    #[test]
    fn only_the_right_password_gives_a_token() {
        let user = Some(("ada".to_owned(), "engine".to_owned()));
        let access = Access::new(&[], &[], user).unwrap();
        assert!(access.log_in("ada", "wrong").unwrap().is_none());
        assert!(access.log_in("bob", "engine").unwrap().is_none());
        let token = access.log_in("ada", "engine").unwrap().unwrap();
        assert!(access.is_token(&token));
        assert!(!access.is_token("ada"));
    }
}
