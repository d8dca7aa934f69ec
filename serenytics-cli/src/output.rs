//! Writes to the standard output and the standard error. Their reader may have gone, as in `serenytics .. | head`.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints an error.
pub(crate) fn error(message: impl Display) {
    // There is no other place to report it.
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// Prints a warning.
pub(crate) fn warning(message: impl Display) {
    let _ = writeln!(io::stderr(), "warning: {message}");
}

/// Returns the result of a write to the standard output. It is not an error if the reader has gone: it has seen enough.
pub(crate) fn written(result: io::Result<()>) -> Result<(), String> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("could not write to the standard output: {error}"))
        }
        _ => Ok(()),
    }
}
