//! Drift: the differences between a declared source and the server's.

use std::collections::HashSet;
use std::fmt;

use crate::schemas::formulas::is_same_formula;
use crate::schemas::remote_schema::{RemoteMeasure, RemoteSchema};
use crate::schemas::schema::{Column, ColumnKind, Schema};
use crate::schemas::schema_file::split_joined;
use crate::syntax::suggest::nearest;
use crate::syntax::vocabulary::ColumnType;
use crate::wire::ColumnTitle;

/// A difference between a declaration and the source on the server. Its `Display` text is a
/// sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drift {
    /// The source has no such column.
    ColumnGone {
        /// The column, as it is declared.
        column: String,
        /// The undeclared column of the source that was probably meant.
        meant: Option<String>,
    },
    /// The source has no such measure.
    MeasureGone {
        /// The measure, as it is declared.
        measure: String,
        /// The measure that was probably meant.
        meant: Option<String>,
    },
    /// The measure has another formula, so that queries return other values.
    FormulaChanged {
        /// The measure, as it is declared.
        measure: String,
        /// The declared formula.
        declared: String,
        /// The source's formula.
        served: String,
    },
    /// A declared column is now a measure, or a declared measure is now a column.
    KindChanged {
        /// The column, as it is declared.
        column: String,
        /// The kind on the server: a measure or a stored column.
        served: ColumnKind,
    },
    /// The column has another type. Integers and floats are interchangeable as long as nothing is
    /// lost, so a change between them is not breaking by itself.
    TypeChanged {
        /// The column, as it is declared.
        column: String,
        /// The declared type.
        declared: ColumnType,
        /// The source's type.
        served: ColumnType,
    },
    /// The column has a type that this version does not know. Reading its cells may fail.
    UnknownType {
        /// The column, as it is declared.
        column: String,
        /// The declared type.
        declared: ColumnType,
        /// The server's name of the type.
        served: String,
    },
    /// The source has a column that is not declared.
    NewColumn {
        /// The column's name on the wire.
        column: String,
        /// The server's name of its type.
        type_name: String,
    },
    /// The source has a measure that is not declared.
    NewMeasure {
        /// The measure's name.
        measure: String,
    },
    /// Nothing has been loaded into the storage yet, so it has no columns to compare.
    NothingLoaded,
}

impl Drift {
    /// Returns true if valid queries of the declaration fail, if their rows cannot be read, or if a
    /// measure has other values than declared.
    /// Other differences are additions, or depend on the cells.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        match self {
            Drift::ColumnGone { .. }
            | Drift::MeasureGone { .. }
            | Drift::FormulaChanged { .. }
            | Drift::KindChanged { .. } => true,
            Drift::TypeChanged { declared, served, .. } => !(declared.is_numeric() && served.is_numeric()),
            Drift::UnknownType { .. } | Drift::NewColumn { .. } | Drift::NewMeasure { .. } | Drift::NothingLoaded => {
                false
            }
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Drift::ColumnGone { column, meant } => {
                write!(f, "the source has no column {column}")?;
                suggest(f, meant.as_deref())
            }
            Drift::MeasureGone { measure, meant } => {
                write!(f, "the source has no measure {measure}")?;
                suggest(f, meant.as_deref())
            }
            Drift::FormulaChanged { measure, declared, served } => write!(
                f,
                "measure {measure} is declared as `{declared}` but the source has `{served}`: `apply_measures` updates the \
                 source"
            ),
            Drift::KindChanged { column, served: ColumnKind::Measure } => {
                write!(
                    f,
                    "{column} is declared as a column but is a measure of the source: declare it as `#[column(measure)]`, \
                     or in a schema file as `\"kind\": \"measure\"`"
                )
            }
            Drift::KindChanged { column, .. } => {
                write!(f, "{column} is declared as a measure but is a column of the source")
            }
            Drift::TypeChanged { column, declared, served } => {
                write!(f, "column {column} is declared as {declared} but the source has {served}")?;
                match (declared, served) {
                    (ColumnType::Int, ColumnType::Float) => {
                        f.write_str(": rows can be read as long as no number has a fraction")
                    }
                    (ColumnType::Float, ColumnType::Int) => {
                        f.write_str(": rows can be read as long as each integer fits into a float")
                    }
                    _ => Ok(()),
                }
            }
            Drift::UnknownType { column, declared, served } => write!(
                f,
                "column {column} is declared as {declared} but the source has `{served}`, a type that this version does not \
                 know: reading its cells may fail"
            ),
            Drift::NewColumn { column, type_name } => {
                write!(f, "the source has a column {} of type {type_name} that is not declared", named(column))?;
                if ColumnType::from_word(type_name).is_none() {
                    f.write_str("; this version does not know the type")?;
                }
                Ok(())
            }
            Drift::NewMeasure { measure } => write!(f, "the source has a measure `{measure}` that is not declared"),
            Drift::NothingLoaded => f.write_str(
                "nothing was loaded into the source yet, so it has no columns to compare with the declared ones",
            ),
        }
    }
}

fn suggest(f: &mut fmt::Formatter<'_>, meant: Option<&str>) -> fmt::Result {
    match meant {
        Some(meant) => write!(f, "; did you mean {}?", named(meant)),
        None => Ok(()),
    }
}

/// Formats a wire name for a message. The name of a joined column includes its source.
fn named(wire: &str) -> String {
    match split_joined(wire) {
        Some((uuid, column)) => format!("`{column}` of the joined source {uuid}"),
        None => format!("`{wire}`"),
    }
}

/// Formats a declared column for a message: its name in queries, and its wire name if that is
/// different.
fn called(column: &Column) -> String {
    let wire = named(&column.wire);
    match format!("`{}`", column.name) {
        name if wire.starts_with(&name) => wire,
        name => format!("{name} ({wire})"),
    }
}

/// Returns the differences between a declared schema and the server's: those of the declared
/// columns in their order, then the additions. Value formulas, nullability and the types of
/// measures are not compared, because a server does not report them. The formula of a measure is
/// compared if both declare one.
#[must_use]
pub fn drift(declared: &Schema, served: &RemoteSchema) -> Vec<Drift> {
    let wires: HashSet<&str> = declared.columns.iter().map(|column| column.wire.as_str()).collect();
    let new_columns: Vec<&ColumnTitle> =
        served.columns.iter().filter(|title| !wires.contains(title.name.as_str())).collect();
    let new_measures: Vec<&RemoteMeasure> =
        served.measures.iter().filter(|measure| !wires.contains(measure.name.as_str())).collect();
    let mut found = Vec::new();
    if served.columns.is_empty() {
        found.push(Drift::NothingLoaded);
    }
    found.extend(declared.columns.iter().filter_map(|column| match column.kind {
        ColumnKind::Stored | ColumnKind::Joined => column_drift(column, served, &new_columns),
        ColumnKind::Measure => measure_drift(column, served, &new_measures),
        ColumnKind::Formula => None,
    }));
    found.extend(
        new_columns
            .into_iter()
            .map(|title| Drift::NewColumn { column: title.name.clone(), type_name: title.type_name.clone() }),
    );
    found.extend(new_measures.into_iter().map(|measure| Drift::NewMeasure { measure: measure.name.clone() }));
    found
}

fn column_drift(column: &Column, served: &RemoteSchema, undeclared: &[&ColumnTitle]) -> Option<Drift> {
    let Some(title) = served.columns.iter().find(|title| title.name == column.wire) else {
        if served.measure(&column.wire).is_some() {
            return Some(Drift::KindChanged { column: called(column), served: ColumnKind::Measure });
        }
        let missing = !served.columns.is_empty();
        return missing.then(|| Drift::ColumnGone { column: called(column), meant: meant(column, undeclared) });
    };
    let declared = column.column_type;
    match title.column_type() {
        Some(served) if served == declared => None,
        Some(served) => Some(Drift::TypeChanged { column: called(column), declared, served }),
        None => Some(Drift::UnknownType { column: called(column), declared, served: title.type_name.clone() }),
    }
}

/// Returns the wire name that a column was probably renamed to. A joined column is compared only
/// with columns of the same source.
fn meant(column: &Column, undeclared: &[&ColumnTitle]) -> Option<String> {
    let own = |wire| split_joined(wire).map_or((None, wire), |(uuid, name)| (Some(uuid), name));
    let (source, name) = own(column.wire.as_str());
    let candidates: Vec<(&str, &str)> = undeclared
        .iter()
        .map(|title| (own(title.name.as_str()), title.name.as_str()))
        .filter(|((other, _), _)| *other == source)
        .map(|((_, name), wire)| (name, wire))
        .collect();
    let near = nearest(name, candidates.iter().map(|(name, _)| *name))?;
    candidates.into_iter().find(|(name, _)| *name == near).map(|(_, wire)| wire.to_owned())
}

fn measure_drift(column: &Column, served: &RemoteSchema, undeclared: &[&RemoteMeasure]) -> Option<Drift> {
    if let Some(measure) = served.measure(&column.wire) {
        let formulas = column.formula.as_deref().zip(measure.formula.as_deref());
        let (declared, served) = formulas.filter(|(declared, served)| !is_same_formula(declared, served))?;
        let (declared, served) = (declared.to_owned(), served.to_owned());
        return Some(Drift::FormulaChanged { measure: called(column), declared, served });
    }
    if served.columns.iter().any(|title| title.name == column.wire) {
        return Some(Drift::KindChanged { column: called(column), served: ColumnKind::Stored });
    }
    let meant = nearest(&column.wire, undeclared.iter().map(|measure| measure.name.as_str())).map(str::to_owned);
    Some(Drift::MeasureGone { measure: called(column), meant })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemas::schema_file::SchemaFile;

    const REGIONS: &str = "182018f9-a18a-4cf0-993f-9e3fa45d3f61";

    fn declared() -> Schema {
        let file = r#"{"source": "sales", "columns": [
            {"name": "country", "type": "str"},
            {"name": "order date", "field": "order_date", "type": "datetime"},
            {"name": "quantity", "type": "int"},
            {"name": "revenue", "type": "float"},
            {"name": "region", "type": "str", "join": "182018f9-a18a-4cf0-993f-9e3fa45d3f61"},
            {"name": "margin", "type": "float", "kind": "measure"},
            {"name": "count() / 2", "field": "half", "type": "float", "kind": "formula"}]}"#;
        SchemaFile::from_json(file).unwrap().schema()
    }

    fn served(columns: &[(&str, &str)], measures: &[&str]) -> RemoteSchema {
        let title = |(name, type_name): &(&str, &str)| ColumnTitle {
            name: (*name).replace('~', REGIONS),
            type_name: (*type_name).to_owned(),
        };
        RemoteSchema {
            columns: columns.iter().map(title).collect(),
            measures: measures.iter().map(|name| RemoteMeasure { name: (*name).to_owned(), formula: None }).collect(),
        }
    }

    fn messages(columns: &[(&str, &str)], measures: &[&str]) -> Vec<String> {
        let severity = |drift: &Drift| if drift.is_breaking() { "breaking" } else { "additive" };
        drift(&declared(), &served(columns, measures))
            .iter()
            .map(|drift| format!("{}: {drift}", severity(drift)).replace(REGIONS, "~"))
            .collect()
    }

    const SAME: [(&str, &str); 5] = [
        ("country", "str"),
        ("order date", "datetime"),
        ("quantity", "int"),
        ("revenue", "float"),
        ("~.region", "str"),
    ];

    /// The declared columns, with one of them replaced.
    fn but(name: &str, other: (&'static str, &'static str)) -> Vec<(&'static str, &'static str)> {
        SAME.iter().map(|column| if column.0 == name { other } else { *column }).collect()
    }

    #[test]
    fn a_source_as_declared_has_no_drift() {
        assert_eq!(messages(&SAME, &["margin"]), [""; 0]);
        let turned: Vec<_> = SAME.into_iter().rev().collect();
        assert_eq!(messages(&turned, &["margin"]), [""; 0], "queries do not depend on the order");
    }

    #[test]
    fn missing_columns_are_breaking_and_get_suggestions() {
        assert_eq!(
            messages(&but("order date", ("orderdate", "datetime")), &["margin"]),
            [
                "breaking: the source has no column `order_date` (`order date`); did you mean `orderdate`?",
                "additive: the source has a column `orderdate` of type datetime that is not declared",
            ]
        );
        assert_eq!(messages(&SAME[1..], &["margin"]), ["breaking: the source has no column `country`"]);
        assert_eq!(
            messages(&but("~.region", ("~.regions", "str")), &["margin"]),
            [
                "breaking: the source has no column `region` of the joined source ~; did you mean `regions` of the joined source ~?",
                "additive: the source has a column `regions` of the joined source ~ of type str that is not declared",
            ]
        );
        assert_eq!(
            messages(&but("~.region", ("regions", "str")), &["margin"])[0],
            "breaking: the source has no column `region` of the joined source ~",
            "a column of another source was not meant"
        );
        assert_eq!(
            messages(&SAME, &["margins"]),
            [
                "breaking: the source has no measure `margin`; did you mean `margins`?",
                "additive: the source has a measure `margins` that is not declared",
            ]
        );
    }

    #[test]
    fn changed_types_are_breaking_except_between_numeric_types() {
        assert_eq!(
            messages(&but("order date", ("order date", "str")), &["margin"]),
            ["breaking: column `order_date` (`order date`) is declared as datetime but the source has str"]
        );
        assert_eq!(
            messages(&but("revenue", ("revenue", "str")), &["margin"]),
            ["breaking: column `revenue` is declared as float but the source has str"]
        );
        assert_eq!(
            messages(&but("quantity", ("quantity", "float")), &["margin"]),
            [
                "additive: column `quantity` is declared as int but the source has float: rows can be read as long as no number has a fraction"
            ]
        );
        assert_eq!(
            messages(&but("revenue", ("revenue", "int")), &["margin"]),
            [
                "additive: column `revenue` is declared as float but the source has int: rows can be read as long as each integer fits into a float"
            ]
        );
        let unknown = messages(&but("country", ("country", "geo")), &["margin"]);
        assert!(unknown[0].starts_with("additive: column `country` is declared as str but the source has `geo`"));
        assert_eq!(unknown.len(), 1);
    }

    #[test]
    fn a_change_between_column_and_measure_is_breaking() {
        let columns: Vec<_> = SAME.into_iter().filter(|(name, _)| *name != "revenue").collect();
        let found = messages(&columns, &["margin", "revenue"]);
        assert!(found[0].starts_with("breaking: `revenue` is declared as a column but is a measure"), "{found:?}");
        assert_eq!(found.len(), 1);
        let columns: Vec<_> = SAME.into_iter().chain([("margin", "float")]).collect();
        assert_eq!(
            messages(&columns, &[]),
            ["breaking: `margin` is declared as a measure but is a column of the source"]
        );
    }

    #[test]
    fn additions_are_not_breaking() {
        let columns: Vec<_> = SAME.into_iter().chain([("shape", "geo"), ("city", "str")]).collect();
        assert_eq!(
            messages(&columns, &["margin", "profit"]),
            [
                "additive: the source has a column `shape` of type geo that is not declared; this version does not know the type",
                "additive: the source has a column `city` of type str that is not declared",
                "additive: the source has a measure `profit` that is not declared",
            ]
        );
    }

    #[test]
    fn an_empty_storage_has_no_breaking_drift() {
        let messages = messages(&[], &["margin"]);
        assert_eq!(messages.len(), 1);
        assert!(messages[0].starts_with("additive: nothing was loaded into the source yet"), "{messages:?}");
    }
}
