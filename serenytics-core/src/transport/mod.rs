//! HTTP: requests, responses, retries and their errors.

mod body;
mod connection;
mod deadline;
mod effect;
mod failure;
mod http;
mod poll;
mod proxy;
mod request;
mod response;
mod retry;
mod signed;
mod storage;

pub(crate) use body::BodyStream;
pub(crate) use connection::{Connection, Deadlines};
pub(crate) use deadline::Deadline;
pub(crate) use failure::{NO_REASON, has_errors, reason, redacted_url, server_errors, truncated};
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) use http::Tls;
pub(crate) use http::{HttpClients, HttpOptions};
pub(crate) use poll::Poll;
pub(crate) use proxy::Proxy;
pub(crate) use request::Request;
pub(crate) use response::{BYTE_ORDER_MARK, List, Response};
pub(crate) use retry::Attempts;
pub(crate) use signed::Signed;
