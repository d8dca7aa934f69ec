//! The embedded engine of Serenytics for Rust: the platform's REST API over DataFusion and Delta Lake, on one machine
//! and with no account.
//!
//! [`Local`] runs it inside of a program, on a free port with a random key, for tests and examples. [`Server`] runs it
//! on an address and with keys of your choice, as `serenytics serve` does.
//!
//! A data folder holds everything: `catalogue.sqlite` the sources, tasks, keys and scripts; `storages/` one Delta Lake
//! table a storage, with the journal of its pushed rows; `uploads/` the files that are attached to sources; `scripts/` the
//! folders that scripts run in; `attachments/` the files that wait for their mails, `outbox/` mails; `spill/` what queries
//! write when memory is short. One engine at a time has it open.

mod access;
mod api;
mod base;
mod catalogue;
mod data_api;
mod loads;
mod local;
mod mail;
mod platform;
mod script;
mod server;
mod tasks;
mod web_app;

pub use base::Error;
pub use local::Local;
pub use server::{Server, ServerBuilder};
