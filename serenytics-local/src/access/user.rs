//! Users: a login and a password, of which a slow hash is kept.

use argon2::Argon2;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::Account;
use crate::error::{Context, Error};

/// A user who can log in.
pub(super) struct User {
    /// The login, which is the name of the user's account too.
    pub(super) account: Account,
    salt: [u8; 16],
    password: [u8; 32],
}

impl User {
    /// A user with this password.
    pub(super) fn new(account: Account, password: &str) -> Result<User, Error> {
        let salt = *Uuid::new_v4().as_bytes();
        let password = hash(password, &salt)?;
        Ok(User { account, salt, password })
    }

    /// Whether this is the user's password. Takes a while, as hashing a password should.
    pub(super) fn is(&self, password: &str) -> Result<bool, Error> {
        Ok(hash(password, &self.salt)?.ct_eq(&self.password).into())
    }
}

fn hash(password: &str, salt: &[u8]) -> Result<[u8; 32], Error> {
    let mut hash = [0; 32];
    Argon2::default()
        .hash_password_into(password.as_bytes(), salt, &mut hash)
        .map_err(|error| error.to_string())
        .context("the password could not be hashed")?;
    Ok(hash)
}
