//! Reads the JSON of a pipeline: reports every problem, each with its line and column.

use serde_json::Value;

use crate::syntax::json::{Field, Json, Positioned, line_and_column, parse};
use crate::syntax::parse::other_operator;
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::Position;
use crate::syntax::suggest::{Suggestions, listed};
use crate::syntax::vocabulary::{Aggregate, Direction, Operand, Operator, TimeSlot};
use crate::wire::{ColumnItem, Condition, FIELDS, Item, Pipeline, Stage};

/// Reads a pipeline.
///
/// # Errors
/// Every problem, in the order of the text. Their positions are offsets in it.
pub(super) fn read(text: &str) -> Result<Pipeline, Vec<Problem>> {
    let mut reader = Reader { text, problems: Vec::new(), suggestions: Suggestions::default() };
    let json = match parse(text) {
        Ok(json) => json,
        Err(error) => {
            let at = offset(text, error.line(), error.column());
            let message = error.to_string();
            let cause = message.split(" at line ").next().unwrap_or_default();
            reader.wrong(at, Code::PipelineJson, format!("invalid JSON: {cause}"));
            return Err(reader.problems);
        }
    };
    let pipeline = reader.pipeline(&json);
    if reader.problems.is_empty() { Ok(pipeline) } else { Err(reader.problems) }
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
    suggestions: Suggestions,
}

impl Reader<'_> {
    fn wrong(&mut self, at: usize, code: Code, message: impl std::fmt::Display) {
        let position = Position(u32::try_from(at).unwrap_or(u32::MAX));
        self.problems.push(Problem::new(
            code,
            position,
            format!("{}: {message}", line_and_column(self.text, at.min(self.text.len()))),
        ));
    }

    /// Reports a value of the wrong type.
    fn expected(&mut self, node: &Positioned, name: &str, expected: &str) {
        let found = node.value.described();
        self.wrong(node.position, Code::PipelineJson, format!("`{name}` needs {expected}, found {found}"));
    }

    /// Returns the fields of an object. Reports fields that are unknown or repeated.
    fn fields<'n>(
        &mut self,
        node: &'n Positioned,
        what: &str,
        known: &[&'static str],
    ) -> Vec<(&'static str, &'n Positioned)> {
        let Json::Object(object) = &node.value else {
            self.expected(node, what, "an object");
            return Vec::new();
        };
        let mut fields: Vec<(&'static str, &Positioned)> = Vec::new();
        for Field { name: text, position, value } in object {
            match known.iter().find(|known| *known == text) {
                Some(_) if fields.iter().any(|(other, _)| other == text) => {
                    self.wrong(*position, Code::PipelineJson, format!("the field `{text}` is repeated"));
                }
                Some(known) => fields.push((known, value)),
                None if FIELDS.contains(&text.as_str()) => {
                    let message = format!("the field `{text}` does not belong to {what}");
                    self.wrong(*position, Code::PipelineJson, message);
                }
                None => {
                    let message = self.unknown("field", text, known);
                    self.wrong(*position, Code::PipelineJson, message);
                }
            }
        }
        fields
    }

    fn unknown(&self, what: &str, word: &str, known: &[&'static str]) -> String {
        match self.suggestions.nearest(word, known.iter().copied()) {
            Some(near) => format!("unknown {what} `{word}`; did you mean `{near}`?"),
            None => format!("unknown {what} `{word}`; expected one of {}", listed(known.iter().copied())),
        }
    }

    fn list<T>(&mut self, node: &Positioned, name: &str, read: fn(&mut Self, &Positioned) -> T) -> Vec<T> {
        match &node.value {
            Json::List(list) => list.iter().map(|node| read(self, node)).collect(),
            _ => {
                self.expected(node, name, "a list");
                Vec::new()
            }
        }
    }

    /// Reads a string; `null` is the same as no field.
    fn text(&mut self, node: &Positioned, name: &str) -> Option<String> {
        match node.parsed(self.text) {
            Value::String(text) => Some(text),
            Value::Null => None,
            _ => {
                self.expected(node, name, "a string");
                None
            }
        }
    }

    /// Reads a word of the vocabulary.
    fn word<T>(
        &mut self,
        node: &Positioned,
        (name, what, code): (&str, &str, Code),
        words: impl Iterator<Item = &'static str>,
        from_word: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(node, name)?;
        let value = from_word(&text);
        if value.is_none() {
            let message = self.unknown(what, &text, &words.collect::<Vec<_>>());
            self.wrong(node.position, code, message);
        }
        value
    }

    fn pipeline(&mut self, node: &Positioned) -> Pipeline {
        let mut pipeline = Pipeline::default();
        for (name, value) in
            self.fields(node, "the pipeline", &["order", "format", "only_headers", "data_processing_pipeline"])
        {
            match name {
                "order" => pipeline.order = self.text(value, name),
                "format" => pipeline.format = self.text(value, name),
                "only_headers" => match value.parsed(self.text) {
                    Value::Bool(only) => pipeline.only_headers = Some(only),
                    Value::Null => {}
                    _ => self.expected(value, name, "`true` or `false`"),
                },
                _ => pipeline.data_processing_pipeline = self.list(value, name, Self::stage),
            }
        }
        pipeline
    }

    fn stage(&mut self, node: &Positioned) -> Stage {
        let mut stage = Stage::default();
        for (name, value) in self.fields(node, "a stage", &["where", "group_by", "select", "order_by", "limit"]) {
            match name {
                "where" => stage.conditions = self.list(value, name, Self::condition).into_iter().flatten().collect(),
                "group_by" => stage.group_by = self.list(value, name, Self::item),
                "select" => stage.select = self.list(value, name, Self::item),
                "order_by" => stage.order_by = self.list(value, name, Self::item),
                _ => match value.parsed(self.text) {
                    Value::Null => {}
                    Value::Number(rows) if rows.as_i64().is_some() => stage.limit = rows.as_i64(),
                    _ => self.expected(value, name, "an integer"),
                },
            }
        }
        stage
    }

    fn item(&mut self, node: &Positioned) -> Item {
        match &node.value {
            Json::Object(_) => {}
            Json::Text(name) => return Item::Name(name.clone()),
            _ => {
                self.expected(node, "an item", "the name of a column, or an object with a `name`");
                return Item::Name(String::new());
            }
        }
        let mut item = ColumnItem::default();
        let known = ["name", "agg_function", "timeslot", "direction", "measureUuid"];
        let fields = self.fields(node, "an item", &known);
        if !fields.iter().any(|(name, _)| *name == "name") {
            self.wrong(node.position, Code::PipelineJson, "an item needs a `name`");
        }
        for (name, value) in fields {
            let code = Code::UnknownFunction;
            match name {
                "name" => item.name = self.name(value),
                "agg_function" => {
                    let what = (name, "aggregate", code);
                    item.agg_function = self.word(value, what, Aggregate::words(), Aggregate::from_word);
                }
                "timeslot" => {
                    let what = (name, "time slot", code);
                    item.timeslot = self.word(value, what, TimeSlot::words(), TimeSlot::from_word);
                }
                "direction" => {
                    let what = (name, "direction", Code::Unexpected);
                    item.direction = self.word(value, what, Direction::words(), Direction::from_word);
                }
                _ => item.measure_uuid = self.text(value, name),
            }
        }
        Item::Column(item)
    }

    /// Reads the name of a column, which is required.
    fn name(&mut self, node: &Positioned) -> String {
        match node.parsed(self.text) {
            Value::String(name) => name,
            _ => {
                self.expected(node, "name", "a string");
                String::new()
            }
        }
    }

    fn operator(&mut self, node: &Positioned) -> Option<Operator> {
        let text = self.text(node, "op")?;
        if let Some(other) = other_operator(&text) {
            let message = format!("unknown operator `{text}`; did you mean `{other}`?");
            self.wrong(node.position, Code::UnknownOperator, message);
            return None;
        }
        self.word(node, ("op", "operator", Code::UnknownOperator), Operator::words(), Operator::from_word)
    }

    fn condition(&mut self, node: &Positioned) -> Option<Condition> {
        let fields = self.fields(node, "a condition", &["name", "op", "value", "measureUuid"]);
        let field = |wanted: &str| fields.iter().find(|(name, _)| *name == wanted).map(|(_, node)| *node);
        if matches!(node.value, Json::Object(_)) {
            for missing in ["name", "op"].into_iter().filter(|name| field(name).is_none()) {
                self.wrong(node.position, Code::PipelineJson, format!("a condition needs `{missing}`"));
            }
        }
        let name = field("name").map(|name| self.name(name));
        let op = field("op").and_then(|op| self.operator(op));
        let value = field("value").map(|value| (value, value.parsed(self.text))).filter(|(_, json)| !json.is_null());
        if let (Some(op), Some((value, _))) = (op, &value)
            && op.operand() == Operand::None
        {
            self.wrong(value.position, Code::Operand, format!("`{op}` has no value: remove `value`"));
        }
        let measure_uuid = field("measureUuid").and_then(|uuid| self.text(uuid, "measureUuid"));
        Some(Condition { name: name?, op: op?, value: value.map(|(_, json)| json), measure_uuid })
    }
}

/// The offset of a line and a column in bytes, counted from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        read(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    fn one(stage: &str) -> String {
        let problems = problems(&format!("{{\"data_processing_pipeline\":[\n{stage}]}}"));
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].clone()
    }

    #[test]
    fn every_problem_is_reported_with_its_line_and_column() {
        let text = "{\"ordr\": \"row_by_row\",\n \"data_processing_pipeline\": [{\n  \"were\": [],\n  \"select\": [[\"country\"], {\"name\": \"é\", \"agg_function\": \"smu\"}],\n  \"where\": [{\"name\": \"a\", \"op\": \"is_defined\", \"value\": 3}, {\"op\": \"=>\"}],\n  \"limit\": \"3\"\n }]}";
        assert_eq!(
            problems(text),
            [
                "line 1 column 2: unknown field `ordr`; did you mean `order`? [SRN016]",
                "line 3 column 3: unknown field `were`; did you mean `where`? [SRN016]",
                "line 4 column 14: `an item` needs the name of a column, or an object with a `name`, found a list [SRN016]",
                "line 4 column 57: unknown aggregate `smu`; did you mean `sum`? [SRN007]",
                "line 5 column 56: `is_defined` has no value: remove `value` [SRN010]",
                "line 5 column 60: a condition needs `name` [SRN016]",
                "line 5 column 67: unknown operator `=>`; did you mean `>=`? [SRN008]",
                "line 6 column 12: `limit` needs an integer, found a string [SRN016]",
            ]
        );
    }

    #[test]
    fn each_wrong_value_is_one_problem() {
        for (stage, expected) in [
            (r#"{"select": "country"}"#, "line 2 column 12: `select` needs a list, found a string"),
            (r#"{"select": null}"#, "line 2 column 12: `select` needs a list, found `null`"),
            (r#"{"select": [3]}"#, "found a number"),
            (r#"{"select": [{}]}"#, "line 2 column 13: an item needs a `name`"),
            (r#"{"select": [{"name": 3}]}"#, "`name` needs a string, found a number"),
            (r#"{"select": [{"name": "a", "agg": "sum"}]}"#, "unknown field `agg`; did you mean `agg_function`?"),
            (r#"{"select": [{"name": "a", "name": "b"}]}"#, "the field `name` is repeated"),
            (
                r#"{"group_by": [{"name": "a", "timeslot": "months"}]}"#,
                "unknown time slot `months`; did you mean `month`?",
            ),
            (r#"{"order_by": [{"name": "a", "direction": "down"}]}"#, "unknown direction `down`"),
            (r#"{"where": [["a", "==", 3]]}"#, "`a condition` needs an object, found a list"),
            (r#"{"where": [{"name": "a", "op": "is_empty", "value": ""}]}"#, "`is_empty` has no value: remove `value`"),
            (r#"{"limit": 1.5}"#, "`limit` needs an integer"),
            (r#"{"limit": 3, "limit": 4}"#, "the field `limit` is repeated"),
            (r#"{"value": 4}"#, "the field `value` does not belong to a stage"),
            ("3", "`a stage` needs an object, found a number"),
        ] {
            let problem = one(stage);
            assert!(problem.contains(expected), "{stage}: {problem}");
        }
        assert_eq!(problems("{\n\"order\": }"), ["line 2 column 10: invalid JSON: expected value [SRN016]"]);
        assert_eq!(problems("[]"), ["line 1 column 1: `the pipeline` needs an object, found a list [SRN016]"]);
        assert_eq!(problems(r#"{"only_headers": 1}"#).len(), 1);
        assert_eq!(problems("").len(), 1);
    }

    #[test]
    fn pipeline_is_read_like_by_serde() {
        let text = r#"{"order":"row_by_row","format":null,"data_processing_pipeline":[{"group_by":["a\"b",
            {"name":"d","timeslot":"month"}],"select":[{"name":"r","agg_function":"sum","measureUuid":"u"}],
            "where":[{"name":"x","op":"in","value":["é",1.5e3]},{"name":"y","op":"is_defined","value":null}],
            "order_by":[{"name":"d","direction":"desc"}],"limit":3}]}"#;
        assert_eq!(read(text).unwrap(), serde_json::from_str::<Pipeline>(text).unwrap());
    }
}
