//! Answers: a query's rows as JSON, one chunk per record batch, written while the query runs.

mod cells;
pub(super) mod csv;
pub(super) mod export;
mod titles;

use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures_util::stream;
use futures_util::{StreamExt, TryStreamExt};
use prometheus_client::metrics::counter::Counter;
use serde::Serialize;
use serenytics_query::wire::ColumnTitle;

use self::cells::{Cells, narrowed};
pub(crate) use self::export::export;
pub use self::export::{CsvOptions, ExportFormat, ExportOptions};
pub(super) use self::titles::title;
use crate::base::Error;
use crate::query::input::Input;
use crate::session::{Session, run_error};

/// The body stream of an answer, in chunks.
pub type ByteStream = stream::BoxStream<'static, Result<Bytes, Error>>;

/// The answer of a query.
pub struct Answer {
    /// Its body stream.
    pub chunks: ByteStream,
    /// How it was found.
    pub cache: CacheStatus,
}

/// How an answer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheStatus {
    /// The result cache contained it.
    Hit,
    /// The query ran.
    Miss,
    /// The query ran, because its answer must not be cached.
    Bypass,
}

impl CacheStatus {
    /// Returns the word for it in metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            CacheStatus::Hit => "hit",
            CacheStatus::Miss => "miss",
            CacheStatus::Bypass => "bypass",
        }
    }
}

/// The record batches of an answer.
pub(super) type Batches = stream::BoxStream<'static, Result<RecordBatch, Error>>;

/// The layout of an answer's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Layout {
    /// A list of rows, each a list of cells.
    Rows,
    /// A list of columns, each a list of cells. It is the default; the platform's documentation
    /// does not name one.
    Columns,
    /// Lines of CSV.
    Csv(CsvOptions),
}

/// Returns an answer without data.
pub(super) fn headers(titles: &[ColumnTitle]) -> Result<ByteStream, Error> {
    let mut json = opening(titles)?;
    json.push(b'}');
    Ok(stream::once(async { Ok(Bytes::from(json)) }).boxed())
}

/// Writes the start of every answer: a JSON object that is not closed yet.
fn opening(titles: &[ColumnTitle]) -> Result<Vec<u8>, Error> {
    let mut json = br#"{"status":"ok","columns_titles":"#.to_vec();
    serde_json::to_writer(&mut json, titles)
        .map_err(|error| Error::failed("the titles could not be written", error))?;
    Ok(json)
}

/// Chains the batches of several plans, and stops after `limit` rows in total.
pub(super) fn chained(plans: Vec<SendableRecordBatchStream>, limit: Option<usize>) -> Batches {
    let left = limit.unwrap_or(usize::MAX);
    let batches = stream::iter(plans).flatten().map_err(run_error);
    let limited = stream::try_unfold((batches, left), |(mut batches, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let Some(batch) = batches.try_next().await? else { return Ok(None) };
        let batch = batch.slice(0, batch.num_rows().min(left));
        let left = left - batch.num_rows();
        Ok(Some((batch, (batches, left))))
    });
    limited.boxed()
}

/// The size of the first chunk in bytes. An error after it can only break the connection.
pub(super) const FIRST_CHUNK: usize = 1024 * 1024;

/// Returns an answer of rows. Its first chunk is ready on return, so that early errors are returned
/// before the answer begins. `input` is kept until the last row is read.
pub(super) async fn rows(
    titles: &[ColumnTitle],
    mut batches: Batches,
    input: Input,
    rows: Counter,
) -> Result<ByteStream, Error> {
    let mut json = opening(titles)?;
    json.extend_from_slice(br#","data":["#);
    let mut first = true;
    while json.len() < FIRST_CHUNK
        && let Some(batch) = batches.try_next().await?
    {
        rows.inc_by(batch.num_rows() as u64);
        write_rows(&narrowed(batch)?, &mut first, &mut json)?;
    }
    let start = stream::once(async { Ok(Bytes::from(json)) });
    let rest = stream::try_unfold((batches, first, input, rows), |(mut batches, mut first, input, rows)| async move {
        let Some(batch) = batches.try_next().await? else { return Ok(None) };
        rows.inc_by(batch.num_rows() as u64);
        let mut json = Vec::with_capacity(batch.num_rows() * batch.num_columns() * 8);
        write_rows(&narrowed(batch)?, &mut first, &mut json)?;
        Ok(Some((Bytes::from(json), (batches, first, input, rows))))
    });
    let end = stream::once(async { Ok(Bytes::from_static(b"]}")) });
    Ok(start.chain(rest).chain(end).boxed())
}

fn write_rows(batch: &RecordBatch, first: &mut bool, json: &mut Vec<u8>) -> Result<(), Error> {
    let columns = Cells::of(batch)?;
    for row in 0..batch.num_rows() {
        json.extend_from_slice(if *first { b"[" } else { b",[" });
        *first = false;
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            column.write(row, json)?;
        }
        json.push(b']');
    }
    Ok(())
}

/// Returns an answer of columns. It collects all rows first, in memory reserved from the queries'
/// memory.
pub(super) async fn columns(
    titles: &[ColumnTitle],
    mut batches: Batches,
    session: &Session,
    rows: &Counter,
) -> Result<ByteStream, Error> {
    let reserved = session.reserve("answer in columns");
    let mut collected = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        rows.inc_by(batch.num_rows() as u64);
        reserved.grow(batch.get_array_memory_size())?;
        collected.push(narrowed(batch)?);
    }
    let mut json = opening(titles)?;
    json.extend_from_slice(br#","data":["#);
    let start = stream::once(async { Ok(Bytes::from(json)) });
    let columns = titles.len();
    let rest = stream::try_unfold((collected, 0, reserved), move |(collected, column, reserved)| async move {
        if column == columns {
            return Ok(None);
        }
        let mut json = if column == 0 { b"[".to_vec() } else { b",[".to_vec() };
        let mut first = true;
        for batch in &collected {
            if let Some(cells) = Cells::of(batch)?.get(column) {
                for row in 0..batch.num_rows() {
                    if !first {
                        json.push(b',');
                    }
                    first = false;
                    cells.write(row, &mut json)?;
                }
            }
        }
        json.push(b']');
        Ok(Some((Bytes::from(json), (collected, column + 1, reserved))))
    });
    let end = stream::once(async { Ok(Bytes::from_static(b"]}")) });
    Ok(start.chain(rest).chain(end).boxed())
}
