//! Answers in CSV: the bytes of a query's rows, one piece a record batch, while the query runs.

use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use futures_util::stream;
use futures_util::{StreamExt, TryStreamExt};
use serenytics_query::wire::ColumnTitle;

use super::answer::{Batches, Pieces};
use super::cells::{Cells, narrowed};
use super::input::Input;
use crate::error::Error;

/// A header and the rows. The first rows are there when this returns, so that what goes wrong early is an error by itself.
/// What the query reads is kept until the last row was read.
pub(super) async fn rows(titles: &[ColumnTitle], mut batches: Batches, input: Input) -> Result<Pieces, Error> {
    let mut csv = Vec::new();
    for (index, title) in titles.iter().enumerate() {
        separate(index, &mut csv);
        field(title.name.as_bytes(), &mut csv);
    }
    csv.extend_from_slice(END);
    if let Some(batch) = batches.next().await {
        write_rows(&narrowed(batch?)?, &mut csv)?;
    }
    let start = stream::once(async { Ok(Bytes::from(csv)) });
    let rest = stream::try_unfold((batches, input), |(mut batches, input)| async move {
        let Some(batch) = batches.try_next().await? else { return Ok(None) };
        let mut csv = Vec::with_capacity(batch.num_rows() * batch.num_columns() * 8);
        write_rows(&narrowed(batch)?, &mut csv)?;
        Ok(Some((Bytes::from(csv), (batches, input))))
    });
    Ok(start.chain(rest).boxed())
}

/// What ends a line.
const END: &[u8] = b"\r\n";

fn write_rows(batch: &RecordBatch, csv: &mut Vec<u8>) -> Result<(), Error> {
    let columns = Cells::of(batch)?;
    let mut cell = Vec::new();
    for row in 0..batch.num_rows() {
        for (index, column) in columns.iter().enumerate() {
            separate(index, csv);
            cell.clear();
            if column.write_plain(row, &mut cell)? {
                field(&cell, csv);
            }
        }
        csv.extend_from_slice(END);
    }
    Ok(())
}

fn separate(index: usize, csv: &mut Vec<u8>) {
    if index > 0 {
        csv.push(b',');
    }
}

/// A field that is no NULL. An empty text is quoted, by which it differs from NULL.
fn field(text: &[u8], csv: &mut Vec<u8>) {
    let is_plain = !text.is_empty() && !text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
    if is_plain {
        csv.extend_from_slice(text);
        return;
    }
    csv.push(b'"');
    for &byte in text {
        if byte == b'"' {
            csv.push(b'"');
        }
        csv.push(byte);
    }
    csv.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_have_to_be() {
        let written = |text: &str| {
            let mut csv = Vec::new();
            field(text.as_bytes(), &mut csv);
            String::from_utf8(csv).unwrap()
        };
        assert_eq!(written("été; 1.5"), "été; 1.5");
        assert_eq!(written(""), r#""""#);
        assert_eq!(written("a,b"), r#""a,b""#);
        assert_eq!(written("a\"b\r\n"), "\"a\"\"b\r\n\"");
    }
}
