//! How far a load, an export, a script or a mail is, as callbacks are told.

use std::time::Duration;

/// How far a load, an export, a script or a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The file is being sent.
    Uploading {
        /// How many bytes of the file have been read.
        read: u64,
        /// How many it has.
        total: u64,
    },
    /// Rows are being sent.
    UploadingRows {
        /// How many rows have been made.
        rows: u64,
        /// How many bytes of CSV they are, before they are gzipped.
        bytes: u64,
    },
    /// Everything has arrived and the server loads it; told each time that it is asked whether it is done.
    Loading {
        /// How long the server has been loading.
        elapsed: Duration,
    },
    /// The server makes the file of an export.
    Exporting,
    /// The file of an export is arriving.
    Downloading {
        /// How many bytes have arrived.
        received: u64,
        /// How many there are, if the server says it.
        total: Option<u64>,
    },
    /// The script runs, or the mail is being sent; told each time that the server is asked whether it is done.
    Running {
        /// How long ago it was begun.
        elapsed: Duration,
    },
}

/// What is told now and then how far something is.
pub(crate) type Tell<'s, P> = Option<Box<dyn FnMut(P) + Send + 's>>;

/// Tells, if there is somebody to be told.
pub(crate) fn tell<P>(told: &mut Tell<'_, P>, progress: P) {
    if let Some(told) = told {
        told(progress);
    }
}
