//! Users: a login and the slow hash of a password.

use std::sync::{Mutex, PoisonError};

use argon2::{Argon2, Block, Params};
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
    pub(super) fn new(account: Account, password: &str, hasher: &Hasher) -> Result<User, Error> {
        let salt = *Uuid::new_v4().as_bytes();
        let password = hasher.hash(password, &salt)?;
        Ok(User { account, salt, password })
    }

    /// Checks a password. This is slow on purpose.
    pub(super) fn has_password(&self, password: &str, hasher: &Hasher) -> Result<bool, Error> {
        Ok(hasher.hash(password, &self.salt)?.ct_eq(&self.password).into())
    }
}

/// Hashes passwords, one at a time. All hashes share 19 MiB of memory: allocating it for each one would leave more and
/// more of it in the allocator.
#[derive(Default)]
pub(super) struct Hasher {
    memory: Mutex<Vec<Block>>,
}

impl Hasher {
    fn hash(&self, password: &str, salt: &[u8]) -> Result<[u8; 32], Error> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.resize(Params::DEFAULT.block_count(), Block::default());
        let mut hash = [0; 32];
        Argon2::default()
            .hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, memory.as_mut_slice())
            .map_err(|error| error.to_string())
            .context("could not hash the password")?;
        Ok(hash)
    }
}
