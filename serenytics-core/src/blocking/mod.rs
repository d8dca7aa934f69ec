//! The same client for programs without async code: each call waits until it is done.
//!
//! Names, arguments and errors are those of the async client, whose documentation holds here too.
//!
//! ```no_run
//! # fn print() -> Result<(), serenytics_core::Error> {
//! let client = serenytics_core::blocking::Client::from_env()?;
//! for source in client.sources()? {
//!     println!("{} {}", source.name(), source.row_count()?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A call from within async code is an error, as it would stop the thread that other futures run in: the async client is for that.

/// Methods that wait for those of the same name, which the field `inner` has.
macro_rules! waits {
    ($($async:ident: $(<$($generic:ident: $bound:path),+>)? $name:ident(&self $(, $argument:ident: $type:ty)*) -> $result:ty;)+) => {$(
        #[doc = concat!("Waits for [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        ///
        /// # Errors
        /// Its errors; and a call from within async code.
        pub fn $name $(<$($generic: $bound),+>)? (&self $(, $argument: $type)*) -> Result<$result, $crate::Error> {
            self.runtime.wait(self.inner.$name($($argument),*))
        }
    )+};
}

/// Setters that are those of the same name, which the field `inner` has.
macro_rules! sets {
    ($($async:ident: $(<$generic:ident: $bound:path>)? $name:ident(self $(, $argument:ident: $type:ty)*);)+) => {$(
        #[doc = concat!("See [`", stringify!($async), "::", stringify!($name), "`](crate::", stringify!($async), "::", stringify!($name), ").")]
        pub fn $name $(<$generic: $bound>)? (mut self $(, $argument: $type)*) -> Self {
            self.inner = self.inner.$name $(::<$generic>)? ($($argument),*);
            self
        }
    )+};
}

mod builders;
mod client;
mod data_source;
mod runtime;
mod streams;

pub use builders::{Batch, Export, Load, ReloadFromS3};
pub use client::Client;
pub use data_source::{DataSource, Pusher};
#[cfg(feature = "arrow")]
pub use streams::BatchStream;
pub use streams::RowStream;
