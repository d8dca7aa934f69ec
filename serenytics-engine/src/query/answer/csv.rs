//! Answers in CSV: the bytes of a query's rows, one piece a record batch, while the query runs.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use prometheus_client::metrics::counter::Counter;
use serenytics_query::wire::ColumnTitle;

use super::cells::narrowed;
use super::export::CsvText;
use super::{Batches, ByteStream};
use crate::base::Error;
use crate::query::input::Input;

/// A header and the rows, as exports write them. The first rows are there when this returns, so that what goes wrong
/// early is an error by itself. What the query reads is kept until the last row was read.
pub(in crate::query) async fn rows(
    titles: &[ColumnTitle],
    batches: Batches,
    input: Input,
    rows: Counter,
) -> Result<ByteStream, Error> {
    let text = CsvText::begin(titles.iter().map(|title| title.name.as_str()), b',', false);
    let mut pieces =
        stream::try_unfold((batches, Some(text), input, rows), |(mut batches, text, input, rows)| async move {
            let Some(mut text) = text else { return Ok(None) };
            let Some(batch) = batches.try_next().await? else {
                return Ok(Some((Bytes::from(text.finish()), (batches, None, input, rows))));
            };
            rows.inc_by(batch.num_rows() as u64);
            let piece = Bytes::from(text.write(&narrowed(batch)?)?);
            Ok(Some((piece, (batches, Some(text), input, rows))))
        })
        .boxed();
    let first = stream::iter(pieces.try_next().await?.map(Ok));
    Ok(first.chain(pieces).boxed())
}
