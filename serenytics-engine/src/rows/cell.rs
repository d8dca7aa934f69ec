//! Cells: typed values of a storage, and the record batches built from them.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Float64Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use serde_json::Value;
use serenytics_query::vocabulary::ColumnType;

use super::column::{Column, file_schema};
use super::number::{NumberLoss, NumberRule, is_missing, number_loss};
use super::scalar;
use crate::base::{Context, Error};

/// A typed value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// NULL.
    Null,
    /// A string.
    Str(String),
    /// An integer.
    Int(i64),
    /// A finite float.
    Float(f64),
    /// A datetime, in microseconds since 1970.
    DateTime(i64),
}

impl Cell {
    /// Converts a JSON value to a cell of a column. Returns `None` if it does not fit. A numeric
    /// column accepts strings that contain a number; a text column accepts numbers and booleans. A
    /// spelling of a missing value is NULL, except in a text column.
    pub(crate) fn from_json(value: &Value, column_type: ColumnType, rule: NumberRule) -> Option<Cell> {
        if rule == NumberRule::Unchanged && value_loss(value, column_type).is_some() {
            return None;
        }
        Some(match (value, column_type) {
            (Value::Null, _) => Cell::Null,
            (Value::String(text), ColumnType::Int | ColumnType::Float | ColumnType::DateTime) if is_missing(text) => {
                Cell::Null
            }
            (Value::Number(number), ColumnType::Int) => Cell::Int(whole(number)?),
            (Value::Number(number), ColumnType::Float) => {
                Cell::Float(number.as_f64().filter(|value| value.is_finite())?)
            }
            (Value::Number(number), ColumnType::Str) => Cell::Str(number.to_string()),
            (Value::Bool(value), ColumnType::Str) => Cell::Str(value.to_string()),
            (Value::String(text), ColumnType::Str) => Cell::Str(text.clone()),
            (Value::String(text), ColumnType::Int) => Cell::Int(scalar::int(text)?),
            (Value::String(text), ColumnType::Float) => Cell::Float(scalar::float(text)?),
            (Value::String(text), ColumnType::DateTime) => Cell::DateTime(scalar::datetime(text)?),
            _ => return None,
        })
    }
}

/// Returns what a JSON value loses in a numeric column.
pub(crate) fn value_loss(value: &Value, column_type: ColumnType) -> Option<NumberLoss> {
    match value {
        Value::String(text) => number_loss(text, column_type),
        // A float was read from JSON already, so it cannot lose anything more.
        Value::Number(number) if column_type == ColumnType::Float && !number.is_f64() => {
            number_loss(&number.to_string(), column_type)
        }
        _ => None,
    }
}

/// A row: cells with the index of their column, in the order of the columns. Missing columns are
/// NULL.
pub(crate) type Row = Vec<(usize, Cell)>;

/// Converts a JSON number to an integer if it is a whole number: 2.0 is, 2.5 is not.
fn whole(number: &serde_json::Number) -> Option<i64> {
    if let Some(value) = number.as_i64() {
        return Some(value);
    }
    let value = number.as_f64()?;
    // Above 2^53, a float does not identify exactly one integer.
    let exact = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
    exact.then_some(value as i64)
}

enum Builder {
    Str(StringBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    DateTime(TimestampMicrosecondBuilder),
}

impl Builder {
    fn new(column_type: ColumnType) -> Builder {
        match column_type {
            ColumnType::Str => Builder::Str(StringBuilder::new()),
            ColumnType::Int => Builder::Int(Int64Builder::new()),
            ColumnType::Float => Builder::Float(Float64Builder::new()),
            ColumnType::DateTime => Builder::DateTime(TimestampMicrosecondBuilder::new()),
        }
    }

    /// Appends a cell. A cell of another type than the column's counts as NULL; the readers never
    /// make one.
    fn append(&mut self, cell: &Cell) {
        match (self, cell) {
            (Builder::Str(builder), Cell::Str(text)) => builder.append_value(text),
            (Builder::Int(builder), Cell::Int(value)) => builder.append_value(*value),
            (Builder::Float(builder), Cell::Float(value)) => builder.append_value(*value),
            (Builder::DateTime(builder), Cell::DateTime(value)) => builder.append_value(*value),
            (Builder::Str(builder), _) => builder.append_null(),
            (Builder::Int(builder), _) => builder.append_null(),
            (Builder::Float(builder), _) => builder.append_null(),
            (Builder::DateTime(builder), _) => builder.append_null(),
        }
    }

    /// Appends a field of a file. Returns false if it does not fit the column. An empty field is
    /// NULL.
    fn append_field(&mut self, field: &str, rule: NumberRule) -> bool {
        let missing = field.is_empty() || is_missing(field);
        let fits = |column_type| rule == NumberRule::Any || number_loss(field, column_type).is_none();
        match self {
            Builder::Str(builder) if field.is_empty() => builder.append_null(),
            Builder::Str(builder) => builder.append_value(field),
            Builder::Int(builder) if missing => builder.append_null(),
            Builder::Float(builder) if missing => builder.append_null(),
            Builder::DateTime(builder) if missing => builder.append_null(),
            Builder::Int(_) if !fits(ColumnType::Int) => return false,
            Builder::Float(_) if !fits(ColumnType::Float) => return false,
            Builder::Int(builder) => return scalar::int(field).map(|v| builder.append_value(v)).is_some(),
            Builder::Float(builder) => return scalar::float(field).map(|v| builder.append_value(v)).is_some(),
            Builder::DateTime(builder) => {
                return scalar::datetime(field).map(|v| builder.append_value(v)).is_some();
            }
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Builder::Str(builder) => Arc::new(builder.finish()),
            Builder::Int(builder) => Arc::new(builder.finish()),
            Builder::Float(builder) => Arc::new(builder.finish()),
            Builder::DateTime(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Collects rows into record batches of limited size.
pub(crate) struct BatchBuilder {
    schema: datafusion::arrow::datatypes::SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
    bytes: usize,
}

impl BatchBuilder {
    const ROWS: usize = 8192;
    const BYTES: usize = 16 * 1024 * 1024;

    /// Starts an empty batch with these columns.
    pub(crate) fn new(columns: &[Column]) -> BatchBuilder {
        let builders = columns.iter().map(|column| Builder::new(column.column_type)).collect();
        BatchBuilder { schema: file_schema(columns), builders, rows: 0, bytes: 0 }
    }

    /// Appends a row. Returns the batch if it is full.
    pub(crate) fn row(&mut self, row: &Row) -> Result<Option<RecordBatch>, Error> {
        let mut cells = row.iter().peekable();
        for (index, builder) in self.builders.iter_mut().enumerate() {
            let cell = cells.next_if(|(column, _)| *column == index).map_or(&Cell::Null, |(_, cell)| cell);
            self.bytes += match cell {
                Cell::Str(text) => text.len() + 8,
                _ => 8,
            };
            builder.append(cell);
        }
        self.end_row()
    }

    /// Appends a field of a file to the current row. Returns false if it does not fit its column.
    /// Every column must get a field before [`BatchBuilder::end_row`].
    pub(crate) fn field(&mut self, column: usize, field: &str, rule: NumberRule) -> bool {
        self.bytes += field.len() + 8;
        self.builders.get_mut(column).is_some_and(|builder| builder.append_field(field, rule))
    }

    /// Ends the current row. Returns the batch if it is full.
    pub(crate) fn end_row(&mut self) -> Result<Option<RecordBatch>, Error> {
        self.rows += 1;
        if self.rows >= Self::ROWS || self.bytes >= Self::BYTES {
            return self.finish();
        }
        Ok(None)
    }

    /// Returns the rest of the rows, if there are any.
    pub(crate) fn finish(&mut self) -> Result<Option<RecordBatch>, Error> {
        if self.rows == 0 {
            return Ok(None);
        }
        self.rows = 0;
        self.bytes = 0;
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays);
        batch.context("the rows could not be combined").map(Some)
    }
}
