//! Progress of loads, exports, scripts and mails, for callbacks.

use std::time::Duration;

/// The progress of a load, an export, a script or a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The file is being uploaded.
    Uploading {
        /// Number of bytes of the file that were read.
        read: u64,
        /// Size of the file in bytes.
        total: u64,
    },
    /// Rows are being uploaded.
    UploadingRows {
        /// Number of rows that were written.
        rows: u64,
        /// Their size as CSV in bytes, before compression.
        bytes: u64,
    },
    /// The upload is complete and the server loads it. Reported at each poll.
    Loading {
        /// How long the server has been loading.
        elapsed: Duration,
    },
    /// The server is creating the file of an export.
    Exporting,
    /// The file of an export is being downloaded.
    Downloading {
        /// Number of bytes that were received.
        received: u64,
        /// Size of the file in bytes, if the server sends it.
        total: Option<u64>,
    },
    /// The script is running, or the mail is being sent. Reported at each poll.
    Running {
        /// Time since the start.
        elapsed: Duration,
    },
}

/// A progress callback, if one is set.
pub(crate) type ProgressCallback<'s, P> = Option<Box<dyn FnMut(P) + Send + 's>>;

/// Calls the callback, if one is set.
pub(crate) fn report<P>(callback: &mut ProgressCallback<'_, P>, progress: P) {
    if let Some(callback) = callback {
        callback(progress);
    }
}
