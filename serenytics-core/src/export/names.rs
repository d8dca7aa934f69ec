//! Maps the columns of a source to those of an exported file, which spells the columns of joins in
//! several ways.

use serde_json::Value;
use serenytics_query::schema::{Column, ColumnKind, Schema};
use serenytics_query::suggest::{listed, nearest};

use crate::data_source::DataSource;
use crate::error::{Error, Kind};

/// The columns of a source that its exports contain: all but computed ones.
pub(crate) struct Exportable<'s> {
    source: &'s DataSource,
}

impl<'s> Exportable<'s> {
    pub(crate) fn of(source: &'s DataSource) -> Exportable<'s> {
        Exportable { source }
    }

    /// Returns the declared columns with these names, in order; without names, all that an export
    /// contains.
    pub(crate) fn columns(&self, schema: &Schema, names: Option<&[&str]>) -> Result<Vec<Column>, Error> {
        let stored = |column: &Column| matches!(column.kind, ColumnKind::Stored | ColumnKind::Joined);
        let Some(names) = names else {
            return Ok(schema.columns.iter().filter(|column| stored(column)).cloned().collect());
        };
        let find = |name: &&str| {
            let column = schema.columns.iter().find(|column| column.name == *name);
            match column {
                Some(column) if stored(column) => Ok(column.clone()),
                Some(_) => Err(format!("`{name}` is computed, but an export only contains stored columns")),
                None => {
                    let declared = || schema.columns.iter().map(|column| column.name.as_str());
                    let rest = nearest(name, declared()).map(|near| format!("; did you mean `{near}`?"));
                    Err(format!("{} has no column `{name}`{}", schema.source, rest.unwrap_or_default()))
                }
            }
        };
        names.iter().map(find).collect::<Result<_, _>>().map_err(|message| Error::new(Kind::Usage, message))
    }

    /// Returns the indexes of the columns with these wire names in the header of a file. The error
    /// is a sentence.
    pub(crate) fn indexes<'n>(
        &self,
        wires: impl Iterator<Item = &'n str>,
        header: &[String],
    ) -> Result<Vec<usize>, String> {
        wires
            .map(|wire| {
                let spellings = self.spellings(wire);
                header.iter().position(|name| spellings.contains(name)).ok_or_else(|| {
                    let has = listed(header.iter().map(String::as_str));
                    format!("the exported file has no column `{wire}`; it has {has}")
                })
            })
            .collect()
    }

    /// Returns the possible names of a column in an export: its wire name (`<uuid>.<column>` in a
    /// join), that with the source's prefix instead of the uuid, or the warehouse's name.
    fn spellings(&self, wire: &str) -> Vec<String> {
        let mut spellings = vec![wire.to_owned()];
        let joined = self.source.property("joinConfig").and_then(Value::as_array);
        for entry in joined.into_iter().flatten() {
            let Some(uuid) = entry.get("uuid").and_then(Value::as_str) else { continue };
            let Some(column) = wire.strip_prefix(uuid).and_then(|rest| rest.strip_prefix('.')) else { continue };
            if let Some(prefix) = entry.get("prefix").and_then(Value::as_str) {
                spellings.push(format!("{prefix}.{column}"));
            }
            spellings.push(format!("push_{}_{column}", uuid.replace('-', "_")));
        }
        spellings
    }
}
