//! Accounts: the owners of data sources, scripts, tasks and keys.

use std::fmt;
use std::sync::Arc;

use crate::base::Error;

/// The maximum number of characters of an account name or login.
const MAX_NAME_LENGTH: usize = 100;

/// The name of an account. Objects of one account are invisible to the keys of another.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Account(Arc<str>);

impl Account {
    /// The account of plain API keys, and of all objects from versions without accounts.
    pub(crate) const DEFAULT: &str = "default";

    /// Validates an account name.
    pub(crate) fn new(name: &str) -> Result<Account, Error> {
        if name.is_empty() || name.chars().count() > MAX_NAME_LENGTH || name.chars().any(|c| c.is_control() || c == ':')
        {
            return Err(Error::refused(format!(
                "invalid account name or login {name:?}: expected 1 to {MAX_NAME_LENGTH} characters, without `:` and \
                 control characters"
            )));
        }
        Ok(Account(name.into()))
    }

    /// Returns the account of plain API keys.
    pub(crate) fn default_account() -> Account {
        Account(Account::DEFAULT.into())
    }

    /// Returns the name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Returns true for the account of plain API keys, which belongs to the operator of the server.
    pub(crate) fn is_default(&self) -> bool {
        self.name() == Account::DEFAULT
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
