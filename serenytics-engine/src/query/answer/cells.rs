//! Writes the cells of Arrow arrays as JSON or text, directly into the bytes of an answer.

use std::io::Write;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};

use jiff::SignedDuration;

use crate::base::{Context, Error, ErrorKind};
use crate::rows::EPOCH;

/// Converts 128-bit sums of integers back to 64 bits. A sum that does not fit is an error.
pub(super) fn narrowed(batch: RecordBatch) -> Result<RecordBatch, Error> {
    let is_wide = |array: &ArrayRef| matches!(array.data_type(), DataType::Decimal128(_, 0));
    if !batch.columns().iter().any(is_wide) {
        return Ok(batch);
    }
    let narrow = |array: &ArrayRef| -> Result<ArrayRef, Error> {
        if !is_wide(array) {
            return Ok(Arc::clone(array));
        }
        let wide = array.as_primitive::<Decimal128Type>();
        let narrow: Int64Array = wide.try_unary(|sum| i64::try_from(sum).map_err(|_| too_large(sum)))?;
        Ok(Arc::new(narrow))
    };
    let columns = batch.columns().iter().map(narrow).collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_from_iter(columns.into_iter().enumerate().map(|(index, column)| (index.to_string(), column)))
        .context("the sums could not be combined")
}

fn too_large(sum: i128) -> Error {
    Error::rejected(format!(
        "a sum is {sum}, which does not fit an integer of 64 bits: add filters, use more groups, or load the \
         column as float"
    ))
}

/// A column of a batch, downcast to its type.
pub(super) enum Cells<'a> {
    Str(&'a StringArray),
    StrView(&'a StringViewArray),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    DateTime(&'a TimestampMicrosecondArray),
}

impl<'a> Cells<'a> {
    /// Downcasts the columns of a batch.
    pub(super) fn of(batch: &'a RecordBatch) -> Result<Vec<Cells<'a>>, Error> {
        let cells = |array: &'a ArrayRef| {
            Ok(match array.data_type() {
                DataType::Utf8 => Cells::Str(array.as_string()),
                DataType::Utf8View => Cells::StrView(array.as_string_view()),
                DataType::Int64 => Cells::Int(array.as_primitive::<Int64Type>()),
                DataType::Float64 => Cells::Float(array.as_primitive::<Float64Type>()),
                DataType::Timestamp(TimeUnit::Microsecond, None) => {
                    Cells::DateTime(array.as_primitive::<TimestampMicrosecondType>())
                }
                other => {
                    let message = format!("the query returned a column of type {other}");
                    return Err(Error::new(ErrorKind::Failed, message));
                }
            })
        };
        batch.columns().iter().map(cells).collect()
    }

    /// Writes the cell of a row as JSON.
    pub(super) fn write(&self, row: usize, json: &mut Vec<u8>) -> Result<(), Error> {
        if self.array().is_null(row) {
            json.extend_from_slice(b"null");
            return Ok(());
        }
        match self {
            Cells::Str(array) => string(array.value(row), json),
            Cells::StrView(array) => string(array.value(row), json),
            Cells::Int(array) => scalar(&array.value(row), json),
            // `serde_json` writes infinite numbers and NaN as null.
            Cells::Float(array) => scalar(&array.value(row), json),
            Cells::DateTime(array) => {
                json.push(b'"');
                datetime(array.value(row), json)?;
                json.push(b'"');
                Ok(())
            }
        }
    }

    /// Writes the cell of a row without quotes. Returns false if it is NULL.
    pub(super) fn write_text(&self, row: usize, text: &mut Vec<u8>) -> Result<bool, Error> {
        if self.array().is_null(row) {
            return Ok(false);
        }
        match self {
            // Infinite numbers and NaN are NULL, as in JSON.
            Cells::Float(array) if !array.value(row).is_finite() => return Ok(false),
            Cells::Str(array) => text.extend_from_slice(array.value(row).as_bytes()),
            Cells::StrView(array) => text.extend_from_slice(array.value(row).as_bytes()),
            Cells::Int(array) => scalar(&array.value(row), text)?,
            Cells::Float(array) => scalar(&array.value(row), text)?,
            Cells::DateTime(array) => datetime(array.value(row), text)?,
        }
        Ok(true)
    }

    fn array(&self) -> &dyn Array {
        match self {
            Cells::Str(array) => *array,
            Cells::StrView(array) => *array,
            Cells::Int(array) => *array,
            Cells::Float(array) => *array,
            Cells::DateTime(array) => *array,
        }
    }
}

fn string(text: &str, json: &mut Vec<u8>) -> Result<(), Error> {
    // Most strings have nothing to escape. Checking first is faster than writing byte by byte.
    let plain = |byte: &u8| *byte >= 0x20 && !matches!(byte, b'"' | b'\\');
    if text.as_bytes().iter().all(plain) {
        json.push(b'"');
        json.extend_from_slice(text.as_bytes());
        json.push(b'"');
        return Ok(());
    }
    scalar(text, json)
}

fn scalar<T: serde::Serialize + ?Sized>(value: &T, json: &mut Vec<u8>) -> Result<(), Error> {
    serde_json::to_writer(json, value).map_err(|error| Error::failed("a cell could not be written", error))
}

/// Writes a datetime in ISO 8601, with a fraction only if it is not zero.
fn datetime(microseconds: i64, json: &mut Vec<u8>) -> Result<(), Error> {
    const CONTEXT: &str = "a datetime could not be written";
    let datetime = EPOCH.checked_add(SignedDuration::from_micros(microseconds)).context(CONTEXT)?;
    write!(json, "{datetime}").context(CONTEXT)
}
