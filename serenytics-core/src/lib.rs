//! The async client of Serenytics for Rust: transport, errors, and one file a resource.
//!
//! Users reach it through the crate `serenytics`. A [`Client`] holds the server and the API key; what a server has is a
//! type of its own, with the calls that it takes.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test stops where it cannot go on"))]

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
pub use data_api::{DataApi, OpenSource};
pub use data_source::{Batch, DataSource, Pusher, SourceType};
pub use error::Error;
pub use export::{Export, ExportFormat, Exported};
pub use io::Progress;
pub use load::{ForceType, Load, ReloadFromS3, S3Credentials};
pub use message::Email;
/// The HTTP client below, for [`ClientBuilder::http`].
pub use reqwest;
pub use script::{RunScript, Script, ScriptDateTime, ScriptLog, ScriptStatus};
pub use web_app::{TabOptions, UsedSource, WarmUp, WebApp};
/// Arrow in the version that the feature `arrow` is built with.
#[cfg(feature = "arrow")]
pub use {arrow_array, arrow_schema};
