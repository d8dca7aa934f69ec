//! The embedded engine of Serenytics for Rust: the platform's REST API over DataFusion and Delta Lake, on one machine
//! and without an account.
//!
//! [`Local`] runs it inside a program, on a free port and with a random API key, for tests and examples. [`Server`] runs it
//! on an address and with keys of your choice, as `serenytics serve` does.
//!
//! The data folder contains everything: the catalogue of sources, tasks, keys and scripts (`catalogue.sqlite`), a Delta
//! Lake table with a write-ahead log for each storage (`storages/`), uploaded files (`uploads/`, `attachments/`), e-mails
//! (`outbox/`), the temporary files of scripts and queries (`scripts/`, `spill/`), and data that the catalogue does not know
//! (`unknown/`). One process at a time can open it.
//!
//! Imports run downwards only:
//!
//! | floor | folders and files |
//! | --- | --- |
//! | the engine in a program | `local` |
//! | the server: its builder, connections, shutdown | `server` |
//! | HTTP: routes, handlers, extractors | `api` |
//! | opens and connects the services | `platform` |
//! | services, one for each kind of work | `loads`, `mail`, `script`, `web_app`, `data_api`, `health` |
//! | what these services share | `sources`, `tasks` |
//! | the database | `catalogue` |
//! | accounts, keys, logins, signed links | `access` |
//! | errors, metrics, limits, uploaded files | `base` |

mod access;
mod api;
mod base;
mod catalogue;
mod data_api;
mod health;
mod loads;
mod local;
mod mail;
mod platform;
mod script;
mod server;
mod sources;
mod tasks;
mod web_app;

pub use base::Error;
pub use local::Local;
pub use platform::{DamagedStorage, Recovery, UnknownStorage};
pub use server::{Server, ServerBuilder};
