//! Reads a schema file and describes all its mistakes, each with its line and column.

use crate::schemas::schema_file::{FileColumn, FileKind, SchemaFile};
use crate::syntax::json::{Field, Json, Positioned, line_and_column, parse};
use crate::syntax::suggest::{listed, nearest};
use crate::syntax::vocabulary::ColumnType;

const FILE_FIELDS: &[&str] = &["source", "uuid", "columns"];
const COLUMN_FIELDS: &[&str] = &["name", "field", "type", "nullable", "kind", "formula", "join"];

/// Reads the content of a schema file and validates it.
///
/// # Errors
/// Returns a description of each mistake.
pub(super) fn read(text: &str) -> Result<SchemaFile, Vec<String>> {
    let json = parse(text).map_err(|error| vec![error.to_string()])?;
    let mut reader = Reader { text, mistakes: Vec::new(), columns: Vec::new() };
    let file = reader.file(&json);
    if let Some(file) = file.filter(|_| reader.mistakes.is_empty()) {
        for (column, mistake) in file.mistakes() {
            let position = column.and_then(|index| reader.columns.get(index)).copied().unwrap_or(json.position);
            reader.add(position, &mistake, "");
        }
        if reader.mistakes.is_empty() {
            return Ok(file);
        }
    }
    Err(reader.mistakes)
}

struct Reader<'a> {
    text: &'a str,
    mistakes: Vec<String>,
    /// The positions of the columns.
    columns: Vec<usize>,
}

impl Reader<'_> {
    fn add(&mut self, position: usize, mistake: &str, advice: &str) {
        self.mistakes.push(format!("{mistake} at {}{advice}", line_and_column(self.text, position)));
    }

    fn file(&mut self, json: &Positioned) -> Option<SchemaFile> {
        let example = "`{\"source\": \"sales\", \"columns\": [..]}`";
        let Json::Object(fields) = &json.value else {
            let found = json.value.described();
            self.add(json.position, &format!("a schema file must be an object, {example}, found {found}"), "");
            return None;
        };
        self.names(json.position, "a schema file", fields, FILE_FIELDS, &["source", "columns"]);
        let mut file = SchemaFile { source: String::new(), uuid: None, columns: Vec::new() };
        for field in fields {
            match field.name.as_str() {
                "source" => file.source = self.text_of(field).unwrap_or_default(),
                "uuid" => file.uuid = self.optional_text(field),
                "columns" => match &field.value.value {
                    Json::List(columns) => file.columns = columns.iter().map(|column| self.column(column)).collect(),
                    other => {
                        self.wrong(field, "a list of columns, `[{\"name\": \"country\", \"type\": \"str\"}]`", other)
                    }
                },
                _ => {}
            }
        }
        Some(file)
    }

    fn column(&mut self, json: &Positioned) -> FileColumn {
        self.columns.push(json.position);
        let mut column = FileColumn {
            name: String::new(),
            field: None,
            column_type: ColumnType::Str,
            nullable: false,
            kind: None,
            formula: None,
            join: None,
        };
        let Json::Object(fields) = &json.value else {
            let found = json.value.described();
            let example = "`{\"name\": \"country\", \"type\": \"str\"}`";
            self.add(json.position, &format!("a column must be an object, {example}, found {found}"), "");
            return column;
        };
        self.names(json.position, "a column", fields, COLUMN_FIELDS, &["name", "type"]);
        for field in fields {
            match (field.name.as_str(), &field.value.value) {
                ("name", _) => column.name = self.text_of(field).unwrap_or_default(),
                ("type", _) => {
                    let words: Vec<&str> = ColumnType::words().collect();
                    let word = self.word_of(field, &words);
                    column.column_type = word.and_then(|word| ColumnType::from_word(&word)).unwrap_or(ColumnType::Str);
                }
                ("field", _) => column.field = self.optional_text(field),
                ("join", _) => column.join = self.optional_text(field),
                ("formula", _) => column.formula = self.optional_text(field),
                ("nullable", Json::Boolean(nullable)) => column.nullable = *nullable,
                ("nullable", other) => self.wrong(field, "`true` or `false`", other),
                ("kind", Json::Null) => {}
                ("kind", _) => {
                    column.kind = self.word_of(field, &["measure", "formula"]).map(|word| match word.as_str() {
                        "measure" => FileKind::Measure,
                        _ => FileKind::Formula,
                    });
                }
                _ => {}
            }
        }
        column
    }

    /// Reports unknown, repeated and missing fields of an object.
    fn names(&mut self, position: usize, what: &str, fields: &[Field], known: &[&str], required: &[&str]) {
        let mut meant = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            let name = field.name.as_str();
            if fields[..index].iter().any(|other| other.name == name) {
                self.add(field.position, &format!("the field `{name}` is repeated"), "");
            } else if !known.contains(&name) {
                let message = format!("unknown field `{name}` in {what}");
                let near = nearest(name, known.iter().copied());
                meant.extend(near);
                let advice = match near {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None => format!("; the fields are {}", listed(known.iter().copied())),
                };
                self.add(field.position, &message, &advice);
            }
        }
        for name in required {
            // A misspelled field is one mistake.
            if !meant.contains(name) && fields.iter().all(|field| field.name != *name) {
                self.add(position, &format!("{what} needs the field `{name}`, which is missing"), "");
            }
        }
    }

    fn wrong(&mut self, field: &Field, expected: &str, found: &Json) {
        let message = format!("`{}` must be {expected}, found {}", field.name, found.described());
        self.add(field.value.position, &message, "");
    }

    fn text_of(&mut self, field: &Field) -> Option<String> {
        match &field.value.value {
            Json::Text(text) => return Some(text.clone()),
            other => self.wrong(field, "a string", other),
        }
        None
    }

    fn optional_text(&mut self, field: &Field) -> Option<String> {
        if matches!(field.value.value, Json::Null) { None } else { self.text_of(field) }
    }

    /// Reads one of several words.
    fn word_of(&mut self, field: &Field, words: &[&str]) -> Option<String> {
        let word = self.text_of(field)?;
        if words.contains(&word.as_str()) {
            return Some(word);
        }
        let message = format!("unknown `{}` \"{word}\"", field.name);
        let advice = match nearest(&word, words.iter().copied()) {
            Some(near) => format!("; did you mean \"{near}\"?"),
            None => format!("; write one of {}", listed(words.iter().copied())),
        };
        self.add(field.value.position, &message, &advice);
        None
    }
}
