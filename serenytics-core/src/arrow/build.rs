//! Arrow columns that are built cell by cell.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use jiff::tz::Offset;
use serenytics_query::datetime::DateTime;

/// Minimum number of rows in a batch, except the last.
pub(crate) const BATCH: usize = 8192;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Int,
    Float,
    DateTime,
}

impl Type {
    fn data_type(self) -> DataType {
        match self {
            Type::Text => DataType::Utf8,
            Type::Int => DataType::Int64,
            Type::Float => DataType::Float64,
            Type::DateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }

    /// Returns the field of a schema.
    pub(crate) fn field(self, name: &str, nullable: bool) -> Field {
        Field::new(name, self.data_type(), nullable)
    }
}

/// A cell of a row that is being read.
#[derive(Debug)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Int(i64),
    Float(f64),
    /// Microseconds since 1970.
    DateTime(i64),
}

/// Converts a datetime to microseconds since 1970. Returns `None` if it is out of Arrow's range.
pub(crate) fn micros(datetime: DateTime) -> Option<i64> {
    Offset::UTC.to_timestamp(datetime).ok().map(|timestamp| timestamp.as_microsecond())
}

/// A column that is being built.
enum Column {
    Text(StringBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    DateTime(TimestampMicrosecondBuilder),
}

impl Column {
    fn new(data_type: &DataType) -> Column {
        match data_type {
            DataType::Int64 => Column::Int(Int64Builder::new()),
            DataType::Float64 => Column::Float(Float64Builder::new()),
            DataType::Timestamp(..) => Column::DateTime(TimestampMicrosecondBuilder::new()),
            _ => Column::Text(StringBuilder::new()),
        }
    }

    /// Appends a cell. A cell of another type than the column's would become NULL, but readers
    /// never create one.
    fn append(&mut self, cell: Cell) {
        match (self, cell) {
            (Column::Text(builder), Cell::Text(text)) => builder.append_value(text),
            (Column::Int(builder), Cell::Int(value)) => builder.append_value(value),
            (Column::Float(builder), Cell::Float(value)) => builder.append_value(value),
            (Column::DateTime(builder), Cell::DateTime(value)) => builder.append_value(value),
            (Column::Text(builder), _) => builder.append_null(),
            (Column::Int(builder), _) => builder.append_null(),
            (Column::Float(builder), _) => builder.append_null(),
            (Column::DateTime(builder), _) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Text(builder) => Arc::new(builder.finish()),
            Column::Int(builder) => Arc::new(builder.finish()),
            Column::Float(builder) => Arc::new(builder.finish()),
            Column::DateTime(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Collects rows into batches.
pub(crate) struct BatchBuilder {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
}

impl BatchBuilder {
    pub(crate) fn new(fields: Vec<Field>) -> BatchBuilder {
        let columns = fields.iter().map(|field| Column::new(field.data_type())).collect();
        BatchBuilder { schema: Arc::new(Schema::new(fields)), columns, rows: 0 }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Returns the number of rows so far in the next batch.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Appends a row, with one cell for each column.
    pub(crate) fn append(&mut self, cells: impl IntoIterator<Item = Cell>) {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.append(cell);
        }
        self.rows += 1;
    }

    /// Takes the rows since the last call, possibly none. The error is a sentence.
    pub(crate) fn take(&mut self) -> Result<RecordBatch, String> {
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options).map_err(|error| error.to_string())
    }
}
