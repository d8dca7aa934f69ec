//! Exports as typed rows, parsed from CSV.

use csv::StringRecord;
use serenytics_query::cell::{CellReader, Row};
use serenytics_query::schema::Column;
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::source::Source;
use serenytics_query::vocabulary::ColumnType;

use crate::answer::{RowStream, describe};
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::export::Export;
use crate::export::names::Exportable;
use crate::export::records::{Records, batches};

/// Number of rows in a batch.
const BATCH: usize = 512;

impl Export<'_> {
    /// Exports to rows of `R`, one by one while they arrive, in constant memory.
    ///
    /// `S` declares the source, and each field of `R` is filled by the column that `S` declares
    /// under its name. Use `Vec<serde_json::Value>` for all declared columns that are stored.
    ///
    /// An empty field of the file is NULL, or an empty string if the field of `R` is not an
    /// `Option`: CSV does not distinguish the two.
    ///
    /// ```
    /// # use serenytics_core::{DataSource, Error};
    /// # use serenytics_query::{cell::Row, source::Source};
    /// async fn count<S: Source, R: Row + Send + 'static>(source: &DataSource) -> Result<u64, Error> {
    ///     let mut rows = source.export().rows::<S, R>().await?;
    ///     let mut count = 0;
    ///     while let Some(_row) = rows.try_next().await? {
    ///         count += 1;
    ///     }
    ///     Ok(count)
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns an error if `S` does not declare a field of `R`, or the field has another type
    /// (nothing is sent then), the timeout passes, or the server cannot be reached or rejects the
    /// request. The stream returns an error with row and column if a cell does not match the
    /// declaration.
    pub async fn rows<S: Source, R: Row + Send + 'static>(mut self) -> Result<RowStream<R>, Error> {
        let columns = Exportable::of(self.source).columns(&S::schema(), R::field_names().as_deref())?;
        let shape: Vec<OutputColumn> = columns.iter().map(output).collect();
        if let Some(problem) = R::problem(&shape) {
            return Err(Error::new(Kind::Usage, format!("nothing was exported: {problem}")));
        }
        let download = self.begin_csv(self.deadline()).await?;
        let records = TypedRecords::<R> {
            source: self.source.clone(),
            nullable: R::nullable_fields(),
            columns,
            shape,
            indexes: Vec::new(),
            json: Vec::new(),
            rows: Vec::new(),
        };
        Ok(RowStream::of_batches(batches(download, self.separator, records, self.take_progress())))
    }
}

fn output(column: &Column) -> OutputColumn {
    OutputColumn {
        name: column.name.clone().into(),
        origin: column.wire.clone().into(),
        output_type: OutputType::Column(column.column_type),
        nullable: column.nullable,
        bare: true,
    }
}

/// Parses records into rows, through the JSON of a query result.
struct TypedRecords<R> {
    source: DataSource,
    /// Whether each field is nullable; `None` if all are.
    nullable: Option<Vec<bool>>,
    columns: Vec<Column>,
    shape: Vec<OutputColumn>,
    /// The index of each column in a record.
    indexes: Vec<usize>,
    json: Vec<u8>,
    rows: Vec<R>,
}

impl<R: Row + Send + 'static> Records for TypedRecords<R> {
    type Batch = Vec<R>;

    fn header(&mut self, names: &[String]) -> Result<(), String> {
        let wires = self.columns.iter().map(|column| column.wire.as_str());
        self.indexes = Exportable::of(&self.source).indexes(wires, names)?;
        Ok(())
    }

    fn record(&mut self, number: u64, record: &StringRecord) -> Result<Option<Vec<R>>, String> {
        self.json.clear();
        self.json.push(b'[');
        for (index, (column, at)) in self.columns.iter().zip(&self.indexes).enumerate() {
            if index > 0 {
                self.json.push(b',');
            }
            let nullable = self.nullable.as_ref().is_none_or(|nullable| nullable.get(index) == Some(&true));
            cell(record.get(*at).unwrap_or_default(), column.column_type, nullable, &mut self.json);
        }
        self.json.push(b']');
        let row = CellReader::new(&self.json).row(self.columns.len(), R::read);
        self.rows.push(row.map_err(|error| describe(&self.shape, number, &error))?);
        Ok((self.rows.len() >= BATCH).then(|| std::mem::take(&mut self.rows)))
    }

    fn rest(&mut self) -> Result<Option<Vec<R>>, String> {
        Ok(Some(std::mem::take(&mut self.rows)))
    }
}

/// Writes a field of a file as the JSON of a cell. An invalid number becomes a string, which the
/// typed field rejects.
fn cell(field: &str, column_type: ColumnType, nullable: bool, json: &mut Vec<u8>) {
    let is_text = column_type == ColumnType::Str;
    if field.is_empty() && (nullable || !is_text) {
        json.extend_from_slice(b"null");
    } else if column_type.is_numeric() && field.parse::<f64>().is_ok_and(f64::is_finite) {
        json.extend_from_slice(field.as_bytes());
    } else {
        json.extend_from_slice(serde_json::Value::from(field).to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(field: &str, column_type: ColumnType, nullable: bool) -> String {
        let mut json = Vec::new();
        cell(field, column_type, nullable, &mut json);
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn exported_fields_become_json_cells() {
        assert_eq!(json("", ColumnType::Str, true), "null");
        assert_eq!(json("", ColumnType::Str, false), "\"\"");
        assert_eq!(json("", ColumnType::Int, false), "null");
        assert_eq!(json("é\"", ColumnType::Str, true), "\"é\\\"\"");
        assert_eq!(json("-1.5e3", ColumnType::Float, true), "-1.5e3");
        assert_eq!(json("inf", ColumnType::Float, true), "\"inf\"");
        assert_eq!(json("2016-06-28 12:46:33", ColumnType::DateTime, true), "\"2016-06-28 12:46:33\"");
    }
}
