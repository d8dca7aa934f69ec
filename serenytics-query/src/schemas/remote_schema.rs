//! The schema that a server reports for a source, and the schema file that declares it.

use std::collections::HashSet;

use crate::schemas::formulas::type_of_measure;
use crate::schemas::schema::{Schema, SourceRef};
use crate::schemas::schema_file::{
    FileColumn, FileKind, SchemaFile, columns_of, field_name, is_identifier, is_name, split_joined,
};
use crate::syntax::vocabulary::ColumnType;
use crate::wire::{COUNT_COLUMN, ColumnTitle};

/// The columns and measures that a server reports for a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemoteSchema {
    /// The columns, in the server's order.
    pub columns: Vec<ColumnTitle>,
    /// The measures, which a server does not list with the columns.
    pub measures: Vec<RemoteMeasure>,
}

/// A measure that a server reports for a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteMeasure {
    /// Its name.
    pub name: String,
    /// Its formula; `None` if it is computed in another way, or if several measures have the name.
    pub formula: Option<String>,
}

impl RemoteSchema {
    /// Returns the measure with this name.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<&RemoteMeasure> {
        self.measures.iter().find(|measure| measure.name == name)
    }

    /// Creates the schema file of a source: its columns in their order, then its measures.
    ///
    /// Some information is not on the server and is copied from `before`, the previous schema file:
    /// the names in queries, the columns that are never NULL, and value formulas. A new column is
    /// nullable, and a name that is not a valid field name gets a derived one. The file omits
    /// columns of an unknown type, names that a file cannot contain, and a measure that has the
    /// name of a column.
    ///
    /// The formula of a measure is part of the file if it is valid and has a value for each row; it
    /// decides the type of the measure. Other measures keep their previous type or are floats.
    #[must_use]
    pub fn file(&self, source: &str, uuid: Option<&str>, before: Option<&SchemaFile>) -> SchemaFile {
        let before = before.map_or(&[][..], |file| &file.columns);
        let is_measure = |name: &String| {
            declared(before, name).is_some_and(|column| column.kind == Some(FileKind::Measure))
                && self.measure(name).is_some()
        };
        let mut columns: Vec<FileColumn> = Vec::new();
        let titles = self.columns.iter().filter(|title| !is_measure(&title.name));
        for (wire, column_type) in titles.filter_map(|title| Some((&title.name, title.column_type()?))) {
            add(&mut columns, before, wire, listed(wire, column_type));
        }
        let first_measure = columns.len();
        for RemoteMeasure { name, formula } in &self.measures {
            let column_type = declared(before, name).filter(|_| is_measure(name)).map(|column| column.column_type);
            let column_type = column_type.unwrap_or(ColumnType::Float);
            add(&mut columns, before, name, measure(name, column_type, formula.clone()));
        }
        type_measures(&mut columns, first_measure);
        for formula in before.iter().filter(|column| column.kind == Some(FileKind::Formula)) {
            add(&mut columns, before, &formula.name, formula.clone());
        }
        give_fields(&mut columns, before);
        SchemaFile { source: source.to_owned(), uuid: uuid.map(str::to_owned), columns }
    }
}

/// Returns the column that a file declares under this wire name.
fn declared<'a>(columns: &'a [FileColumn], wire: &str) -> Option<&'a FileColumn> {
    columns.iter().find(|column| column.wire() == wire)
}

/// Adds a column, with the rest of its previous declaration. Skips a column whose name is taken or
/// is not valid in a file.
fn add(columns: &mut Vec<FileColumn>, before: &[FileColumn], wire: &str, column: FileColumn) {
    if !is_name(wire) || wire == COUNT_COLUMN || declared(columns, wire).is_some() {
        return;
    }
    columns.push(match declared(before, wire).cloned() {
        Some(before) => {
            FileColumn { column_type: column.column_type, kind: column.kind, formula: column.formula, ..before }
        }
        None => column,
    });
}

/// A column that a server lists.
fn listed(wire: &str, column_type: ColumnType) -> FileColumn {
    let (join, name) = split_joined(wire).map_or((None, wire), |(uuid, name)| (Some(uuid.to_owned()), name));
    FileColumn { name: name.to_owned(), field: None, column_type, nullable: true, kind: None, formula: None, join }
}

fn measure(name: &str, column_type: ColumnType, formula: Option<String>) -> FileColumn {
    FileColumn {
        name: name.to_owned(),
        field: None,
        column_type,
        nullable: true,
        kind: Some(FileKind::Measure),
        formula,
        join: None,
    }
}

/// Sets the types of the measures, which are the columns from `first` on, to those of their formulas. Removes formulas that
/// a declaration cannot contain.
fn type_measures(columns: &mut [FileColumn], first: usize) {
    let source = SourceRef::Name("".into());
    let schema = Schema { source, columns: columns_of(columns) };
    for measure in columns.iter_mut().skip(first).filter(|column| column.formula.is_some()) {
        match type_of_measure(&schema, &measure.name) {
            Some((column_type, is_nullable)) => {
                measure.column_type = column_type;
                measure.nullable |= is_nullable;
            }
            None => measure.formula = None,
        }
    }
}

/// Assigns a unique name in queries to each column. Previously declared names have precedence,
/// because queries use them; then names that are valid field names.
fn give_fields(columns: &mut [FileColumn], before: &[FileColumn]) {
    let is_kept = |column: &FileColumn| before.iter().any(|other| other.wire() == column.wire());
    let mut taken: HashSet<String> =
        columns.iter().filter(|column| is_kept(column)).map(|column| column.field().to_owned()).collect();
    let mut nameless = Vec::new();
    for column in columns.iter_mut().filter(|column| !is_kept(column)) {
        if !is_identifier(&column.name) || !taken.insert(column.name.clone()) {
            nameless.push(column);
        }
    }
    for column in nameless {
        let base = field_name(&column.name);
        let mut field = base.clone();
        let mut number = 2;
        while !taken.insert(field.clone()) {
            field = format!("{base}_{number}");
            number += 1;
        }
        column.field = Some(field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemas::drift::drift;

    const REGIONS: &str = "182018f9-a18a-4cf0-993f-9e3fa45d3f61";

    fn served(columns: &[(&str, &str)], measures: &[&str]) -> RemoteSchema {
        let title =
            |(name, type_name): &(&str, &str)| ColumnTitle { name: (*name).into(), type_name: (*type_name).into() };
        RemoteSchema {
            columns: columns.iter().map(title).collect(),
            measures: measures.iter().map(|name| RemoteMeasure { name: (*name).to_owned(), formula: None }).collect(),
        }
    }

    /// Each column's name in queries, the one on the wire, and its type.
    fn columns(file: &SchemaFile) -> Vec<String> {
        // A written file can be read again.
        assert_eq!(&SchemaFile::from_json(&file.to_json().unwrap()).unwrap(), file);
        file.columns
            .iter()
            .map(|column| {
                let null = if column.nullable { "?" } else { "" };
                let kind = column.kind.map(|kind| format!(" {kind:?}")).unwrap_or_default();
                format!("{}: {} {}{null}{kind}", column.field(), column.wire(), column.column_type)
            })
            .collect()
    }

    #[test]
    fn the_file_declares_every_valid_column_under_a_unique_name() {
        let joined = format!("{REGIONS}.country");
        let served = served(
            &[
                ("order date", "datetime"),
                ("order_date", "str"),
                ("order-date", "str"),
                ("country", "str"),
                (&joined, "str"),
                ("shape", "geo"),
                ("", "str"),
                ("a\nb", "str"),
                ("$$count$$", "int"),
                ("m²", "float"),
                ("self", "int"),
                ("country", "int"),
            ],
            &["margin", "country", "order date 2", "margin"],
        );
        let file = served.file("sales", None, None);
        assert_eq!(
            columns(&file),
            [
                "order_date_2: order date datetime?",
                "order_date: order_date str?",
                "order_date_3: order-date str?",
                "country: country str?",
                &format!("country_2: {joined} str?"),
                "m: m² float?",
                "column_self: self int?",
                "margin: margin float? Measure",
                "order_date_2_2: order date 2 float? Measure",
            ]
        );
        assert_eq!(file.columns[4].join.as_deref(), Some(REGIONS));
        assert!(drift(&file.schema(), &served).iter().all(|drift| !drift.is_breaking()));
    }

    #[test]
    fn a_pulled_file_keeps_the_previous_names_and_types() {
        let before = SchemaFile::from_json(
            r#"{"source": "sales", "columns": [
                {"name": "n", "field": "quantity", "type": "str"},
                {"name": "country", "type": "str"},
                {"name": "gone", "type": "str"},
                {"name": "label", "field": "text", "type": "str", "kind": "measure"},
                {"name": "was a measure", "field": "m", "type": "int", "nullable": true, "kind": "measure"},
                {"name": "both", "type": "int", "kind": "measure"},
                {"name": "count() / 2", "field": "half", "type": "float", "kind": "formula"}]}"#,
        )
        .unwrap();
        let served = served(
            &[
                ("quantity", "int"),
                ("country", "str"),
                ("n", "int"),
                ("was a measure", "float"),
                ("half", "int"),
                ("both", "str"),
            ],
            &["text", "label", "both"],
        );
        assert_eq!(
            columns(&served.file("sales", Some("u1"), Some(&before))),
            [
                "quantity_2: quantity int?",
                "country: country str",
                "quantity: n int",
                "m: was a measure float?",
                "half_2: half int?",
                "text_2: text float? Measure",
                "text: label str Measure",
                "both: both int Measure",
                "half: count() / 2 float Formula",
            ]
        );
    }

    #[test]
    fn pulling_a_file_again_does_not_change_it() {
        let served = served(&[("a b", "str"), ("a_b", "int"), ("c", "float")], &["m m"]);
        let file = served.file("sales", None, None);
        assert_eq!(served.file("sales", None, Some(&file)), file);
    }
}
