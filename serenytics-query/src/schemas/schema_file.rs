//! Schema files: a source's columns as one JSON file, made for review, written by `serenytics schema pull` and read by `#[source(file = "..")]`.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use unicode_ident::{is_xid_continue, is_xid_start};

use crate::schemas::schema::{Column, ColumnKind, Schema, SourceRef};
use crate::syntax::vocabulary::ColumnType;
use crate::wire::COUNT_COLUMN;

/// The content of a schema file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaFile {
    /// The source's name.
    pub source: String,
    /// The source's uuid, if it is found by that and not by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The columns, in the order of the source.
    pub columns: Vec<FileColumn>,
}

/// A column of a schema file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileColumn {
    /// The name on the wire; of a joined column the name in its own source, of a value formula the formula.
    pub name: String,
    /// The name in queries, where it is not the one on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What the column holds.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// Whether a cell may be NULL.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nullable: bool,
    /// `measure` or `formula`, where it is not a column that is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<FileKind>,
    /// The uuid of the source that the column is stored in, if this one joins it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<String>,
}

/// What computes a column that is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// See [`ColumnKind::Measure`].
    Measure,
    /// See [`ColumnKind::Formula`].
    Formula,
}

/// The largest file that is read.
const LARGEST: usize = 4 << 20;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl SchemaFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, with the line if it is no JSON of a schema file.
    pub fn from_json(text: &str) -> Result<SchemaFile, String> {
        if text.len() > LARGEST {
            return Err(format!("it has {} bytes, but a schema file may have at most {LARGEST}", text.len()));
        }
        // Some editors put a mark of the encoding at the start.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file: SchemaFile = serde_json::from_str(text).map_err(|error| error.to_string())?;
        file.checked()
    }

    /// The text of the file: pretty JSON that ends with a line end.
    ///
    /// # Errors
    /// A sentence of the writer's.
    pub fn to_json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(|error| error.to_string())
    }

    /// The schema that the file declares.
    #[must_use]
    pub fn schema(&self) -> Schema {
        let source = match &self.uuid {
            Some(uuid) => SourceRef::Uuid(uuid.clone().into()),
            None => SourceRef::Name(self.source.clone().into()),
        };
        Schema { source, columns: self.columns.iter().map(FileColumn::column).collect() }
    }

    /// The file, if another one can read what it writes.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn checked(self) -> Result<SchemaFile, String> {
        let mut fields = HashSet::new();
        let mut wires = HashSet::new();
        if self.columns.is_empty() {
            return Err("it has no columns".to_owned());
        }
        if !is_name(&self.source) {
            return Err("`source` must have at least one character and no control characters".to_owned());
        }
        if self.uuid.as_deref().is_some_and(|uuid| !is_name(uuid)) {
            return Err("`uuid` must have at least one character and no control characters".to_owned());
        }
        for column in &self.columns {
            let name = &column.name;
            if !is_name(name) {
                return Err(format!(
                    "column {name:?}: a name must have at least one character and no control characters"
                ));
            }
            if column.join.as_deref().is_some_and(|uuid| !is_name(uuid)) {
                return Err(format!("column \"{name}\": `join` must be the uuid of a source"));
            }
            if column.wire() == COUNT_COLUMN {
                return Err(format!(
                    "column \"{name}\": this is the platform's name for the number of rows: use `count()`"
                ));
            }
            if !is_identifier(column.field()) {
                let message = match &column.field {
                    Some(field) => format!("column \"{name}\": {field:?} is not a valid field name"),
                    None => format!("column \"{name}\" is not a valid field name: add one with `\"field\"`"),
                };
                return Err(message);
            }
            if column.kind.is_some() && column.join.is_some() {
                return Err(format!("column \"{name}\" cannot have both a `kind` and a `join`"));
            }
            if column.kind == Some(FileKind::Formula) && !column.column_type.is_numeric() {
                return Err(format!("column \"{name}\": a value formula is numeric: use `int` or `float`"));
            }
            if column.kind == Some(FileKind::Formula) && !is_formula(name) {
                return Err(format!(
                    "column \"{name}\": the name of a value formula must be the formula, such as `sum([total]) / count()`"
                ));
            }
            if !fields.insert(column.field()) || !wires.insert(column.wire()) {
                return Err(format!("column \"{name}\" is repeated"));
            }
        }
        Ok(self)
    }
}

impl FileColumn {
    /// The name in queries.
    #[must_use]
    pub fn field(&self) -> &str {
        self.field.as_deref().unwrap_or(&self.name)
    }

    /// The name on the wire.
    #[must_use]
    pub fn wire(&self) -> String {
        joined_name(self.join.as_deref(), &self.name)
    }

    fn column(&self) -> Column {
        let rust_type = match self.column_type {
            ColumnType::Str => "String",
            ColumnType::Int => "i64",
            ColumnType::Float => "f64",
            ColumnType::DateTime => "DateTime",
        };
        let kind = match (self.kind, &self.join) {
            (Some(FileKind::Measure), _) => ColumnKind::Measure,
            (Some(FileKind::Formula), _) => ColumnKind::Formula,
            (None, Some(_)) => ColumnKind::Joined,
            (None, None) => ColumnKind::Stored,
        };
        Column {
            name: self.field().to_owned(),
            wire: self.wire(),
            column_type: self.column_type,
            nullable: self.nullable,
            kind,
            rust_type: rust_type.to_owned(),
        }
    }
}

/// Whether a text can be a value formula, and is no column's name: it refers to a column, `[column]`, or calls a function.
#[must_use]
pub fn is_formula(text: &str) -> bool {
    text.contains(['[', '('])
}

/// A column's name on the wire: that of another source's column begins with the source's uuid.
#[must_use]
pub fn joined_name(join: Option<&str>, name: &str) -> String {
    match join {
        Some(uuid) => format!("{uuid}.{name}"),
        None => name.to_owned(),
    }
}

/// The two parts of a joined column's name on the wire, as [`joined_name`] puts them together: the uuid of its source and its name there.
#[must_use]
pub fn split_joined(wire: &str) -> Option<(&str, &str)> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let (uuid, name) = wire.split_once('.')?;
    let is_uuid = uuid.len() == 36
        && uuid.bytes().enumerate().all(|(at, byte)| {
            if HYPHENS.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
        });
    (is_uuid && !name.is_empty()).then_some((uuid, name))
}

/// Whether a text can be the name of something on the platform: it is not empty and holds no control character.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

/// Whether a field can have this name, raw or not.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    let first = characters.next().is_some_and(|first| first == '_' || is_letter(first) && is_xid_start(first));
    let rest = characters.all(|c| c == '_' || is_letter(c));
    first && rest && !matches!(name, "_" | "self" | "Self" | "super" | "crate")
}

/// Whether a name of a field can go on with this letter or digit: `²` is one to Unicode, and stands in no name of Rust's.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && is_xid_continue(c)
}

/// The name that a field gets for a column of this name: letters, digits and underscores.
#[must_use]
pub fn field_name(name: &str) -> String {
    let words: Vec<&str> = name.split(|c| !is_letter(c)).filter(|word| !word.is_empty()).collect();
    let mut field = words.join("_");
    if !is_identifier(&field) {
        field.insert_str(0, "column_");
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
  "source": "sales",
  "columns": [
    {
      "name": "country",
      "type": "str"
    },
    {
      "name": "order date",
      "field": "order_date",
      "type": "datetime",
      "nullable": true
    },
    {
      "name": "margin",
      "type": "float",
      "kind": "measure"
    },
    {
      "name": "region",
      "type": "str",
      "join": "182018f9"
    }
  ]
}
"#;

    #[test]
    fn a_file_is_read_and_written_to_the_byte() {
        let file = SchemaFile::from_json(FILE).unwrap();
        assert_eq!(file.to_json().unwrap(), FILE);
        assert_eq!(SchemaFile::from_json(&format!("\u{feff}{FILE}")).unwrap(), file);
        let columns: Vec<_> =
            file.schema().columns.into_iter().map(|column| (column.name, column.wire, column.kind)).collect();
        let expected = [
            ("country", "country", ColumnKind::Stored),
            ("order_date", "order date", ColumnKind::Stored),
            ("margin", "margin", ColumnKind::Measure),
            ("region", "182018f9.region", ColumnKind::Joined),
        ];
        assert_eq!(columns, expected.map(|(name, wire, kind)| (name.to_owned(), wire.to_owned(), kind)));
    }

    #[test]
    fn a_wrong_file_is_told_what_is_wrong() {
        let told = |from: &str, to: &str| SchemaFile::from_json(&FILE.replace(from, to)).unwrap_err();
        assert!(told(r#""name": "country","#, r#""nam": "country","#).contains("unknown field `nam`"));
        assert!(told(r#""type": "str""#, r#""type": "text""#).contains("unknown variant `text`"));
        assert!(told("\"field\": \"order_date\",\n", "").contains("add one with `\"field\"`"));
        assert!(told("\"margin\"", "\"country\"").contains("is repeated"));
        assert!(told("\"country\",", "\"m²\",").contains("is not a valid field name"));
        assert!(told("\"margin\"", "\"$$count$$\", \"field\": \"n\"").contains("`count()`"));
        assert!(told("182018f9", "\\u001f").contains("`join` must be the uuid"));
        assert!(told("\"columns\"", "\"uuid\": \"\", \"columns\"").contains("`uuid` must have at least one character"));
        assert!(SchemaFile::from_json(r#"{"source": "sales", "columns": []}"#).unwrap_err().contains("no columns"));
    }

    #[test]
    fn every_column_gets_a_name_that_a_field_can_have() {
        for (name, field) in [
            ("order date", "order_date"),
            ("height (cm)", "height_cm"),
            ("%", "column_"),
            ("1st", "column_1st"),
            ("self", "column_self"),
            ("été", "été"),
            ("surface m²", "surface_m"),
        ] {
            assert_eq!(field_name(name), field);
            assert!(is_identifier(&field_name(name)));
        }
    }
}
