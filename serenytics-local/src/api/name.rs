//! Validation of names of data sources, scripts and web apps.

use crate::base::Error;

/// The maximum number of characters of a name.
const MAX_LENGTH: usize = 255;

/// Validates the name of `what`.
pub(super) fn checked(name: Option<String>, what: &str) -> Result<String, Error> {
    let name = name.filter(|name| !name.trim().is_empty());
    let name = name.ok_or_else(|| Error::refused(format!("{what} needs a `name`")))?;
    let length = name.chars().count();
    if length > MAX_LENGTH {
        return Err(Error::refused(format!(
            "the name of {what} has {length} characters, more than the limit of {MAX_LENGTH}"
        )));
    }
    Ok(name)
}
