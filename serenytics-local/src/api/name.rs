//! Names: of data sources and of scripts.

use crate::error::Error;

/// How many characters a name has at most.
const LONGEST: usize = 255;

/// The name of something, of which `what` says what it is.
pub(super) fn checked(name: Option<String>, what: &str) -> Result<String, Error> {
    let name = name.filter(|name| !name.trim().is_empty());
    let name = name.ok_or_else(|| Error::refused(format!("{what} needs a `name`")))?;
    let length = name.chars().count();
    if length > LONGEST {
        return Err(Error::refused(format!("the name of {what} has {length} characters and may have {LONGEST}")));
    }
    Ok(name)
}
