//! Answers in CSV: one chunk per record batch, written while the query runs.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use prometheus_client::metrics::counter::Counter;
use serenytics_query::wire::ColumnTitle;

use super::cells::narrowed;
use super::export::{CsvOptions, CsvText};
use super::{Batches, ByteStream};
use crate::base::Error;
use crate::query::input::Input;

/// Returns a header and the rows, written as in exports. The first chunk is ready on return, so
/// that early errors are returned before the answer begins. `input` is kept until the last row is
/// read.
pub(in crate::query) async fn rows(
    titles: &[ColumnTitle],
    batches: Batches,
    input: Input,
    rows: Counter,
    options: CsvOptions,
) -> Result<ByteStream, Error> {
    let text = CsvText::begin(titles.iter().map(|title| title.name.as_str()), options);
    let mut chunks =
        stream::try_unfold((batches, Some(text), input, rows), |(mut batches, text, input, rows)| async move {
            let Some(mut text) = text else { return Ok(None) };
            let Some(batch) = batches.try_next().await? else {
                return Ok(Some((Bytes::from(text.finish()), (batches, None, input, rows))));
            };
            rows.inc_by(batch.num_rows() as u64);
            let chunk = Bytes::from(text.write(&narrowed(batch)?)?);
            Ok(Some((chunk, (batches, Some(text), input, rows))))
        })
        .boxed();
    let first = stream::iter(chunks.try_next().await?.map(Ok));
    Ok(first.chain(chunks).boxed())
}
