//! What the columns of a file or of rows must be: the declared ones, and the primary key.

use serenytics_query::suggest::{listed, nearest};

use crate::error::{Error, Kind};

/// What a file's header has to meet.
#[derive(Debug, Default)]
pub(crate) struct HeaderRequirements {
    /// The columns that its source declares.
    pub(crate) declared: Vec<String>,
    /// The column of the key, if there is one.
    pub(crate) primary_key: Option<String>,
    /// Whether it may be one column, whatever stands in its name.
    pub(crate) separator_is_said: bool,
}

/// Refuses rows without a column that their source declares.
pub(crate) fn check_declared(declared: &[String], columns: &[String]) -> Result<(), Error> {
    let missing: Vec<_> = declared.iter().filter(|name| !columns.contains(name)).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let has = listed(columns.iter().map(String::as_str));
    let missing = listed(missing);
    let message =
        format!("nothing was sent: the rows have no column {missing}, which the source declares; they have {has}");
    Err(Error::new(Kind::Usage, message))
}

/// Refuses rows without the column of their key.
pub(crate) fn check_key(primary_key: Option<&str>, columns: &[String]) -> Result<(), Error> {
    let Some(key) = primary_key.filter(|key| !columns.iter().any(|column| column == key)) else { return Ok(()) };
    let names = || columns.iter().map(String::as_str);
    let rest = match nearest(key, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", listed(names())),
    };
    Err(Error::new(
        Kind::Usage,
        format!("nothing was sent: there is no column `{key}`, which is the primary key; {rest}"),
    ))
}
