//! HTTP: requests, responses, retries and their errors.

mod connection;
mod deadline;
mod failure;
mod http;
mod poll;
mod request;
mod response;
mod retry;
mod signed;
mod storage;

pub(crate) use connection::{Connection, Deadlines};
pub(crate) use deadline::Deadline;
pub(crate) use failure::{NO_REASON, has_errors, reason, redacted_url, server_errors, truncated};
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) use http::Tls;
pub(crate) use http::{HttpOptions, Proxy};
pub(crate) use poll::Poll;
pub(crate) use request::{BodyStream, Request};
pub(crate) use response::{List, Response};
pub(crate) use signed::Signed;
