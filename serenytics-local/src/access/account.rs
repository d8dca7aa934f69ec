//! Accounts: who owns a data source, a script, a task or a key.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;

/// How many characters the name of an account, and so a login, has at most.
const LONGEST_NAME: usize = 100;

/// The name of an account. What belongs to one account does not exist for the keys of another.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Account(Arc<str>);

impl Account {
    /// The account of plain API keys, and of everything in folders from before there were accounts.
    pub(crate) const DEFAULT: &str = "default";

    /// The account with this name.
    pub(crate) fn new(name: &str) -> Result<Account, Error> {
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(|c| c.is_control() || c == ':') {
            return Err(Error::refused(format!(
                "{name:?} is no name for an account or a login: it has 1 to {LONGEST_NAME} characters, without `:` and \
                 control characters"
            )));
        }
        Ok(Account(name.into()))
    }

    /// The account of plain API keys.
    pub(crate) fn default_account() -> Account {
        Account(Account::DEFAULT.into())
    }

    /// The account's name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Whether this is the account of plain API keys, whose holder runs the server.
    pub(crate) fn is_default(&self) -> bool {
        self.name() == Account::DEFAULT
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
