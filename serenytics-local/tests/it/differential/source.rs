//! The source of a query, in the engine and in SQL.

use proptest::sample::Index;
use serde_json::Value;
use serenytics_query::vocabulary::{Aggregate, ColumnType};

/// A storage, or a join of several.
#[derive(Debug, Clone)]
pub struct Source {
    pub uuid: String,
    /// The SQL after `FROM`.
    pub from: String,
    /// Its columns, the stored ones first, then the measures.
    pub columns: Vec<Column>,
    /// The column that rows without an order are ordered by, in SQL; a join has none.
    pub place: Option<String>,
}

/// How exact a sum is, from exact to unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// The sum is the same in every order of addition.
    Exact,
    /// The integer sum is exact, but the float sum, which means use, may be anything.
    Large,
    /// The sum differs slightly.
    Rounded,
    /// The sum may be anything.
    Wild,
}

impl Precision {
    /// Returns true if an aggregate of the numbers can be compared.
    pub fn allows(self, aggregate: Aggregate) -> bool {
        match aggregate {
            Aggregate::Sum => self < Precision::Wild,
            Aggregate::Avg => !matches!(self, Precision::Large | Precision::Wild),
            _ => true,
        }
    }
}

/// A column or a measure.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub measure: Option<String>,
    pub column_type: ColumnType,
    pub precision: Precision,
    /// A cell of it, in SQL.
    pub cell: String,
    /// The SQL of the operand of a formula: integers as 128 bits, non-finite floats unchanged.
    pub inner: String,
    /// Some of its values.
    pub values: Vec<Value>,
}

impl Source {
    /// Picks any of the stored columns.
    pub fn stored(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.measure.is_none())
    }

    /// Picks one of the matching columns, of which there is at least one.
    pub fn any(&self, index: &Index, fits: impl Fn(&Column) -> bool) -> &Column {
        let fitting: Vec<&Column> = self.columns.iter().filter(|column| fits(column)).collect();
        fitting[index.index(fitting.len())]
    }
}

/// A name in SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
