//! The warehouse of Serenytics for Rust as a library: tables on one machine that can be loaded,
//! appended to and queried.
//!
//! [`Warehouse`] opens a folder with one Delta Lake table per id. A [`Table`] replaces or updates
//! its rows from a file, changes rows in batches, and appends single rows. Appended rows are
//! acknowledged once they are in the table's write-ahead log.
//!
//! Queries are [`Pipeline`](serenytics_query::wire::Pipeline)s of the wire format. DataFusion runs
//! them within [`QueryLimits`].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::fs::File;
//! use std::time::Duration;
//!
//! use futures_util::TryStreamExt;
//! use serenytics_engine::{LoadOptions, QueryLimits, RowsFile, Warehouse};
//! use serenytics_query::wire::Pipeline;
//! use uuid::Uuid;
//!
//! let limits = QueryLimits { memory: 1 << 30, time: Duration::from_secs(60), at_once: 4, cache: 64 << 20 };
//! let warehouse = Warehouse::open("data".as_ref(), limits)?;
//! let id = Uuid::new_v4();
//! let options = LoadOptions { separator: b',', forced: Default::default() };
//! warehouse.table(id).await?.reload(RowsFile::csv(File::open("sales.csv")?, options)).await?;
//! let input = warehouse.input(id, "sales".to_owned(), Default::default()).await?;
//! let json: Vec<_> = warehouse.query(input, Pipeline::default()).await?.chunks.try_collect().await?;
//! warehouse.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! Only one warehouse may use a folder at a time: a second one corrupts its data. The caller must
//! lock the folder, see [`Warehouse::open`].
//!
//! Imports run downwards only:
//!
//! | floor | folder |
//! | --- | --- |
//! | the crate's API over tables, loads and queries | `warehouse` |
//! | loads of files and batches; plans, limits and responses of queries | `load`, `query` |
//! | tables: Delta Lake, the write-ahead log, merges | `storage` |
//! | rows in memory: columns, cells, types | `rows` |
//! | the DataFusion session and its memory | `session` |
//! | errors, metrics, helpers for tasks | `base` |

mod base;
mod load;
mod query;
mod rows;
mod session;
mod storage;
#[cfg(test)]
mod tests;
mod warehouse;

pub use base::{Error, ErrorKind, QueryMetrics};
pub use load::{BatchRequest, LoadOptions, Loaded, Operation, Python, RowsFile};
pub use query::{
    Answer, ByteStream, CacheStatus, CsvOptions, ExportFormat, ExportOptions, Input, JoinKey, JoinedTable, QueryLimits,
    check_measures,
};
pub use rows::{Column, ForcedTypes, JsonRow, check_json_numbers, forced_type};
pub use storage::{Push, TableState};
pub use warehouse::{PausedWrites, Table, Warehouse};
