//! The schema: the name and the columns of a source, declared by a user or read from a server.

use std::borrow::Cow;

use crate::syntax::vocabulary::ColumnType;
use crate::wire::ColumnTitle;

/// Identifies a source on the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SourceRef {
    /// By its name, which is unique by convention only.
    Name(Cow<'static, str>),
    /// By its uuid, which never changes.
    Uuid(Cow<'static, str>),
}

impl SourceRef {
    /// The name or the uuid.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            SourceRef::Name(text) | SourceRef::Uuid(text) => text,
        }
    }
}

impl std::fmt::Display for SourceRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SourceRef::Name(name) => write!(f, "source `{name}`"),
            SourceRef::Uuid(uuid) => write!(f, "source with uuid {uuid}"),
        }
    }
}

/// Where a column's cells come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColumnKind {
    /// They are stored in the source.
    #[default]
    Stored,
    /// A measure: computed for each row by a formula in the source's configuration. A request names
    /// it together with its uuid.
    Measure,
    /// A value formula: one number over all rows, whose wire name is the formula itself.
    Formula,
    /// They are stored in another source that this one joins; the wire name is
    /// `<uuid of that source>.<column>`.
    Joined,
}

impl ColumnKind {
    /// Each kind, and the word for it where schemas are written.
    const WORDS: [(ColumnKind, &'static str); 4] = [
        (ColumnKind::Stored, ""),
        (ColumnKind::Measure, "measure"),
        (ColumnKind::Formula, "formula"),
        (ColumnKind::Joined, "joined"),
    ];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    fn from_word(word: &str) -> Option<ColumnKind> {
        Self::WORDS.iter().find(|(_, other)| *other == word).map(|(kind, _)| *kind)
    }
}

/// A column of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name in queries: the Rust field's, or the wire name when the schema was read at run
    /// time.
    pub name: String,
    /// The name on the wire.
    pub wire: String,
    /// The column's type.
    pub column_type: ColumnType,
    /// Whether a cell may be NULL.
    pub nullable: bool,
    /// Where its cells come from.
    pub kind: ColumnKind,
    /// The Rust type as the user spelled it, without `Option`; empty for a schema read at run time.
    pub rust_type: String,
    /// The formula of a measure, if it is known. The wire name of a value formula is its formula.
    pub formula: Option<String>,
}

/// A source's columns, in declared order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// How the source is found.
    pub source: SourceRef,
    /// The columns; names are unique.
    pub columns: Vec<Column>,
}

/// What the derive passes to `query!` instead of an encoded schema if the declaration has errors.
pub const INVALID: &str = "invalid";

/// The same for a struct with generic parameters, whose name alone is not a type.
pub const INVALID_GENERIC: &str = "invalid generic";

/// Separates the fields of a record of an encoded schema; names cannot contain control characters.
const FIELD: char = '\u{1f}';
/// Separates the records of an encoded schema.
const RECORD: char = '\u{1e}';

impl Schema {
    /// Creates the schema of a source from the columns that a server reports. All columns are
    /// nullable; columns of an unknown type are left out.
    #[must_use]
    pub fn from_titles(source: SourceRef, titles: &[ColumnTitle]) -> Schema {
        let columns = titles
            .iter()
            .filter_map(|title| {
                Some(Column {
                    name: title.name.clone(),
                    wire: title.name.clone(),
                    column_type: title.column_type()?,
                    nullable: true,
                    kind: ColumnKind::Stored,
                    rust_type: String::new(),
                    formula: None,
                })
            })
            .collect();
        Schema { source, columns }
    }

    /// The column with this name in queries, and its index.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<(usize, &Column)> {
        self.columns.iter().enumerate().find(|(_, column)| column.name == name)
    }

    /// Returns the schema with each column named as on the platform.
    #[must_use]
    pub fn by_wire_names(&self) -> Schema {
        let renamed = |column: &Column| Column { name: column.wire.clone(), ..column.clone() };
        Schema { source: self.source.clone(), columns: self.columns.iter().map(renamed).collect() }
    }

    /// Returns the columns that have a cell in each row: all except value formulas.
    pub fn row_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.kind != ColumnKind::Formula)
    }

    /// Encodes the schema as a string, which the derive passes to `query!`.
    #[must_use]
    pub fn encode(&self) -> String {
        let kind = match self.source {
            SourceRef::Name(_) => "name",
            SourceRef::Uuid(_) => "uuid",
        };
        let mut text = format!("{kind}{FIELD}{}", self.source.text());
        for column in &self.columns {
            let null = if column.nullable { "?" } else { "" };
            text.push(RECORD);
            let fields =
                [&column.name, &column.wire, column.column_type.word(), null, column.kind.word(), &column.rust_type];
            text.push_str(&fields.join(FIELD.encode_utf8(&mut [0; 4])));
            if let Some(formula) = &column.formula {
                text.push(FIELD);
                text.push_str(formula);
            }
        }
        text
    }

    /// Decodes a string of [`Schema::encode`]; `None` for any other string.
    #[must_use]
    pub fn decode(text: &str) -> Option<Schema> {
        let mut records = text.split(RECORD);
        let (kind, source) = records.next()?.split_once(FIELD)?;
        let source = Cow::Owned(source.to_owned());
        let source = match kind {
            "name" => SourceRef::Name(source),
            "uuid" => SourceRef::Uuid(source),
            _ => return None,
        };
        let columns = records.map(decode_column).collect::<Option<_>>()?;
        Some(Schema { source, columns })
    }
}

fn decode_column(record: &str) -> Option<Column> {
    let mut fields = record.split(FIELD);
    let column = Column {
        name: fields.next()?.to_owned(),
        wire: fields.next()?.to_owned(),
        column_type: ColumnType::from_word(fields.next()?)?,
        nullable: fields.next()? == "?",
        kind: ColumnKind::from_word(fields.next()?)?,
        rust_type: fields.next()?.to_owned(),
        formula: fields.next().map(str::to_owned),
    };
    fields.next().is_none().then_some(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_schema_decodes_to_itself_with_any_names() {
        let column = |name: &str, wire: &str, nullable, kind| Column {
            name: name.to_owned(),
            wire: wire.to_owned(),
            column_type: ColumnType::DateTime,
            nullable,
            kind,
            rust_type: "DateTime".to_owned(),
            formula: (kind == ColumnKind::Measure).then(|| "[a]\n* 2".to_owned()),
        };
        let schema = Schema {
            source: SourceRef::Name("sales; \"2024\": x".into()),
            columns: vec![
                column("date", "order:date;\n\"é\"", true, ColumnKind::Joined),
                column("r#in", "", false, ColumnKind::Stored),
                column("double", "double", true, ColumnKind::Measure),
            ],
        };
        assert_eq!(Schema::decode(&schema.encode()), Some(schema));
    }

    #[test]
    fn decode_rejects_other_strings() {
        for text in ["", "sales", "table\u{1f}sales", "name\u{1f}sales\u{1e}country"] {
            assert_eq!(Schema::decode(text), None, "{text:?}");
        }
    }
}
