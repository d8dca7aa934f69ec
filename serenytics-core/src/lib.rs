//! The async client of Serenytics for Rust: transport, errors, and one file a resource.
//!
//! Users reach it through the crate `serenytics`. A [`Client`] holds the server and the API key; what a server has is a
//! type of its own, with the calls that it takes.

mod api_key;
mod builder;
mod client;
mod environment;
mod error;

pub use api_key::ApiKey;
pub use builder::ClientBuilder;
pub use client::Client;
pub use error::Error;
