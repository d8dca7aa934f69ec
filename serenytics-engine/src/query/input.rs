//! Inputs: the storages that a query reads, and what is known of their rows before they are read.

use std::sync::Arc;

use serde_json::Value;
use serenytics_query::formula::{Environment, Typed};
use serenytics_query::schema::{Column as SchemaColumn, ColumnKind};
use serenytics_query::suggest::{listed, nearest};
use serenytics_query::vocabulary::ColumnType;
use uuid::Uuid;

use super::formula;
use crate::base::{Error, ErrorKind};
use crate::rows::Column;
use crate::storage::Snapshot;

/// A table of a join, and the keys that join it to the tables before it.
#[derive(Debug)]
pub struct JoinedTable {
    /// The table's id. Queries name its columns `<id>.<column>`.
    pub id: Uuid,
    /// The prefix of its columns' names in exports. Default: the id.
    pub prefix: Option<String>,
    /// The columns that have to be equal. Empty for the first table.
    pub keys: Vec<JoinKey>,
}

/// Two columns that have to be equal.
#[derive(Debug)]
pub struct JoinKey {
    /// An earlier table of the join.
    pub left: Uuid,
    /// Its column.
    pub left_column: String,
    /// The column of this table.
    pub right_column: String,
}

/// The rows that a query reads: those of a storage, or of several that are joined.
#[derive(Debug)]
pub struct Input {
    /// The source's name.
    pub(super) name: String,
    /// The source's configuration.
    pub(super) configuration: Value,
    /// The storages.
    pub(super) parts: Vec<Part>,
}

/// A storage at one commit. It stays as it is until the input is dropped.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) snapshot: Arc<Snapshot>,
    /// What stands before the names of the columns: nothing, or in a join the storage's uuid and a dot.
    pub(super) prefix: String,
    /// What stands before the names of the columns in exports.
    pub(super) export_prefix: String,
    /// What has to be equal between this storage and those before it.
    pub(super) keys: Vec<Key>,
}

/// Two columns that have to be equal, by their names in queries.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) left: String,
    pub(super) right: String,
    /// Whether one of them is a float.
    pub(super) is_float: bool,
}

impl Input {
    /// The rows of a storage.
    pub(crate) fn storage(name: String, configuration: Value, snapshot: Arc<Snapshot>) -> Input {
        Input { name, configuration, parts: vec![Part::new(snapshot, String::new(), String::new())] }
    }

    /// The rows of storages that are joined.
    pub(crate) fn join(
        name: String,
        configuration: Value,
        joined: Vec<(JoinedTable, Arc<Snapshot>)>,
    ) -> Result<Input, Error> {
        let mut input = Input { name, configuration, parts: Vec::with_capacity(joined.len()) };
        for (JoinedTable { id, prefix, keys }, snapshot) in joined {
            let prefixed = prefix.unwrap_or_else(|| id.to_string());
            let part = Part::new(snapshot, format!("{id}."), format!("{prefixed}."));
            let mut checked = Vec::with_capacity(keys.len());
            for key in keys {
                checked.extend(input.key(key, &part)?);
            }
            input.parts.push(Part { keys: checked, ..part });
        }
        Ok(input)
    }

    /// A key between the storages so far and the next one; none if a storage has no columns yet.
    fn key(&self, key: JoinKey, next: &Part) -> Result<Option<Key>, Error> {
        let left = format!("{}.{}", key.left, key.left_column);
        let right = format!("{}{}", next.prefix, key.right_column);
        let before = self.parts.iter().find(|part| left.starts_with(&part.prefix));
        let before =
            before.ok_or_else(|| Error::rejected(format!("the key `{left}` is of a storage that comes later")))?;
        let (Some(left_type), Some(right_type)) = (before.key_type(&left)?, next.key_type(&right)?) else {
            return Ok(None);
        };
        if left_type != right_type && !(left_type.is_numeric() && right_type.is_numeric()) {
            return Err(Error::rejected(format!(
                "the keys `{left}`, {}, and `{right}`, {}, are never equal",
                left_type.described(),
                right_type.described()
            )));
        }
        let is_float = left_type == ColumnType::Float || right_type == ColumnType::Float;
        Ok(Some(Key { left, right, is_float }))
    }

    /// The name of the first column of a source that has rows.
    ///
    /// # Errors
    /// The source has no rows.
    pub fn first_column(&self) -> Result<String, Error> {
        self.check_has_rows()?;
        self.schema_columns()
            .next()
            .map(|column| column.name)
            .ok_or_else(|| Error::rejected("the source has no columns"))
    }

    /// Rejects a source without rows, in the platform's words.
    pub(super) fn check_has_rows(&self) -> Result<(), Error> {
        if self.is_empty() {
            return Err(Error::new(ErrorKind::Empty, "Storage source is empty"));
        }
        Ok(())
    }

    /// Whether storages are joined.
    pub(super) fn is_join(&self) -> bool {
        self.parts.len() > 1
    }

    /// Whether a storage has no rows, which every query is told.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().any(|part| part.snapshot.rows == 0)
    }

    /// The columns, as the language knows them.
    pub(super) fn schema_columns(&self) -> impl Iterator<Item = SchemaColumn> {
        let kind = if self.is_join() { ColumnKind::Joined } else { ColumnKind::Stored };
        self.parts.iter().flat_map(Part::columns).map(move |(name, column_type)| SchemaColumn {
            wire: name.clone(),
            name,
            column_type,
            nullable: true,
            kind,
            rust_type: String::new(),
        })
    }

    /// The columns as exports call them.
    pub(super) fn exported_columns(&self) -> impl Iterator<Item = Column> {
        self.parts.iter().flat_map(|part| {
            let named = |column: &Column| format!("{}{}", part.export_prefix, column.name);
            part.snapshot.columns.iter().map(move |column| Column { name: named(column), ..column.clone() })
        })
    }

    /// Whether the sum over an integer column, for some of the rows, may be larger than 64 bits hold.
    pub(super) fn sum_may_wrap(&self, name: &str) -> bool {
        match self.parts.as_slice() {
            [part] => !part.snapshot.sum_fits(name),
            _ => self.column(name).is_none_or(|column| column.sum_may_overflow(self.max_rows())),
        }
    }
}

impl Part {
    fn new(snapshot: Arc<Snapshot>, prefix: String, export_prefix: String) -> Part {
        Part { snapshot, prefix, export_prefix, keys: Vec::new() }
    }

    /// The names of the columns in queries, and their types.
    pub(super) fn columns(&self) -> impl Iterator<Item = (String, ColumnType)> {
        self.snapshot.columns.iter().map(|column| (format!("{}{}", self.prefix, column.name), column.column_type))
    }

    fn column(&self, name: &str) -> Option<&Column> {
        let name = name.strip_prefix(&self.prefix)?;
        self.snapshot.columns.iter().find(|column| column.name == name)
    }

    /// The type of a key; none if the storage has no columns yet.
    fn key_type(&self, name: &str) -> Result<Option<ColumnType>, Error> {
        if self.snapshot.columns.is_empty() {
            return Ok(None);
        }
        if let Some(column) = self.column(name) {
            return Ok(Some(column.column_type));
        }
        let names = || self.snapshot.columns.iter().map(|column| column.name.as_str());
        let wanted = name.strip_prefix(&self.prefix).unwrap_or(name);
        let known = match nearest(wanted, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", listed(names())),
        };
        Err(Error::rejected(format!("the key `{name}` is no column of the joined storage; {known}")))
    }
}

impl Environment for Input {
    fn column(&self, name: &str) -> Option<Typed> {
        self.parts.iter().find_map(|part| {
            let column = part.column(name)?;
            Some(Typed::column(name, column.column_type, part.snapshot.largest(&column.name)))
        })
    }

    fn column_names(&self) -> Vec<String> {
        self.parts.iter().flat_map(Part::columns).map(|(name, _)| name).collect()
    }

    fn max_rows(&self) -> u128 {
        // Every row of a storage may meet every row of another one.
        self.parts.iter().fold(1, |rows: u128, part| rows.saturating_mul(part.snapshot.rows.into()))
    }

    fn check_regex(&self, pattern: &str) -> Result<(), String> {
        formula::check_regex(pattern)
    }

    fn is_time_zone(&self, name: &str) -> bool {
        formula::is_time_zone(name)
    }
}
