//! Schema files: the columns of a source as a JSON file that is easy to review.
//! `serenytics schema pull` writes it, and `#[source(file = "..")]` reads it.

use std::collections::HashSet;

use serde::Serialize;
use unicode_ident::{is_xid_continue, is_xid_start};

use crate::schemas::read_schema_file::read;
use crate::schemas::schema::{Column, ColumnKind, Schema, SourceRef};
use crate::syntax::vocabulary::ColumnType;
use crate::wire::COUNT_COLUMN;

/// The content of a schema file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaFile {
    /// The source's name.
    pub source: String,
    /// The source's uuid, if the source is identified by it instead of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The columns, in the order of the source.
    pub columns: Vec<FileColumn>,
}

/// A column of a schema file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileColumn {
    /// The name on the wire. For a joined column: the name in its own source; for a value formula:
    /// the formula.
    pub name: String,
    /// The name in queries, if it differs from the name on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The column's type.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// Whether a cell may be NULL.
    #[serde(skip_serializing_if = "is_false")]
    pub nullable: bool,
    /// `measure` or `formula`, if the column is computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<FileKind>,
    /// The formula of a measure, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// The uuid of the source that the column is stored in, if this one joins it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<String>,
}

/// The kind of a computed column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// See [`ColumnKind::Measure`].
    Measure,
    /// See [`ColumnKind::Formula`].
    Formula,
}

/// The maximum size of a file, in bytes.
const LARGEST: usize = 4 << 20;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl SchemaFile {
    /// Parses the text of a file.
    ///
    /// # Errors
    /// Returns a description of each mistake with its line and column, on its own line.
    pub fn from_json(text: &str) -> Result<SchemaFile, String> {
        if text.len() > LARGEST {
            return Err(format!("it has {} bytes, but a schema file may have at most {LARGEST}", text.len()));
        }
        // Some editors write a byte order mark at the start.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        read(text).map_err(|mistakes| mistakes.join("\n"))
    }

    /// Returns the text of the file: indented JSON that ends with a newline.
    ///
    /// # Errors
    /// A description of the error.
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
        Schema { source, columns: columns_of(&self.columns) }
    }

    /// Validates the file and returns it.
    ///
    /// # Errors
    /// Returns a description of each mistake, on its own line.
    pub fn checked(self) -> Result<SchemaFile, String> {
        let mistakes: Vec<String> = self.mistakes().into_iter().map(|(_, mistake)| mistake).collect();
        if mistakes.is_empty() { Ok(self) } else { Err(mistakes.join("\n")) }
    }

    /// Returns the mistakes, each with the index of its column.
    pub(super) fn mistakes(&self) -> Vec<(Option<usize>, String)> {
        let mut found = Vec::new();
        if self.columns.is_empty() {
            found.push((None, "a schema file needs at least one column in `columns`".to_owned()));
        }
        if !is_name(&self.source) {
            found.push((None, "`source` must have at least one character and no control characters".to_owned()));
        }
        if self.uuid.as_deref().is_some_and(|uuid| !is_name(uuid)) {
            found.push((None, "`uuid` must have at least one character and no control characters".to_owned()));
        }
        let mut fields = HashSet::new();
        let mut wires = HashSet::new();
        for (index, column) in self.columns.iter().enumerate() {
            let is_repeated = !fields.insert(column.field()) | !wires.insert(column.wire());
            let mistake =
                column.mistake().or_else(|| is_repeated.then(|| format!("column \"{}\" is repeated", column.name)));
            found.extend(mistake.map(|mistake| (Some(index), mistake)));
        }
        found
    }
}

/// Returns the columns of a schema that these declare.
pub(crate) fn columns_of(columns: &[FileColumn]) -> Vec<Column> {
    columns.iter().map(FileColumn::column).collect()
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

    /// Returns the first mistake.
    fn mistake(&self) -> Option<String> {
        let name = &self.name;
        if !is_name(name) {
            return Some(format!("column {name:?}: a name must have at least one character and no control characters"));
        }
        if self.join.as_deref().is_some_and(|uuid| !is_name(uuid)) {
            return Some(format!("column \"{name}\": `join` must be the uuid of a source"));
        }
        if self.wire() == COUNT_COLUMN {
            return Some(format!(
                "column \"{name}\": this is the platform's name for the number of rows: use `count()`"
            ));
        }
        if !is_identifier(self.field()) {
            return Some(match &self.field {
                Some(field) => format!("column \"{name}\": {field:?} is not a valid field name"),
                None => format!("column \"{name}\" is not a valid field name: add one with `\"field\"`"),
            });
        }
        if self.kind.is_some() && self.join.is_some() {
            return Some(format!("column \"{name}\" cannot have both a `kind` and a `join`"));
        }
        if let Some(formula) = &self.formula {
            if self.kind != Some(FileKind::Measure) {
                return Some(format!("column \"{name}\": only a measure has a `formula`: add `\"kind\": \"measure\"`"));
            }
            if formula.trim().is_empty() || formula.contains(is_separator) {
                return Some(format!("column \"{name}\": {formula:?} is not a formula"));
            }
        }
        if self.kind == Some(FileKind::Formula) && !self.column_type.is_numeric() {
            return Some(format!("column \"{name}\": a value formula is numeric: use `int` or `float`"));
        }
        if self.kind == Some(FileKind::Formula) && !is_formula(name) {
            return Some(format!(
                "column \"{name}\": the name of a value formula must be the formula, such as `sum([total]) / count()`"
            ));
        }
        None
    }

    fn column(&self) -> Column {
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
            rust_type: rust_type(self.column_type).to_owned(),
            formula: self.formula.clone(),
        }
    }
}

/// Returns the Rust type of a column that a file declares, without `Option`.
pub(crate) const fn rust_type(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Str => "String",
        ColumnType::Int => "i64",
        ColumnType::Float => "f64",
        ColumnType::DateTime => "DateTime",
    }
}

/// Returns true if `text` looks like a value formula instead of a column's name: it references a
/// column, `[column]`, or calls a function.
#[must_use]
pub fn is_formula(text: &str) -> bool {
    text.contains(['[', '('])
}

/// Returns a column's name on the wire. The name of a joined column starts with the uuid of its
/// source.
#[must_use]
pub fn joined_name(join: Option<&str>, name: &str) -> String {
    match join {
        Some(uuid) => format!("{uuid}.{name}"),
        None => name.to_owned(),
    }
}

/// Splits the wire name of a joined column, created by [`joined_name`], into the uuid of its source
/// and its name there.
#[must_use]
pub fn split_joined(wire: &str) -> Option<(&str, &str)> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let (uuid, name) = wire.split_once('.')?;
    let is_uuid = uuid.len() == 36
        && uuid.bytes().enumerate().all(
            |(at, byte)| {
                if HYPHENS.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
            },
        );
    (is_uuid && !name.is_empty()).then_some((uuid, name))
}

/// Returns true if `text` is a valid name on the platform: it is not empty and has no control
/// characters.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

/// Returns true for the control characters that separate the names of an encoded schema.
#[must_use]
pub fn is_separator(c: char) -> bool {
    ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Returns true if a field can have this name, raw or not.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    let first = characters.next().is_some_and(|first| first == '_' || is_letter(first) && is_xid_start(first));
    let rest = characters.all(|c| c == '_' || is_letter(c));
    first && rest && !matches!(name, "_" | "self" | "Self" | "super" | "crate")
}

/// Returns true if a field name can contain this letter or digit. Unicode counts `²` as a digit,
/// but Rust does not allow it in a name.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && is_xid_continue(c)
}

/// Derives a field name from a column name: letters, digits and underscores.
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
    fn a_file_round_trips_byte_for_byte() {
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
    fn an_invalid_file_is_rejected_with_a_reason() {
        let message = |from: &str, to: &str| SchemaFile::from_json(&FILE.replace(from, to)).unwrap_err();
        assert!(message(r#""name": "country","#, r#""nam": "country","#).contains("unknown field `nam`"));
        assert!(
            message(r#""type": "str""#, r#""type": "text""#)
                .contains("unknown `type` \"text\" at line 6 column 15; write one of `str`")
        );
        assert!(message("\"field\": \"order_date\",\n", "").contains("add one with `\"field\"`"));
        assert!(message("\"margin\"", "\"country\"").contains("is repeated"));
        assert!(message("\"country\",", "\"m²\",").contains("is not a valid field name"));
        assert!(message("\"margin\"", "\"$$count$$\", \"field\": \"n\"").contains("`count()`"));
        assert!(message("182018f9", "\\u001f").contains("`join` must be the uuid"));
        assert!(
            message("\"columns\"", "\"uuid\": \"\", \"columns\"").contains("`uuid` must have at least one character")
        );
        assert!(
            SchemaFile::from_json(r#"{"source": "sales", "columns": []}"#).unwrap_err().contains("at least one column")
        );
    }

    #[test]
    fn every_mistake_is_described_with_its_line_and_column() {
        let column = |fields: &str| format!("{{\"source\": \"sales\",\n \"columns\": [\n  {fields}]}}");
        for (text, expected) in [
            (
                "[]".to_owned(),
                "a schema file must be an object, `{\"source\": \"sales\", \"columns\": [..]}`, found a list at line 1 column 1",
            ),
            (
                "\"sales\"".to_owned(),
                "a schema file must be an object, `{\"source\": \"sales\", \"columns\": [..]}`, found a string at line 1 column 1",
            ),
            ("{\"source\": \"sales\"".to_owned(), "EOF while parsing an object at line 1 column 18"),
            (
                "{\"sorce\": \"sales\",\n\"columns\": {}}".to_owned(),
                "unknown field `sorce` in a schema file at line 1 column 2; did you mean `source`?\n`columns` must be a list of columns, `[{\"name\": \"country\", \"type\": \"str\"}]`, found an object at line 2 column 12",
            ),
            (
                "{\"a\": 1}".to_owned(),
                "unknown field `a` in a schema file at line 1 column 2; the fields are `source`, `uuid`, `columns`\na schema file needs the field `source`, which is missing at line 1 column 1\na schema file needs the field `columns`, which is missing at line 1 column 1",
            ),
            (
                column("\"country\""),
                "a column must be an object, `{\"name\": \"country\", \"type\": \"str\"}`, found a string at line 3 column 3",
            ),
            (
                column("{\"name\": 3, \"type\": \"string\", \"nullable\": \"yes\", \"kind\": \"measures\"}"),
                "`name` must be a string, found a number at line 3 column 12\nunknown `type` \"string\" at line 3 column 23; did you mean \"str\"?\n`nullable` must be `true` or `false`, found a string at line 3 column 45\nunknown `kind` \"measures\" at line 3 column 60; did you mean \"measure\"?",
            ),
            (
                column("{\"name\": \"a\", \"name\": \"b\", \"nulable\": true}"),
                "the field `name` is repeated at line 3 column 17\nunknown field `nulable` in a column at line 3 column 30; did you mean `nullable`?\na column needs the field `type`, which is missing at line 3 column 3",
            ),
            (
                column(
                    "{\"name\": \"m\u{b2}\", \"type\": \"str\"},\n  {\"name\": \"a\", \"type\": \"str\", \"formula\": \"1\"}",
                ),
                "column \"m\u{b2}\" is not a valid field name: add one with `\"field\"` at line 3 column 3\ncolumn \"a\": only a measure has a `formula`: add `\"kind\": \"measure\"` at line 4 column 3",
            ),
        ] {
            assert_eq!(SchemaFile::from_json(&text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn field_name_is_always_a_valid_identifier() {
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
