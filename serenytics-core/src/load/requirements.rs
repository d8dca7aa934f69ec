//! Requirements on the columns of a file or of rows: the declared columns and the primary key.

use serenytics_query::suggest::{listed, nearest};

use crate::error::{Error, Kind};

/// The requirements on the header of a file.
#[derive(Debug, Default)]
pub(crate) struct HeaderRequirements {
    /// The columns that the source declares.
    pub(crate) declared: Vec<String>,
    /// The column of the primary key, for an update.
    pub(crate) primary_key: Option<String>,
    /// Whether the separator was set: then the header may be a single column.
    pub(crate) separator_is_set: bool,
}

/// Returns an error if rows lack a column that their source declares.
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

/// Returns an error if rows lack the column of their primary key.
pub(crate) fn check_key(primary_key: Option<&str>, columns: &[String]) -> Result<(), Error> {
    let Some(key) = primary_key.filter(|key| !columns.iter().any(|column| column == key)) else { return Ok(()) };
    let names = || columns.iter().map(String::as_str);
    let rest = match nearest(key, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", listed(names())),
    };
    Err(Error::new(Kind::Usage, format!("nothing was sent: there is no column `{key}`, the primary key; {rest}")))
}
