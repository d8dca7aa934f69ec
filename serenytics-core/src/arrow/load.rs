//! Reloads and updates from record batches.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Schema, TimeUnit};
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use jiff::tz::Offset;
use serenytics_query::datetime;
use serenytics_query::load_row::{Fields, LoadCell};
use serenytics_query::value::WireValue;

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::load::{Chunk, CsvText, ForceType, Format, LazyRows, Load, StartedRows};

impl DataSource {
    /// Replaces all rows and columns of the storage with those of Arrow record batches, or of an
    /// Arrow reader. They are sent like those of [`reload`](Self::reload).
    ///
    /// The columns keep their Arrow types: integers, floats and decimals, strings (also in
    /// dictionaries), dates and timestamps, which are converted to UTC. Booleans become strings.
    /// Lists, structs, times and binary data are an error.
    ///
    /// ```no_run
    /// # async fn load(client: serenytics_core::Client, batches: Vec<arrow_array::RecordBatch>) -> Result<(), serenytics_core::Error> {
    /// client.get_or_create_storage("sales").await?.reload_from_arrow(batches).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "reload_data_from_dataframe")]
    pub fn reload_from_arrow<'s, I>(&'s self, batches: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: IntoBatch,
    {
        Load::of_rows(self, lazy_rows(batches.into_iter()), None)
    }

    /// Inserts the rows of Arrow record batches, with the types of
    /// [`reload_from_arrow`](Self::reload_from_arrow). Each replaces the row with the same value in
    /// the column `primary_key`, if there is one; the other rows stay.
    pub fn update_from_arrow<'s, I>(&'s self, primary_key: impl Into<String>, batches: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: IntoBatch,
    {
        Load::of_rows(self, lazy_rows(batches.into_iter()), Some(primary_key.into()))
    }
}

/// A record batch, or an item of an Arrow reader: a batch or an error.
pub trait IntoBatch: Send + 'static {
    #[doc(hidden)]
    fn into_batch(self) -> Result<RecordBatch, ArrowError>;
}

impl IntoBatch for RecordBatch {
    fn into_batch(self) -> Result<RecordBatch, ArrowError> {
        Ok(self)
    }
}

impl IntoBatch for Result<RecordBatch, ArrowError> {
    fn into_batch(self) -> Result<RecordBatch, ArrowError> {
        self
    }
}

fn lazy_rows<'s, B: IntoBatch>(batches: impl Iterator<Item = B> + Send + 's) -> LazyRows<'s> {
    let mut batches = batches.map(IntoBatch::into_batch);
    LazyRows::new(|format: Format| async move {
        let unsent = |message: String| Error::new(Kind::Usage, format!("nothing was sent: {message}"));
        let broken = |error: ArrowError| {
            Error::new(Kind::Usage, format!("nothing was loaded: reading a batch failed: {error}")).caused_by(error)
        };
        let first = batches.next().ok_or_else(|| unsent("there are no batches to take the columns from".to_owned()))?;
        let first = first.map_err(broken)?;
        let schema = first.schema();
        let types = types(&schema).map_err(unsent)?;
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let columns = format.columns.clone().unwrap_or_else(|| names.clone());
        let mut text = CsvText::new(&format, columns).map_err(unsent)?;
        let columns = text.columns().to_vec();
        write(&first, &mut text).map_err(|message| unsent(message.clone()))?;
        let start = Chunk { text: text.take(), rows: text.rows() };
        let rest = stream::iter(batches).map(move |batch| {
            let batch = batch.map_err(broken)?;
            if batch.schema().fields() != schema.fields() {
                let message = "nothing was loaded: a batch has other columns than the first one";
                return Err(Error::new(Kind::Usage, message));
            }
            write(&batch, &mut text)
                .map_err(|message| Error::new(Kind::Usage, format!("nothing was loaded: {message}")))?;
            Ok(Chunk { text: text.take(), rows: text.rows() })
        });
        let chunks = stream::iter([Ok(start)]).chain(rest).boxed();
        Ok(StartedRows { columns, types: names.into_iter().zip(types).collect(), strings: Vec::new(), chunks })
    })
}

/// Returns the warehouse's types for the columns of a schema. The error is a sentence.
fn types(schema: &Schema) -> Result<Vec<ForceType>, String> {
    let of = |data_type: &DataType| {
        Some(match cast_type(data_type)? {
            DataType::Int64 => ForceType::Int64,
            DataType::Float64 => ForceType::Float64,
            DataType::Timestamp(..) => ForceType::DateTime,
            _ if data_type.is_decimal() => ForceType::Float64,
            _ => ForceType::Str,
        })
    };
    let columns = schema.fields().iter();
    columns
        .map(|field| {
            of(field.data_type()).ok_or_else(|| {
                format!(
                    "column `{}` is of type {}, which the warehouse does not support",
                    field.name(),
                    field.data_type()
                )
            })
        })
        .collect()
}

/// Returns the type that an array is cast to before it is read, or `None` if the warehouse does not
/// support it.
fn cast_type(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Dictionary(_, values) => cast_type(values)?,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DataType::Utf8,
        DataType::Boolean => DataType::Boolean,
        DataType::Date32 | DataType::Date64 => DataType::Timestamp(TimeUnit::Microsecond, None),
        // With a time zone, the values are in UTC, whatever the zone.
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        // As strings, because a float may lose digits.
        decimal if decimal.is_decimal() => DataType::Utf8,
        number if number.is_integer() => DataType::Int64,
        number if number.is_floating() => DataType::Float64,
        _ => return None,
    })
}

/// Writes the rows of a batch. The error is a sentence.
fn write(batch: &RecordBatch, text: &mut CsvText) -> Result<(), String> {
    let schema = batch.schema();
    let mut arrays: Vec<(&str, ArrayRef, bool)> = Vec::new();
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        let (name, data_type) = (field.name(), field.data_type());
        let target = cast_type(data_type).ok_or_else(|| format!("column `{name}` is of type {data_type}"))?;
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let array = cast_with_options(array, &target, &options).map_err(|error| format!("column `{name}`: {error}"))?;
        arrays.push((name, array, data_type.is_decimal()));
    }
    let mut fields = Fields::default();
    for row in 0..batch.num_rows() {
        fields.clear();
        for (name, array, is_decimal) in &arrays {
            let cell = cell(array, row, *is_decimal)
                .map_err(|message| format!("row {}, column `{name}`: {message}", text.rows() + 1))?;
            fields.push(name, cell);
        }
        text.row(&fields)?;
    }
    Ok(())
}

fn cell(array: &ArrayRef, row: usize, is_decimal: bool) -> Result<LoadCell, String> {
    if array.is_null(row) {
        return Ok(LoadCell::Null);
    }
    Ok(match array.data_type() {
        DataType::Int64 => LoadCell::Number(array.as_primitive::<Int64Type>().value(row).to_string()),
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            let number = WireValue::float(value).ok_or_else(|| format!("{value} is not a finite number"))?;
            LoadCell::Number(number.scalar().to_owned())
        }
        DataType::Timestamp(..) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let timestamp = Timestamp::from_microsecond(micros).map_err(|error| error.to_string())?;
            LoadCell::Text(datetime::print(Offset::UTC.to_datetime(timestamp)))
        }
        DataType::Boolean => LoadCell::Bool(array.as_boolean().value(row)),
        _ => {
            let text = array.as_string::<i32>().value(row).to_owned();
            if is_decimal { LoadCell::Number(text) } else { LoadCell::Text(text) }
        }
    })
}
