//! The blocking client, for programs without async code: each call blocks until it is done.
//!
//! Names, arguments and errors are those of the async client; see its documentation. The builder is
//! the same; its blocking methods end in `_blocking`. Streams are iterators.
//!
//! ```no_run
//! # fn print() -> Result<(), serenytics_core::Error> {
//! let client = serenytics_core::blocking::Client::from_env()?;
//! for source in client.sources()? {
//!     println!("{} {}", source.name(), source.row_count()?);
//! }
//! let log = client.script("nightly")?.run().param("country", "FR").wait()?;
//! client.email("The night's sales", ["ada@example.com"], log.stdout).send()?;
//! # Ok(())
//! # }
//! ```
//!
//! A call inside a future is an error, because it would block the thread that runs other futures.
//! Use the async client there, or `tokio::task::spawn_blocking`.

#[macro_use]
mod macros;

mod account;
mod builders;
mod client;
mod data_api;
mod data_source;
mod message;
mod runtime;
mod script;
mod streams;
mod web_app;

pub use builders::{Batch, Export, Load, ReloadFromS3};
pub use client::Client;
pub use data_api::DataApi;
pub use data_source::{DataSource, Pusher};
pub use message::Email;
pub use script::{RunScript, Script};
#[cfg(feature = "arrow")]
pub use streams::BatchStream;
pub use streams::RowStream;
pub use web_app::{WarmUp, WebApp};

use runtime::Runtime;

/// Converts an async type to its blocking version.
trait IntoBlocking {
    type Blocking;

    fn blocking(self, runtime: &Runtime) -> Self::Blocking;
}

impl<T: IntoBlocking> IntoBlocking for Option<T> {
    type Blocking = Option<T::Blocking>;

    fn blocking(self, runtime: &Runtime) -> Self::Blocking {
        self.map(|inner| inner.blocking(runtime))
    }
}

impl<T: IntoBlocking> IntoBlocking for Vec<T> {
    type Blocking = Vec<T::Blocking>;

    fn blocking(self, runtime: &Runtime) -> Self::Blocking {
        self.into_iter().map(|inner| inner.blocking(runtime)).collect()
    }
}
