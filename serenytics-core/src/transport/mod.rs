//! The way to the server and back: requests, answers, retries, and what goes wrong on the way.

mod deadline;
mod failure;
mod request;
mod response;
mod retry;

pub(crate) use deadline::{Deadline, spoken};
pub(crate) use failure::first_error;
pub(crate) use request::Request;
pub(crate) use response::Response;
