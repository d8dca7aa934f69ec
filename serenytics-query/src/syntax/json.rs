//! JSON with the position of each value and of each field's name, for messages about files that people write.

use serde::de::IgnoredAny;

/// A JSON value and the bytes that it is written in.
#[derive(Debug)]
pub(crate) struct Positioned {
    /// The byte at which it starts.
    pub(crate) position: usize,
    /// The byte after its last one.
    pub(crate) end: usize,
    pub(crate) value: Json,
}

/// A JSON value. The digits of a number are left out; [`Positioned::parsed`] returns them.
#[derive(Debug)]
pub(crate) enum Json {
    Null,
    Boolean(bool),
    Number,
    Text(String),
    List(Vec<Positioned>),
    Object(Vec<Field>),
}

/// A field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// The byte at which the name starts.
    pub(crate) position: usize,
    pub(crate) value: Positioned,
}

impl Json {
    /// Returns the value as a noun for a message: `a list`.
    pub(crate) fn described(&self) -> &'static str {
        match self {
            Json::Null => "`null`",
            Json::Boolean(_) => "`true` or `false`",
            Json::Number => "a number",
            Json::Text(_) => "a string",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }
}

impl Positioned {
    /// Returns the value as serde parses it. `text` is the whole text.
    pub(crate) fn parsed(&self, text: &str) -> serde_json::Value {
        text.get(self.position..self.end).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }
}

/// Parses JSON.
///
/// # Errors
/// Returns the first syntax error, with its line and column.
pub(crate) fn parse(text: &str) -> serde_json::Result<Positioned> {
    let _valid: IgnoredAny = serde_json::from_str(text)?;
    Reader { text, position: 0 }.value().ok_or_else(|| serde::de::Error::custom("unreadable JSON"))
}

/// Returns the line and the column of a byte, from 1: `line 3 column 5`.
pub(crate) fn line_and_column(text: &str, position: usize) -> String {
    let before = text.get(..position).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line} column {column}")
}

/// Reads text that is valid JSON.
struct Reader<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// Skips space, and reads this character if it is the next one.
    fn eat(&mut self, expected: char) -> bool {
        self.skip_space();
        let is_next = self.rest().starts_with(expected);
        self.position += if is_next { expected.len_utf8() } else { 0 };
        is_next
    }

    fn value(&mut self) -> Option<Positioned> {
        self.skip_space();
        let position = self.position;
        let value = match self.rest().chars().next()? {
            '{' => {
                let mut fields = Vec::new();
                self.eat('{');
                while !self.eat('}') {
                    let position = self.position;
                    let name = self.string()?;
                    self.eat(':');
                    fields.push(Field { name, position, value: self.value()? });
                    self.eat(',');
                }
                Json::Object(fields)
            }
            '[' => {
                let mut values = Vec::new();
                self.eat('[');
                while !self.eat(']') {
                    values.push(self.value()?);
                    self.eat(',');
                }
                Json::List(values)
            }
            '"' => Json::Text(self.string()?),
            first => {
                let rest = self.rest();
                self.position += rest.find([',', ']', '}', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
                match first {
                    't' => Json::Boolean(true),
                    'f' => Json::Boolean(false),
                    'n' => Json::Null,
                    _ => Json::Number,
                }
            }
        };
        Some(Positioned { position, end: self.position, value })
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
    }

    fn string(&mut self) -> Option<String> {
        let bytes = self.rest().as_bytes();
        let mut end = 1;
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let quoted = self.rest().get(..=end)?;
        self.position += quoted.len();
        serde_json::from_str(quoted).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prints a value with the position of each of its parts.
    fn shown(value: &Positioned) -> String {
        let at = value.position;
        match &value.value {
            Json::List(values) => format!("{at}:[{}]", values.iter().map(shown).collect::<Vec<_>>().join(" ")),
            Json::Object(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|f| format!("{}@{}={}", f.name, f.position, shown(&f.value))).collect();
                format!("{at}:{{{}}}", fields.join(" "))
            }
            Json::Text(text) => format!("{at}:{text:?}"),
            Json::Boolean(value) => format!("{at}:{value}"),
            Json::Null => format!("{at}:null"),
            Json::Number => format!("{at}:n"),
        }
    }

    #[test]
    fn every_part_has_its_position() {
        for (text, expected) in [
            (" [1, -2.5e3 ,\n true]", "1:[2:n 5:n 15:true]"),
            ("{}", "0:{}"),
            ("{ \"a\" : {\"b\\\"\": null}, \"é\":[\"\\u00e9\\\\\", []]}", ""),
        ] {
            let parsed = shown(&parse(text).unwrap());
            if expected.is_empty() {
                assert_eq!(parsed, "0:{a@2=8:{b\"@9=16:null} é@23=28:[29:\"é\\\\\" 41:[]]}");
            } else {
                assert_eq!(parsed, expected);
            }
        }
        assert!(parse("[1,]").unwrap_err().to_string().contains("line 1 column 4"));
        assert_eq!(line_and_column("é\n a", 4), "line 2 column 2");
    }
}
