//! The async client of Serenytics for Rust.
//!
//! Users reach it through the crate `serenytics`. A [`Client`] is a handle on a session. Each kind
//! of resource of a server has its own type, with the calls that it accepts.
//!
//! Imports run downwards only:
//!
//! | floor | folders and files |
//! | --- | --- |
//! | the blocking client | `blocking` |
//! | Arrow record batches | `arrow` |
//! | work on a resource | `fetch`, `load`, `export`, `message` |
//! | resources of a server | `data_source`, `script`, `web_app`, `data_api`, `account` |
//! | what resources share | `client`, `answer`, `resource`, `task` |
//! | a connection and its caches | `session` |
//! | requests and responses | `transport` |
//! | base | `error`, `api_key`, `io` |

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed `unwrap` fails the test"))]

mod account;
mod answer;
mod api_key;
#[cfg(feature = "arrow")]
mod arrow;
#[cfg(feature = "blocking")]
pub mod blocking;
mod client;
mod data_api;
mod data_source;
mod error;
mod export;
mod fetch;
mod io;
mod load;
mod message;
mod resource;
mod script;
mod session;
mod task;
#[cfg(test)]
mod tests;
mod transport;
mod web_app;

pub use answer::{Answer, ColumnAnswer, RowStream};
pub use api_key::ApiKey;
#[cfg(feature = "arrow")]
pub use arrow::{BatchStream, IntoBatch};
pub use client::{Client, ClientBuilder};
pub use data_api::{DataApi, DataApiSource};
pub use data_source::{AppliedMeasures, Batch, DataSource, Pusher, SourceType};
pub use error::Error;
pub use export::{Export, ExportFormat, Exported};
pub use io::Progress;
pub use load::{ForceType, Load, ReloadFromS3, S3Credentials};
pub use message::Email;
/// The underlying HTTP client, for [`ClientBuilder::http`].
pub use reqwest;
pub use script::{RunScript, Script, ScriptDateTime, ScriptLog, ScriptStatus};
pub use web_app::{TabOptions, WarmUp, WebApp, WebAppSource};
/// The Arrow crates, in the version that the feature `arrow` uses.
#[cfg(feature = "arrow")]
pub use {arrow_array, arrow_schema};
