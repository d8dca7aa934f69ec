//! Inputs: the tables that a query reads, with their columns and bounds.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use serenytics_query::formula::{Environment, Typed};
use serenytics_query::schema::{Column as SchemaColumn, ColumnKind};
use serenytics_query::suggest::{listed, nearest};
use serenytics_query::vocabulary::ColumnType;
use uuid::Uuid;

use super::formula;
use crate::base::{Error, ErrorKind};
use crate::rows::Column;
use crate::session::CheckedFile;
use crate::storage::Snapshot;

/// A table of a join, with the keys that join it to the tables before it.
#[derive(Debug)]
pub struct JoinedTable {
    /// The table's id. Queries name its columns `<id>.<column>`.
    pub id: Uuid,
    /// The prefix of its columns' names in exports. Default: the id.
    pub prefix: Option<String>,
    /// The columns that must be equal. Empty for the first table.
    pub keys: Vec<JoinKey>,
}

/// Two columns that must be equal.
#[derive(Debug)]
pub struct JoinKey {
    /// The id of an earlier table of the join.
    pub left: Uuid,
    /// The column of the earlier table.
    pub left_column: String,
    /// The column of this table.
    pub right_column: String,
}

/// The rows that a query reads: those of one storage, or of several joined storages.
#[derive(Debug)]
pub struct Input {
    /// The source's name.
    pub(super) name: String,
    /// The source's configuration.
    pub(super) configuration: Value,
    /// The storages.
    pub(super) parts: Vec<Part>,
}

/// A snapshot of one storage. It does not change while the input exists.
#[derive(Debug)]
pub(super) struct Part {
    /// The storage's id.
    pub(super) id: Uuid,
    pub(super) snapshot: Arc<Snapshot>,
    /// The prefix of its columns' names in queries. In a join: the storage's uuid and a dot;
    /// otherwise empty.
    pub(super) prefix: String,
    /// The prefix of its columns' names in exports.
    pub(super) export_prefix: String,
    /// The keys that join it to the storages before it.
    pub(super) keys: Vec<Key>,
}

/// Two columns that must be equal, by their names in queries.
#[derive(Debug, Serialize)]
pub(super) struct Key {
    pub(super) left: String,
    pub(super) right: String,
    /// True if one of them is a float.
    pub(super) is_float: bool,
}

impl Input {
    /// Makes the input of one storage.
    pub(crate) fn storage(id: Uuid, name: String, configuration: Value, snapshot: Arc<Snapshot>) -> Input {
        Input { name, configuration, parts: vec![Part::new(id, snapshot, String::new(), String::new())] }
    }

    /// Makes the input of an inner join.
    pub(crate) fn join(
        name: String,
        configuration: Value,
        joined: Vec<(JoinedTable, Arc<Snapshot>)>,
    ) -> Result<Input, Error> {
        let mut input = Input { name, configuration, parts: Vec::with_capacity(joined.len()) };
        for (JoinedTable { id, prefix, keys }, snapshot) in joined {
            let prefixed = prefix.unwrap_or_else(|| id.to_string());
            let part = Part::new(id, snapshot, format!("{id}."), format!("{prefixed}."));
            let mut checked = Vec::with_capacity(keys.len());
            for key in keys {
                checked.extend(input.key(key, &part)?);
            }
            input.parts.push(Part { keys: checked, ..part });
        }
        Ok(input)
    }

    /// Checks a key between the storages so far and the next one. Returns `None` if a storage has
    /// no columns yet.
    fn key(&self, key: JoinKey, next: &Part) -> Result<Option<Key>, Error> {
        let left = format!("{}.{}", key.left, key.left_column);
        let right = format!("{}{}", next.prefix, key.right_column);
        let before = self.parts.iter().find(|part| left.starts_with(&part.prefix));
        let before = before.ok_or_else(|| {
            Error::rejected(format!("the key `{left}` belongs to a storage that comes later in the join"))
        })?;
        let (Some(left_type), Some(right_type)) = (before.key_type(&left)?, next.key_type(&right)?) else {
            return Ok(None);
        };
        if left_type != right_type && !(left_type.is_numeric() && right_type.is_numeric()) {
            return Err(Error::rejected(format!(
                "the keys `{left}` ({}) and `{right}` ({}) are never equal",
                left_type.described(),
                right_type.described()
            )));
        }
        let is_float = left_type == ColumnType::Float || right_type == ColumnType::Float;
        Ok(Some(Key { left, right, is_float }))
    }

    /// Returns the name of the first column.
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

    /// Returns an error if the source has no rows. The message is the platform's.
    pub(super) fn check_has_rows(&self) -> Result<(), Error> {
        if self.is_empty() {
            return Err(Error::new(ErrorKind::Empty, "Storage source is empty"));
        }
        Ok(())
    }

    /// Returns the data files that a query reads.
    pub(super) fn files(&self) -> Vec<Arc<CheckedFile>> {
        let files = self.parts.iter().flat_map(|part| part.snapshot.files.iter());
        files.map(|file| Arc::clone(&file.content)).collect()
    }

    /// Returns true if storages are joined.
    pub(super) fn is_join(&self) -> bool {
        self.parts.len() > 1
    }

    /// Returns true if a storage has no rows. Every query then fails.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().any(|part| part.snapshot.rows == 0)
    }

    /// Returns the columns as the query language describes them.
    pub(super) fn schema_columns(&self) -> impl Iterator<Item = SchemaColumn> {
        let kind = if self.is_join() { ColumnKind::Joined } else { ColumnKind::Stored };
        self.parts.iter().flat_map(Part::columns).map(move |(name, column_type)| SchemaColumn {
            wire: name.clone(),
            name,
            column_type,
            nullable: true,
            kind,
            rust_type: String::new(),
            formula: None,
        })
    }

    /// Returns the columns with their names in exports.
    pub(super) fn exported_columns(&self) -> impl Iterator<Item = Column> {
        self.parts.iter().flat_map(|part| {
            let named = |column: &Column| format!("{}{}", part.export_prefix, column.name);
            part.snapshot.columns.iter().map(move |column| Column { name: named(column), ..column.clone() })
        })
    }

    /// Returns true if the sum over an integer column, for some subset of the rows, may not fit 64
    /// bits.
    pub(super) fn sum_may_wrap(&self, name: &str) -> bool {
        match self.parts.as_slice() {
            [part] => !part.snapshot.sum_fits(name),
            _ => self.column(name).is_none_or(|column| column.sum_may_overflow(self.max_rows())),
        }
    }
}

impl Part {
    fn new(id: Uuid, snapshot: Arc<Snapshot>, prefix: String, export_prefix: String) -> Part {
        Part { id, snapshot, prefix, export_prefix, keys: Vec::new() }
    }

    /// Returns the columns' names in queries, and their types.
    pub(super) fn columns(&self) -> impl Iterator<Item = (String, ColumnType)> {
        self.snapshot.columns.iter().map(|column| (format!("{}{}", self.prefix, column.name), column.column_type))
    }

    fn column(&self, name: &str) -> Option<&Column> {
        let name = name.strip_prefix(&self.prefix)?;
        self.snapshot.columns.iter().find(|column| column.name == name)
    }

    /// Returns the type of a key column. `None` if the storage has no columns yet.
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
        Err(Error::rejected(format!("the key `{name}` is not a column of the joined storage; {known}")))
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
        // In a join, every row of a storage may match every row of another one.
        self.parts.iter().fold(1, |rows: u128, part| rows.saturating_mul(part.snapshot.rows.into()))
    }

    fn check_regex(&self, pattern: &str) -> Result<(), String> {
        formula::check_regex(pattern)
    }

    fn is_time_zone(&self, name: &str) -> bool {
        formula::is_time_zone(name)
    }
}
