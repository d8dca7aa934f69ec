//! Converts JSON rows to cells of a storage's columns.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use serenytics_query::vocabulary::ColumnType;

use super::cell::{Cell, Row, value_loss};
use super::column::{Column, check_names};
use super::infer::TypeInference;
use super::number::NumberRule;
use crate::base::Error;

/// The columns of a storage, with an index by name.
#[derive(Debug, Default)]
pub(crate) struct RowTypes {
    columns: Arc<Vec<Column>>,
    indexes: HashMap<String, usize>,
}

impl RowTypes {
    /// Indexes these columns.
    pub(crate) fn new(columns: Arc<Vec<Column>>) -> RowTypes {
        let indexes = columns.iter().enumerate().map(|(index, column)| (column.name.clone(), index)).collect();
        RowTypes { columns, indexes }
    }

    /// Changes to other columns, unless they are the same.
    pub(crate) fn follow(&mut self, columns: &Arc<Vec<Column>>) {
        if !Arc::ptr_eq(&self.columns, columns) {
            *self = RowTypes::new(Arc::clone(columns));
        }
    }

    /// Returns the columns.
    pub(crate) fn columns(&self) -> &Arc<Vec<Column>> {
        &self.columns
    }

    /// Returns the column with a name, and its index.
    pub(crate) fn column(&self, name: &str) -> Option<(usize, &Column)> {
        let index = *self.indexes.get(name)?;
        Some((index, self.columns.get(index)?))
    }

    /// Converts a row to cells. Ignores fields that are not columns. Of a repeated field, the last
    /// value counts.
    pub(crate) fn row(&self, fields: &[(String, Value)], rule: impl Fn(&str) -> NumberRule) -> Result<Row, Error> {
        let mut cells = Row::with_capacity(fields.len());
        for (name, value) in fields {
            let Some((index, column)) = self.column(name) else { continue };
            cells.push((index, cell(value, column, rule(name))?));
        }
        cells.reverse();
        cells.sort_by_key(|(index, _)| *index);
        cells.dedup_by_key(|(index, _)| *index);
        cells.retain(|(_, cell)| *cell != Cell::Null);
        Ok(cells)
    }

    /// Returns true if a row has a value for an unknown column. Of a repeated field, the last value
    /// counts.
    pub(crate) fn lacks_column_of(&self, fields: &[(String, Value)]) -> bool {
        let lacking = fields.iter().filter(|(name, _)| !self.indexes.contains_key(name));
        // Most rows have no such field, so avoid building the map.
        if lacking.clone().all(|(_, value)| value.is_null()) {
            return false;
        }
        let last: HashMap<&str, &Value> = lacking.map(|(name, value)| (name.as_str(), value)).collect();
        last.values().any(|value| !value.is_null())
    }

    /// Returns the unknown columns that a row has values for. Their types are forced or inferred
    /// from the values. NULL has no type, so it adds no column.
    pub(crate) fn new_columns(
        &self,
        fields: &[(String, Value)],
        forced: &HashMap<String, ColumnType>,
    ) -> Result<Vec<Column>, Error> {
        let last: HashMap<&str, &Value> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let mut new: Vec<Column> = Vec::new();
        let mut left = last;
        for (name, _) in fields.iter().filter(|(name, _)| !self.indexes.contains_key(name)) {
            let Some(value) = left.remove(name.as_str()).filter(|value| !value.is_null()) else { continue };
            let mut guess = TypeInference::default();
            guess.observe_json(value);
            let column_type = forced.get(name).copied().unwrap_or(guess.column_type());
            new.push(Column { name: name.clone(), column_type });
        }
        if !new.is_empty() {
            let names: Vec<String> = self.columns.iter().chain(&new).map(|column| column.name.clone()).collect();
            check_names(&names)?;
        }
        Ok(new)
    }

    /// Adds columns.
    pub(crate) fn add(&mut self, new: Vec<Column>) {
        for column in new {
            self.indexes.insert(column.name.clone(), self.columns.len());
            Arc::make_mut(&mut self.columns).push(column);
        }
    }
}

/// Converts a value to a cell of a column. The error is the platform's, with the name of the column
/// after it.
pub(crate) fn cell(value: &Value, column: &Column, rule: NumberRule) -> Result<Cell, Error> {
    Cell::from_json(value, column.column_type, rule).ok_or_else(|| {
        let given = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let error = Error::rejected(format!(
            "invalid data \"{given}\" was pushed and is incompatible with current table column types"
        ));
        let reason = match value_loss(value, column.column_type) {
            Some(loss) => format!("it {}", loss.rejection(column.column_type)),
            None => format!("not {}", column.column_type.described()),
        };
        error.at(format!("column {:?}: {reason}", column.name))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(fields: &[(&str, Value)]) -> Vec<(String, Value)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn row_adds_a_column_for_each_unknown_field_with_a_value() {
        let mut types = RowTypes::default();
        let first = fields(&[("b", json!(1)), ("none", json!(null)), ("a", json!("x")), ("b", json!(2.5))]);
        assert!(types.lacks_column_of(&first));
        let new = types.new_columns(&first, &HashMap::new()).unwrap();
        let column = |name: &str, column_type| Column { name: name.to_owned(), column_type };
        assert_eq!(new, [column("b", ColumnType::Float), column("a", ColumnType::Str)]);
        types.add(new);
        assert!(!types.lacks_column_of(&first));
        let twice = fields(&[("c", json!(1)), ("c", json!(null))]);
        assert!(!types.lacks_column_of(&twice));
        assert_eq!(types.new_columns(&twice, &HashMap::new()).unwrap(), []);
        assert_eq!(
            types.row(&first, |_| NumberRule::Unchanged).unwrap(),
            [(0, Cell::Float(2.5)), (1, Cell::Str("x".to_owned()))]
        );

        let forced = HashMap::from([("c".to_owned(), ColumnType::Str)]);
        let second = fields(&[("c", json!(1)), ("b", json!(1)), ("b", json!(null))]);
        let new = types.new_columns(&second, &forced).unwrap();
        assert_eq!(new, [column("c", ColumnType::Str)]);
        types.add(new);
        assert_eq!(types.row(&second, |_| NumberRule::Unchanged).unwrap(), [(2, Cell::Str("1".to_owned()))]);
        let error = types.new_columns(&fields(&[("A", json!(1))]), &forced).unwrap_err().to_string();
        assert_eq!(error, "columns \"a\" and \"A\" differ only in case: rename one");
    }
}
