//! What a call changes, which decides when it may be sent again.

/// What a request changes on the server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effect {
    /// Nothing: it may be sent again.
    None,
    /// Only a file, which another call uses.
    File,
    /// Data. The advice is for an error after which it is not known whether the data was changed.
    Change(&'static str),
}

/// The advice after a call that may have been carried out.
pub(super) const CALL_MAY_BE_DONE: &str = "the server may have carried out the call: check before you repeat it";

/// The advice after rows were sent that may have been stored.
pub(super) const ROWS_MAY_HAVE_ARRIVED: &str = "the rows may have arrived: check before you send them again";
