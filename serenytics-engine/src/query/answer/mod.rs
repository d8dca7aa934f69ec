//! Answers: the bytes of a query's JSON, one chunk a record batch, while the query runs.

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
use serenytics_query::wire::ColumnTitle;

use self::cells::{Cells, narrowed};
pub(crate) use self::export::export;
pub use self::export::{ExportFormat, ExportOptions};
pub(super) use self::titles::title;
use crate::base::Error;
use crate::query::input::Input;
use crate::session::{Session, run_error};

/// The pieces of an answer's body.
pub type ByteStream = stream::BoxStream<'static, Result<Bytes, Error>>;

/// The record batches of an answer.
pub(super) type Batches = stream::BoxStream<'static, Result<RecordBatch, Error>>;

/// How an answer lays out its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// A list of rows, each a list of cells.
    Rows,
    /// A list of columns, each a list of cells. The platform's documentation does not say what the default is.
    Columns,
    /// Lines of CSV.
    Csv,
}

/// An answer without data.
pub(super) fn headers(titles: &[ColumnTitle]) -> Result<ByteStream, Error> {
    let mut json = opening(titles)?;
    json.push(b'}');
    Ok(stream::once(async { Ok(Bytes::from(json)) }).boxed())
}

/// The beginning of every answer, open at its end.
fn opening(titles: &[ColumnTitle]) -> Result<Vec<u8>, Error> {
    let mut json = br#"{"status":"ok","columns_titles":"#.to_vec();
    serde_json::to_writer(&mut json, titles)
        .map_err(|error| Error::failed("the titles could not be written", error))?;
    Ok(json)
}

/// Batches of several plans, one plan after the other, up to a number of rows that all of them give between them.
pub(super) fn in_turn(plans: Vec<SendableRecordBatchStream>, limit: Option<usize>) -> Batches {
    let left = limit.unwrap_or(usize::MAX);
    let batches = stream::iter(plans).flatten().map_err(run_error);
    let cut = stream::try_unfold((batches, left), |(mut batches, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let Some(batch) = batches.try_next().await? else { return Ok(None) };
        let batch = batch.slice(0, batch.num_rows().min(left));
        let left = left - batch.num_rows();
        Ok(Some((batch, (batches, left))))
    });
    cut.boxed()
}

/// How large the first piece of an answer is. What goes wrong behind it can only cut the connection.
const FIRST_PIECE: usize = 1024 * 1024;

/// An answer of rows. Its first piece is there when this returns, so that what goes wrong in it is an error by itself.
/// What the query reads is kept until the last row was read.
pub(super) async fn rows(
    titles: &[ColumnTitle],
    mut batches: Batches,
    input: Input,
    rows: Counter,
) -> Result<ByteStream, Error> {
    let mut json = opening(titles)?;
    json.extend_from_slice(br#","data":["#);
    let mut first = true;
    while json.len() < FIRST_PIECE
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

/// An answer of columns, for which all rows have to be held; the queries' memory pays for them.
pub(super) async fn columns(
    titles: &[ColumnTitle],
    mut batches: Batches,
    session: &Session,
    rows: &Counter,
) -> Result<ByteStream, Error> {
    let reserved = session.reserve("answer in columns");
    let mut held = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        rows.inc_by(batch.num_rows() as u64);
        reserved.grow(batch.get_array_memory_size())?;
        held.push(narrowed(batch)?);
    }
    let mut json = opening(titles)?;
    json.extend_from_slice(br#","data":["#);
    let start = stream::once(async { Ok(Bytes::from(json)) });
    let columns = titles.len();
    let rest = stream::try_unfold((held, 0, reserved), move |(held, column, reserved)| async move {
        if column == columns {
            return Ok(None);
        }
        let mut json = if column == 0 { b"[".to_vec() } else { b",[".to_vec() };
        let mut first = true;
        for batch in &held {
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
        Ok(Some((Bytes::from(json), (held, column + 1, reserved))))
    });
    let end = stream::once(async { Ok(Bytes::from_static(b"]}")) });
    Ok(start.chain(rest).chain(end).boxed())
}
