//! Columns: their names and types in a storage, in Arrow and in Delta Lake.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;
use serde::{Deserialize, Serialize};
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::COUNT_COLUMN;

use crate::base::{Error, ErrorKind};

/// The maximum number of columns of a storage.
pub(crate) const MAX_COLUMNS: usize = 2000;

/// The maximum number of characters in a column name.
const MAX_NAME_LENGTH: usize = 255;

/// A column of a storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name on the wire.
    pub name: String,
    /// Its type.
    pub column_type: ColumnType,
}

/// Returns the Arrow type of a column in files.
pub(crate) fn file_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Str => DataType::Utf8,
        ColumnType::Int => DataType::Int64,
        ColumnType::Float => DataType::Float64,
        ColumnType::DateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
    }
}

/// Returns the schema of a storage's files.
pub(crate) fn file_schema(columns: &[Column]) -> SchemaRef {
    schema(columns, file_type)
}

/// Returns the schema with which queries read files.
pub(crate) fn query_schema(columns: &[Column]) -> SchemaRef {
    schema(columns, query_type)
}

/// Returns the Arrow type of a column in queries. Text is read as views, which group and compare
/// without copies.
pub(crate) fn query_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Str => DataType::Utf8View,
        column_type => file_type(column_type),
    }
}

fn schema(columns: &[Column], data_type: impl Fn(ColumnType) -> DataType) -> SchemaRef {
    let field = |column: &Column| Field::new(&column.name, data_type(column.column_type), true);
    Arc::new(ArrowSchema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// Casts a batch to another schema of the same columns.
pub(crate) fn cast_to(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let arrays = batch.columns().iter().zip(schema.fields()).map(|(array, field)| cast(array, field.data_type()));
    RecordBatch::try_new(Arc::clone(schema), arrays.collect::<Result<_, _>>()?)
}

/// Returns the columns of a table's Arrow schema.
pub(crate) fn columns_of(schema: &ArrowSchema) -> Result<Vec<Column>, Error> {
    let column = |field: &Arc<Field>| {
        let column_type = match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ColumnType::Str,
            DataType::Int64 => ColumnType::Int,
            DataType::Float64 => ColumnType::Float,
            DataType::Timestamp(TimeUnit::Microsecond, None) => ColumnType::DateTime,
            other => {
                let message =
                    format!("column {:?} has the type {other}, which this engine does not write", field.name());
                return Err(Error::new(ErrorKind::Failed, message));
            }
        };
        Ok(Column { name: field.name().clone(), column_type })
    };
    schema.fields().iter().map(column).collect()
}

/// Checks that there are not too many columns.
pub(crate) fn check_count(columns: usize) -> Result<(), Error> {
    if columns > MAX_COLUMNS {
        return Err(Error::rejected(format!(
            "there are {columns} columns, but a storage may have at most {MAX_COLUMNS}"
        )));
    }
    Ok(())
}

/// Checks the names of columns: not empty, unique, not too long, no control characters, not the
/// row count of queries.
///
/// Names that only differ in case count as equal, because Delta Lake ignores case.
pub(crate) fn check_names(names: &[String]) -> Result<(), Error> {
    check_count(names.len())?;
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, name) in names.iter().enumerate() {
        let place = index + 1;
        if name.is_empty() {
            return Err(Error::rejected(format!("column {place} has no name: add one")));
        }
        let length = name.chars().count();
        if length > MAX_NAME_LENGTH {
            return Err(Error::rejected(format!(
                "the name of column {place} has {length} characters and may have at most {MAX_NAME_LENGTH}"
            )));
        }
        if name.chars().any(char::is_control) {
            return Err(Error::rejected(format!("the name of column {place}, {name:?}, contains a control character")));
        }
        if name == COUNT_COLUMN {
            return Err(Error::rejected(format!(
                "column {place} is named {name:?}, which means the number of rows in a query: rename it"
            )));
        }
        if let Some(first) = seen.insert(name.to_lowercase(), index) {
            let other = &names[first];
            return Err(Error::rejected(if other == name {
                format!("columns {} and {place} are both named {name:?}", first + 1)
            } else {
                format!("columns {other:?} and {name:?} differ only in case: rename one")
            }));
        }
    }
    Ok(())
}

/// Returns the column type for a name in `force_types`.
pub fn forced_type(name: &str) -> Option<ColumnType> {
    match name {
        "str" => Some(ColumnType::Str),
        "int" | "int32" | "int64" => Some(ColumnType::Int),
        "float" | "float32" | "float64" => Some(ColumnType::Float),
        "datetime" => Some(ColumnType::DateTime),
        _ => None,
    }
}
