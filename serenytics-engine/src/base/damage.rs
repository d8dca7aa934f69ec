//! Damage: files of a storage that are missing, or that do not contain what was written.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;

/// The damage of a storage. Calls that use the storage fail with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    storage: String,
    what: String,
}

impl Damage {
    /// Describes the damage of the storage in a folder, which is named after its id.
    pub(crate) fn of(storage: &Path, what: impl Into<String>) -> Damage {
        let storage = storage.file_name().map(|name| name.to_string_lossy().into_owned());
        Damage { storage: storage.unwrap_or_default(), what: what.into() }
    }

    /// Finds the damage that caused an error.
    pub(crate) fn in_causes<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Damage> {
        causes(error).find_map(|error| error.downcast_ref())
    }
}

/// Returns an error and its causes, with the errors that I/O errors wrap.
pub(super) fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    // The source of an I/O error is that of the error inside it, which would be skipped.
    let inside = |error: &'a (dyn StdError + 'static)| match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => error.source(),
    };
    std::iter::successors(Some(error), move |error| inside(*error))
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage { storage, what } = self;
        write!(
            f,
            "the storage `{storage}` is damaged: {what}; restore the file from a backup, reload the storage, or run \
             `serenytics recover`"
        )
    }
}

impl StdError for Damage {}
