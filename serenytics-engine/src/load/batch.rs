//! Batches: inserts, replaces and deletes rows in one atomic call.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serenytics_query::suggest::{Suggestions, listed};
use tokio::task::spawn_blocking;

use crate::base::{Error, join_task};
use crate::rows::{
    BatchBuilder, Column, ForcedTypes, JsonRow, MAX_COLUMNS, NumberRule, Row, RowTypes, TypeInference, cell,
    check_names,
};
use crate::session::Session;
use crate::storage::{Change, DeletedKeys, Key, NewFiles, RewriteResult, Storage, rewrite};

/// The maximum number of operations in one call.
const MAX_OPERATIONS: usize = 1000;

/// The body of a batch call.
#[derive(Debug, Deserialize)]
pub struct BatchRequest {
    /// The operations, which run one after the other.
    pub operations: Vec<Operation>,
    /// Clients send it, but a batch is always done when the call returns.
    #[serde(default, rename = "async")]
    _is_async: Option<IgnoredAny>,
}

/// One operation of a batch.
#[derive(Debug, Deserialize)]
pub struct Operation {
    /// `insert`, `insertOrUpdate` or `delete`.
    pub action: String,
    /// The rows; for `delete`, the primary key values.
    #[serde(default)]
    pub rows: Vec<JsonRow>,
    /// The name of the primary key column, for `insertOrUpdate` and `delete`.
    #[serde(default, rename = "primaryKey")]
    pub primary_key: Option<String>,
}

/// Applies a batch in one commit. Returns the storage's new number of rows. An error leaves the
/// storage unchanged.
pub(crate) async fn run_batch(
    storage: &Arc<Storage>,
    session: &Session,
    request: BatchRequest,
    forced: ForcedTypes,
) -> Result<u64, Error> {
    if request.operations.len() > MAX_OPERATIONS {
        return Err(Error::rejected(format!("a batch may have at most {MAX_OPERATIONS} operations")));
    }
    let mut writing = storage.write().await;
    writing.lock_columns().await;
    let before = writing.snapshot();
    let is_new = before.columns.is_empty();
    let known = Arc::clone(&before.columns);
    // Millions of rows take a while: convert them on a blocking thread so that other requests
    // continue.
    let applied = spawn_blocking(move || Batch::of(request.operations, known, &forced));
    let Applied { columns, rows, replaced } = join_task(applied.await)?;
    if columns.is_empty() || (rows.is_empty() && replaced.is_empty()) {
        return Ok(before.rows);
    }

    let mut files = writing.new_files(&columns)?;
    let written = async {
        let rewritten = rewrite(session, &mut writing, &replaced, &mut files).await?;
        write(&columns, &rows, &mut files).await?;
        Ok(rewritten)
    };
    let RewriteResult { files: remove, pushes } = match written.await {
        Ok(rewritten) => rewritten,
        Err(error) => {
            files.discard().await;
            return Err(error);
        }
    };
    let add = files.finish().await?;
    let before = writing.snapshot();
    if remove.is_empty() && add.add.is_empty() && before.unmerged.is_empty() && !is_new {
        return Ok(before.rows);
    }
    Ok(writing.commit(Change { columns, remove, add, pushes }).await?.rows)
}

async fn write(columns: &[Column], rows: &[Row], files: &mut NewFiles) -> Result<(), Error> {
    let mut builder = BatchBuilder::new(columns);
    for row in rows {
        if let Some(full) = builder.row(row)? {
            files.write(&full).await?;
        }
    }
    if let Some(rest) = builder.finish()? {
        files.write(&rest).await?;
    }
    Ok(())
}

/// Returns the columns that the first rows of a storage define, in the order of their first use.
fn new_columns(operations: &[Operation], forced: &ForcedTypes) -> Result<Vec<Column>, Error> {
    let mut names: Vec<String> = Vec::new();
    let mut guesses: Vec<TypeInference> = Vec::new();
    let mut indexes: HashMap<&str, usize> = HashMap::new();
    let rows = operations.iter().filter(|operation| operation.action != DELETE);
    for (name, value) in rows.flat_map(|operation| &operation.rows).flat_map(fields) {
        let index = *indexes.entry(name).or_insert_with(|| {
            names.push(name.clone());
            guesses.push(TypeInference::default());
            names.len() - 1
        });
        if names.len() > MAX_COLUMNS {
            // `check_names` below reports this. Stop here to limit the memory.
            break;
        }
        if let Some(guess) = guesses.get_mut(index) {
            guess.observe_json(value);
        }
    }
    check_names(&names)?;
    let column = |(name, guess): (String, TypeInference)| {
        let column_type = forced.get(&name).copied().unwrap_or(guess.column_type());
        Column { name, column_type }
    };
    Ok(names.into_iter().zip(guesses).map(column).collect())
}

fn fields(row: &JsonRow) -> impl Iterator<Item = (&String, &Value)> {
    let fields = match row {
        JsonRow::Object(fields) => fields.as_slice(),
        JsonRow::Scalar(_) => &[],
    };
    fields.iter().map(|(name, value)| (name, value))
}

const INSERT: &str = "insert";
const INSERT_OR_UPDATE: &str = "insertOrUpdate";
const DELETE: &str = "delete";

/// The result of applying a batch.
struct Applied {
    /// The columns of the storage.
    columns: Arc<Vec<Column>>,
    /// The rows to add.
    rows: Vec<Row>,
    /// The keys of older rows to delete.
    replaced: DeletedKeys,
}

/// A batch, applied one operation after the other.
struct Batch<'a> {
    types: RowTypes,
    forced: &'a ForcedTypes,
    /// The rows that operations add, with the index of the operation.
    rows: Vec<(usize, Vec<Row>)>,
    /// For each key column: the keys of rows to delete, with the index of the last operation that
    /// has the key. Rows that earlier operations added are deleted too, once at the end: doing it
    /// in each operation could visit all rows a thousand times.
    replaced: HashMap<usize, HashMap<Key, usize>>,
}

impl<'a> Batch<'a> {
    /// Applies the operations to a storage with these columns. If it has none, the first rows
    /// define them.
    fn of(operations: Vec<Operation>, known: Arc<Vec<Column>>, forced: &'a ForcedTypes) -> Result<Applied, Error> {
        let columns = if known.is_empty() { Arc::new(new_columns(&operations, forced)?) } else { known };
        let types = RowTypes::new(Arc::clone(&columns));
        let mut batch = Batch { types, forced, rows: Vec::new(), replaced: HashMap::new() };
        for (number, operation) in operations.into_iter().enumerate() {
            batch.apply(number, operation).map_err(|error| error.at(format!("operation {}", number + 1)))?;
        }
        let Batch { rows, replaced, .. } = batch;
        let stays = |number: usize, row: &Row| {
            row.iter().all(|(column, cell)| {
                let Some(keys) = replaced.get(column) else { return true };
                let last = Key::of(cell).and_then(|key| keys.get(&key));
                last.is_none_or(|last| *last <= number)
            })
        };
        let kept = rows.into_iter().flat_map(|(number, mut rows)| {
            rows.retain(|row| stays(number, row));
            rows
        });
        let kept = kept.collect();
        let mut all = DeletedKeys::default();
        for (column, keys) in replaced {
            all.add(column, keys.into_keys());
        }
        Ok(Applied { columns, rows: kept, replaced: all })
    }

    fn apply(&mut self, number: usize, operation: Operation) -> Result<(), Error> {
        match operation.action.as_str() {
            INSERT => {
                let rows = self.typed(operation.rows)?;
                self.rows.push((number, rows));
            }
            INSERT_OR_UPDATE => {
                let (column, _) = self.key_column(operation.primary_key.as_deref())?;
                let rows = self.typed(operation.rows)?;
                let mut latest: HashMap<Key, usize> = HashMap::with_capacity(rows.len());
                for (index, row) in rows.iter().enumerate() {
                    let key = key_of(row, column).ok_or_else(|| {
                        let name = &self.types.columns()[column].name;
                        at_row(Error::rejected(format!("the primary key {name:?} has no value")), index)
                    })?;
                    latest.insert(key, index);
                }
                // Of several rows with the same key, keep the last one.
                let kept = rows
                    .into_iter()
                    .enumerate()
                    .filter(|(index, row)| key_of(row, column).is_some_and(|key| latest.get(&key) == Some(index)));
                self.rows.push((number, kept.map(|(_, row)| row).collect()));
                self.replace(number, column, latest.into_keys());
            }
            DELETE => {
                let (index, column) = self.key_column(operation.primary_key.as_deref())?;
                let key = |row: &JsonRow| match row {
                    JsonRow::Scalar(value) => {
                        Key::of(&cell(value, column, self.rule(&column.name))?).ok_or_else(|| {
                            Error::rejected("`rows` of `delete` contains a null: a primary key is never null")
                        })
                    }
                    JsonRow::Object(_) => Err(Error::rejected(
                        "`rows` of `delete` must be primary key values such as [1, 2], not objects",
                    )),
                };
                let keys = operation.rows.iter().enumerate();
                let keys = keys.map(|(number, row)| key(row).map_err(|error| at_row(error, number)));
                let keys = keys.collect::<Result<Vec<_>, _>>()?;
                self.replace(number, index, keys);
            }
            other => {
                return Err(Error::rejected(format!(
                    "unknown action {other:?}, expected one of {INSERT}, {INSERT_OR_UPDATE}, {DELETE}"
                )));
            }
        }
        Ok(())
    }

    /// Deletes the rows with these keys that were added before an operation.
    fn replace(&mut self, number: usize, column: usize, keys: impl IntoIterator<Item = Key>) {
        self.replaced.entry(column).or_default().extend(keys.into_iter().map(|key| (key, number)));
    }

    /// Converts rows to cells of the columns. Ignores fields that are not columns.
    fn typed(&self, rows: Vec<JsonRow>) -> Result<Vec<Row>, Error> {
        let row = |row| match row {
            JsonRow::Object(fields) => self.types.row(&fields, |column| self.rule(column)),
            JsonRow::Scalar(_) => Err(Error::rejected(
                "`rows` contains a value that is not an object: write a row as {\"column\": value}",
            )),
        };
        rows.into_iter()
            .enumerate()
            .map(|(number, fields)| {
                let typed = self.check_columns(&fields).and_then(|()| row(fields));
                typed.map_err(|error| at_row(error, number))
            })
            .collect()
    }

    fn rule(&self, column: &str) -> NumberRule {
        NumberRule::of(self.forced, column)
    }

    /// Rejects a row with fields of which none is a column: it would be stored as NULLs.
    fn check_columns(&self, row: &JsonRow) -> Result<(), Error> {
        let JsonRow::Object(given) = row else { return Ok(()) };
        if given.is_empty() || given.iter().any(|(name, _)| self.types.column(name).is_some()) {
            return Ok(());
        }
        let columns = || self.types.columns().iter().map(|column| column.name.as_str());
        let names = || given.iter().map(|(name, _)| name.as_str());
        let suggestions = Suggestions::default();
        let hint = match names().find_map(|name| suggestions.nearest(name, columns())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its columns are {}", listed(columns())),
        };
        Err(Error::rejected(format!("the storage has none of the columns {} of the row; {hint}", listed(names()))))
    }

    fn key_column(&self, name: Option<&str>) -> Result<(usize, &Column), Error> {
        let name = name.ok_or_else(|| {
            Error::rejected("insertOrUpdate and delete need `primaryKey`, the name of the primary key column")
        })?;
        self.types
            .column(name)
            .ok_or_else(|| Error::rejected(format!("the primary key {name:?} is not a column of the storage")))
    }
}

fn key_of(row: &Row, column: usize) -> Option<Key> {
    row.iter().find(|(index, _)| *index == column).and_then(|(_, cell)| Key::of(cell))
}

/// Adds the number of the row to an error.
fn at_row(error: Error, index: usize) -> Error {
    error.at(format!("row {}", index + 1))
}
