//! Exports as record batches, parsed from CSV.

use arrow_array::RecordBatch;
use csv::StringRecord;
use serenytics_query::datetime;
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::ColumnTitle;

use crate::arrow::BatchStream;
use crate::arrow::build::{BATCH, BatchBuilder, Cell, Type, micros};
use crate::data_source::DataSource;
use crate::error::Error;
use crate::export::{Export, Exportable, Records, batches};

impl Export<'_> {
    /// Exports to Arrow record batches while the file arrives, in constant memory. The columns have
    /// the types of the source; a column of an unknown type becomes a string column.
    ///
    /// An empty field of the file is NULL, also in a string column: CSV does not distinguish it
    /// from an empty string.
    ///
    /// # Errors
    /// Returns an error if the source no longer exists, the timeout passes, or the server cannot be
    /// reached or rejects the request. The stream returns an error if a cell does not have the type
    /// of its column.
    pub async fn arrow(mut self) -> Result<BatchStream, Error> {
        let deadline = self.deadline();
        let titles = self.source.columns_until(deadline).await?;
        let types: Vec<Type> = titles.iter().map(type_of).collect();
        let fields = titles.iter().zip(&types).map(|(title, of)| of.field(&title.name, true)).collect();
        let builder = BatchBuilder::new(fields);
        let schema = builder.schema().clone();
        if titles.is_empty() {
            // The storage was never loaded.
            return Ok(BatchStream::new(schema, Box::pin(futures_util::stream::empty())));
        }
        let download = self.begin_csv(deadline).await?;
        let records = ArrowRecords { source: self.source.clone(), titles, types, builder, indexes: Vec::new() };
        Ok(BatchStream::new(schema, batches(download, self.separator, records, self.take_progress())))
    }
}

fn type_of(title: &ColumnTitle) -> Type {
    match title.column_type() {
        Some(ColumnType::Int) => Type::Int,
        Some(ColumnType::Float) => Type::Float,
        Some(ColumnType::DateTime) => Type::DateTime,
        Some(ColumnType::Str) | None => Type::Text,
    }
}

/// Parses records into batches.
struct ArrowRecords {
    source: DataSource,
    titles: Vec<ColumnTitle>,
    types: Vec<Type>,
    builder: BatchBuilder,
    /// The index of each column in a record.
    indexes: Vec<usize>,
}

impl Records for ArrowRecords {
    type Batch = RecordBatch;

    fn header(&mut self, names: &[String]) -> Result<(), String> {
        self.indexes =
            Exportable::of(&self.source).indexes(self.titles.iter().map(|title| title.name.as_str()), names)?;
        Ok(())
    }

    fn record(&mut self, number: u64, record: &StringRecord) -> Result<Option<RecordBatch>, String> {
        let mut cells = Vec::with_capacity(self.types.len());
        for ((of, at), title) in self.types.iter().zip(&self.indexes).zip(&self.titles) {
            let field = record.get(*at).unwrap_or_default();
            let cell = cell(field, *of).ok_or_else(|| {
                let ColumnTitle { name, type_name } = title;
                format!("row {number}, column `{name}`: {field:?} is not a valid {type_name}")
            })?;
            cells.push(cell);
        }
        self.builder.append(cells);
        if self.builder.rows() < BATCH { Ok(None) } else { self.builder.take().map(Some) }
    }

    fn rest(&mut self) -> Result<Option<RecordBatch>, String> {
        if self.builder.rows() == 0 { Ok(None) } else { self.builder.take().map(Some) }
    }
}

/// Parses a field as a cell of this type. Returns `None` if it is not valid.
fn cell(field: &str, of: Type) -> Option<Cell> {
    if field.is_empty() {
        return Some(Cell::Null);
    }
    match of {
        Type::Text => Some(Cell::Text(field.to_owned())),
        Type::Int => {
            // In a column with NULLs, integers may be written as floats.
            let whole = field.split_once('.').filter(|(_, rest)| rest.bytes().all(|digit| digit == b'0'));
            whole.map_or(field, |(digits, _)| digits).parse().ok().map(Cell::Int)
        }
        Type::Float => field.parse().ok().map(Cell::Float),
        Type::DateTime => datetime::parse(field).ok().and_then(micros).map(Cell::DateTime),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_field_is_parsed_by_its_column_type() {
        let read = |field: &str, of| cell(field, of).map(|cell| format!("{cell:?}"));
        assert_eq!(read("", Type::Int).unwrap(), "Null");
        assert_eq!(read("7.0", Type::Int).unwrap(), "Int(7)");
        assert_eq!(read("1970-01-01 00:00:01", Type::DateTime).unwrap(), "DateTime(1000000)");
        assert_eq!(read("1e3", Type::Float).unwrap(), "Float(1000.0)");
        assert!(
            read("7.5", Type::Int).is_none() && read("x", Type::Float).is_none() && read("x", Type::DateTime).is_none()
        );
    }
}
