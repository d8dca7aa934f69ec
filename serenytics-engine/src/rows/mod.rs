//! The row model: columns, cells, JSON rows, and the type of a column inferred from its values.

mod cell;
mod column;
mod infer;
mod json_number;
mod json_row;
mod number;
mod row_types;
mod scalar;

pub(crate) use cell::{BatchBuilder, Cell, Row, value_loss};
pub use column::{Column, forced_type};
pub(crate) use column::{
    MAX_COLUMNS, cast_to, check_count, check_names, columns_of, file_schema, file_type, query_schema, query_type,
};
pub(crate) use infer::TypeInference;
pub use json_number::check_json_numbers;
pub use json_row::JsonRow;
pub(crate) use number::{NumberRule, number_loss};
pub(crate) use row_types::{RowTypes, cell};
pub(crate) use scalar::{EPOCH, microseconds};

/// Column types that replace the inferred ones, by column name.
pub type ForcedTypes = std::collections::HashMap<String, serenytics_query::vocabulary::ColumnType>;
