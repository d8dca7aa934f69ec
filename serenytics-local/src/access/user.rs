//! Users: a login and the slow hash of a password.

use argon2::Argon2;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::Account;
use crate::base::{Context, Error};

/// A user who can log in.
pub(super) struct User {
    /// The login, which is also the name of the account.
    pub(super) account: Account,
    salt: [u8; 16],
    password: [u8; 32],
}

impl User {
    /// Creates a user, hashing the password.
    pub(super) fn new(account: Account, password: &str) -> Result<User, Error> {
        let salt = *Uuid::new_v4().as_bytes();
        let password = hash(password, &salt)?;
        Ok(User { account, salt, password })
    }

    /// Checks a password. This is slow on purpose.
    pub(super) fn has_password(&self, password: &str) -> Result<bool, Error> {
        Ok(hash(password, &self.salt)?.ct_eq(&self.password).into())
    }
}

fn hash(password: &str, salt: &[u8]) -> Result<[u8; 32], Error> {
    let mut hash = [0; 32];
    Argon2::default()
        .hash_password_into(password.as_bytes(), salt, &mut hash)
        .map_err(|error| error.to_string())
        .context("could not hash the password")?;
    Ok(hash)
}
