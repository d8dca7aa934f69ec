//! Queries from text, in the language of `query!`: `from sales where revenue > {least} select count()`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value as Json;

use crate::check::check_all;
use crate::lower::{lower, measures};
use crate::query::Query;
use crate::rows::cell::Row;
use crate::schemas::schema::Schema;
use crate::syntax::lexer::Lexed;
use crate::syntax::parse::{Parsed, parse};
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::{
    Condition, ConditionOperand, Ident, Limit, Literal, Placeholder, Position, Selected, Stage, Value,
};
use crate::syntax::suggest::{listed, nearest};
use crate::syntax::token::{RawLiteral, Token, TokenKind};

/// The source of a text query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextSource {
    /// A name: `from sales`, or in backquotes.
    Name(String),
    /// A string: `from "sales.csv"`.
    Text(String),
}

/// A query that was parsed from text and is not checked yet.
#[derive(Debug, Clone)]
pub struct TextQuery {
    lexed: Lexed,
    parsed: Parsed,
    source: Option<TextSource>,
}

/// A mistake in a text query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextProblem {
    /// The mistake.
    pub problem: Problem,
    /// The bytes of the text that it is about.
    pub span: Range<usize>,
}

/// The values of the parameters of a text query, by name. A list has several values.
pub type Parameters = BTreeMap<String, Vec<String>>;

impl TextQuery {
    /// Parses a text. Mistakes are returned by [`query`](Self::query), together with those against the schema.
    #[must_use]
    pub fn parse(text: &str) -> TextQuery {
        let mut lexed = Lexed::new(text);
        let source = lexed.tokens.get_mut(1).and_then(named_by_string);
        let mut parsed = parse(&lexed.tokens, lexed.end());
        reject_rust(&mut parsed);
        let source = source.or_else(|| match parsed.from.as_slice() {
            [position] => match &token_at(&lexed.tokens, *position)?.kind {
                TokenKind::Ident { text, .. } => Some(TextSource::Name(text.clone())),
                _ => None,
            },
            _ => None,
        });
        if let ([first, .., _], None) = (parsed.from.as_slice(), &source) {
            let message = "a source's name is one word: put another name in backquotes";
            parsed.problems.push(Problem::new(Code::Unexpected, *first, message));
        }
        // A string or a bracket that is not closed hides what was meant after it.
        if !lexed.problems.is_empty() {
            parsed.problems.clone_from(&lexed.problems);
        }
        TextQuery { lexed, parsed, source }
    }

    /// Returns the source after `from`. `None` if it is missing or invalid.
    #[must_use]
    pub fn source(&self) -> Option<&TextSource> {
        self.source.as_ref()
    }

    /// Returns the names of the parameters, in the order of the text.
    #[must_use]
    pub fn parameters(&self) -> &[String] {
        &self.lexed.parameters
    }

    /// Returns the mistakes that do not depend on the source.
    #[must_use]
    pub fn problems(&self) -> Vec<TextProblem> {
        self.located(self.parsed.problems.clone())
    }

    /// Checks the query against the columns of its source, with values for its parameters.
    ///
    /// Columns have the names of the schema. A name in backquotes may also be the platform's name. A row is a list of
    /// cells in the order of the query's [`shape`](Query::shape).
    ///
    /// # Errors
    /// Every mistake, in the order of the text.
    pub fn query(&self, schema: &Schema, values: &Parameters) -> Result<Query<Vec<Json>>, Vec<TextProblem>> {
        if !self.lexed.problems.is_empty() {
            return Err(self.problems());
        }
        let mut problems = self.parsed.problems.clone();
        let mut stage = self.parsed.stage.clone();
        for ident in idents(&mut stage) {
            if schema.column(&ident.text).is_none()
                && let Some(column) = schema.columns.iter().find(|column| column.wire == ident.text)
            {
                ident.text.clone_from(&column.name);
            }
        }
        let mut bound = Bound { names: &self.lexed.parameters, values, problems: &mut problems };
        bound.stage(&mut stage);
        bound.unused();
        let (checked, wrong) = check_all(schema, &stage);
        problems.extend(wrong);
        let template = if problems.is_empty() { lower(schema, &stage, &checked) } else { None };
        let Some(template) = template else {
            if problems.is_empty() {
                let message = "this query cannot be written as JSON";
                problems.push(Problem::new(Code::PipelineJson, self.lexed.end(), message));
            }
            return Err(self.located(problems));
        };
        let used = measures(schema, &stage, &checked);
        Ok(Query::owned(schema.source.clone(), template.render(&[]), checked.shape.into(), Row::read, used.into()))
    }

    /// Returns the text for `query!`: with the type `source` after `from`, and with the field of each column whose name
    /// is in backquotes. `None` if the source is missing.
    #[must_use]
    pub fn in_rust(&self, text: &str, source: &str, schema: &Schema) -> Option<String> {
        let from = self.lexed.span(*self.parsed.from.first()?);
        let mut rust = String::with_capacity(text.len());
        let mut at = 0;
        for span in &self.lexed.spans {
            let written = text.get(span.clone())?;
            let replaced = if *span == from {
                Some(source)
            } else if let Some(name) = written.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
                schema
                    .columns
                    .iter()
                    .find(|column| column.wire == name || column.name == name)
                    .map(|found| found.name.as_str())
            } else {
                None
            };
            if let Some(replaced) = replaced {
                rust.push_str(text.get(at..span.start)?);
                rust.push_str(replaced);
                at = span.end;
            }
        }
        rust.push_str(text.get(at..)?);
        Some(rust)
    }

    fn located(&self, problems: Vec<Problem>) -> Vec<TextProblem> {
        let located = |problem: Problem| TextProblem { span: self.lexed.span(problem.position), problem };
        let mut located: Vec<_> = problems.into_iter().map(located).collect();
        located.sort_by_key(|problem| problem.span.start);
        located
    }
}

/// If a token is a string, returns it and makes the token a name, which is what the grammar expects after `from`.
fn named_by_string(token: &mut Token) -> Option<TextSource> {
    let TokenKind::Literal(RawLiteral::Text(text)) = &token.kind else { return None };
    let text = text.clone();
    token.kind = TokenKind::Ident { text: text.clone(), raw: true };
    Some(TextSource::Text(text))
}

fn token_at(tokens: &[Token], position: Position) -> Option<&Token> {
    tokens.iter().find(|token| token.position == position)
}

/// Reports the parts of the grammar that only have a meaning in Rust.
fn reject_rust(parsed: &mut Parsed) {
    if let Some(position) = parsed.into.first() {
        let message = "`into` names a Rust type: remove it from a query that is not in Rust";
        parsed.problems.push(Problem::new(Code::Unexpected, *position, message));
    }
    for splice in std::mem::take(&mut parsed.stage.splices) {
        let message = "a filter is a Rust value: write its conditions";
        parsed.problems.push(Problem::new(Code::Splice, splice.position, message));
    }
}

/// Returns every name of a column or an output.
fn idents(stage: &mut Stage) -> impl Iterator<Item = &mut Ident> {
    fn of(selected: &mut Selected) -> Option<&mut Ident> {
        match selected {
            Selected::Column(column) | Selected::Aggregate { column, .. } | Selected::Slot { column, .. } => {
                Some(column)
            }
            Selected::Unknown(column) => column.as_mut(),
            Selected::Count(_) => None,
        }
    }
    let conditions = stage.conditions.iter_mut().map(|condition| &mut condition.column);
    let keys = stage.group_by.iter_mut().map(|key| &mut key.column);
    let selected = stage.select.iter_mut().flatten().filter_map(|selection| of(&mut selection.selected));
    let ordered = stage.order_by.iter_mut().filter_map(|order| of(&mut order.by));
    conditions.chain(keys).chain(selected).chain(ordered)
}

/// Replaces parameters with their values.
struct Bound<'a> {
    names: &'a [String],
    values: &'a Parameters,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Bound<'a> {
    fn stage(&mut self, stage: &mut Stage) {
        stage.conditions =
            std::mem::take(&mut stage.conditions).into_iter().filter_map(|one| self.condition(one)).collect();
        if let Some(Limit::Placeholder(placeholder)) = stage.limit {
            stage.limit = self.limit(placeholder);
        }
    }

    /// Returns a condition with its values. `None` if an optional value is missing.
    fn condition(&mut self, mut condition: Condition) -> Option<Condition> {
        condition.operand = match condition.operand {
            ConditionOperand::Scalar(value) => {
                self.value(value)?.map_or(ConditionOperand::None, ConditionOperand::Scalar)
            }
            ConditionOperand::List(values, position) => {
                let values = values.into_iter().filter_map(|value| self.value(value)).flatten().collect();
                ConditionOperand::List(values, position)
            }
            ConditionOperand::ListPlaceholder(placeholder) => match self.texts(placeholder)? {
                Some(texts) => {
                    let literal = |text: &String| Value::Literal(Literal::Wire(text.clone()), placeholder.position);
                    ConditionOperand::List(texts.iter().map(literal).collect(), placeholder.position)
                }
                None => ConditionOperand::None,
            },
            ConditionOperand::None => ConditionOperand::None,
        };
        Some(condition)
    }

    /// Returns a value: `None` to leave out its condition, `Some(None)` if its problem is reported.
    #[expect(clippy::option_option, reason = "a missing value and a wrong one differ")]
    fn value(&mut self, value: Value) -> Option<Option<Value>> {
        let Value::Placeholder(placeholder) = value else { return Some(Some(value)) };
        let Some(texts) = self.texts(placeholder)? else { return Some(None) };
        if let [text] = texts {
            return Some(Some(Value::Literal(Literal::Wire(text.clone()), placeholder.position)));
        }
        let (name, count) = (&self.names[placeholder.index], texts.len());
        let message = format!("`{name}` has {count} values, but the operator needs one: use `in {{{name}}}`");
        self.problems.push(Problem::new(Code::Operand, placeholder.position, message));
        Some(None)
    }

    /// Returns the values of a parameter: `None` if an optional one is missing, `Some(None)` if a missing one is reported.
    #[expect(clippy::option_option, reason = "a missing value and a wrong one differ")]
    fn texts(&mut self, placeholder: Placeholder) -> Option<Option<&'a [String]>> {
        let name = self.names.get(placeholder.index)?;
        let values: &'a Parameters = self.values;
        if let Some(texts) = values.get(name) {
            return Some(Some(texts.as_slice()));
        }
        if placeholder.optional {
            return None;
        }
        let message = format!("the parameter `{name}` has no value");
        let problem = Problem::new(Code::Operand, placeholder.position, message);
        self.problems.push(problem.help(format!("pass one, or add `?` to make the condition optional: `{{{name}}}?`")));
        Some(None)
    }

    fn limit(&mut self, placeholder: Placeholder) -> Option<Limit> {
        let texts = self.texts(placeholder)??;
        let rows = match texts {
            [text] => text.trim().parse::<i64>().ok(),
            _ => None,
        };
        if rows.is_none() {
            let (position, message) =
                (placeholder.position, format!("`limit` needs an integer, found `{}`", texts.join(", ")));
            self.problems.push(Problem::new(Code::BadLimit, position, message));
        }
        rows.map(|rows| Limit::Rows(rows, placeholder.position))
    }

    /// Reports values of parameters that the query does not have.
    fn unused(&mut self) {
        for name in self.values.keys().filter(|name| !self.names.contains(name)) {
            let names = || self.names.iter().map(String::as_str);
            let known = match nearest(name, names()) {
                Some(near) => Cow::Owned(format!("did you mean `{near}`?")),
                None if self.names.is_empty() => Cow::Borrowed("it has no parameters"),
                None => Cow::Owned(format!("its parameters are {}", listed(names()))),
            };
            let message = format!("the query has no parameter `{name}`; {known}");
            self.problems.push(Problem::new(Code::Operand, Position::default(), message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemas::schema::{Column, ColumnKind, SourceRef};
    use crate::syntax::vocabulary::ColumnType;

    fn schema() -> Schema {
        let column = |name: &str, wire: &str, column_type| Column {
            name: name.to_owned(),
            wire: wire.to_owned(),
            column_type,
            nullable: true,
            kind: ColumnKind::Stored,
            rust_type: String::new(),
            formula: None,
        };
        let columns = vec![
            column("country", "country", ColumnType::Str),
            column("revenue", "revenue", ColumnType::Float),
            column("quantity", "quantity", ColumnType::Int),
            column("order_date", "order date", ColumnType::DateTime),
        ];
        Schema { source: SourceRef::Name("sales".into()), columns }
    }

    fn json(text: &str, values: &[(&str, &[&str])]) -> Result<String, Vec<(String, String)>> {
        let values =
            values.iter().map(|(name, values)| ((*name).to_owned(), values.iter().map(|v| (*v).to_owned()).collect()));
        let query = TextQuery::parse(text).query(&schema(), &values.collect());
        let wrong = |problem: TextProblem| (text[problem.span].to_owned(), problem.problem.to_string());
        query.map(|query| query.to_json()).map_err(|problems| problems.into_iter().map(wrong).collect())
    }

    fn problems(text: &str, values: &[(&str, &[&str])]) -> Vec<(String, String)> {
        json(text, values).unwrap_err()
    }

    #[test]
    fn text_is_checked_and_lowered_like_a_compiled_query() {
        let text = "from sales where revenue > 20, country in [\"FR\"] group_by month(order_date) as m \
                    select sum(revenue) as total order_by total desc limit 3";
        let expected = r#"{"order":"row_by_row","data_processing_pipeline":[{"group_by":[{"name":"order date","timeslot":"month"}],"select":[{"name":"revenue","agg_function":"sum"}],"order_by":[{"name":"revenue","agg_function":"sum","direction":"desc"}],"where":[{"name":"revenue","op":">","value":"20"},{"name":"country","op":"in","value":"[\"FR\"]"}],"limit":3}]}"#;
        assert_eq!(json(text, &[]).unwrap(), expected);
        assert_eq!(json(&text.replace("order_date", "`order date`"), &[]).unwrap(), expected);
        let placed = text.replace("20", "{least}").replace("[\"FR\"]", "{countries}").replace("limit 3", "limit {n}");
        let values: &[(&str, &[&str])] = &[("least", &["20"]), ("countries", &["FR"]), ("n", &["3"])];
        assert_eq!(json(&placed, values).unwrap(), expected);
    }

    #[test]
    fn source_is_a_name_or_a_string() {
        let source = |text: &str| TextQuery::parse(text).source().cloned();
        assert_eq!(source("from sales"), Some(TextSource::Name("sales".to_owned())));
        assert_eq!(source("from `my sales`"), Some(TextSource::Name("my sales".to_owned())));
        assert_eq!(source("from \"a b.csv\" limit 1"), Some(TextSource::Text("a b.csv".to_owned())));
        for text in ["", "from", "from 3", "from a::b", "select x"] {
            assert_eq!(source(text), None, "{text}");
            assert!(!TextQuery::parse(text).problems().is_empty(), "{text}");
        }
    }

    #[test]
    fn every_mistake_is_reported_with_its_text() {
        let text = "from sales where revnue > 2, country > 3 select sum(country), count order_by nothing";
        let found: Vec<_> = problems(text, &[]).into_iter().map(|(span, _)| span).collect();
        assert_eq!(found, ["revnue", "3", "country", "count", "nothing"]);
        assert_eq!(problems("from sales where revnue > 2 select count( order_by nothing", &[]).len(), 1);
        assert_eq!(problems("from sales into Row", &[])[0].0, "Row");
        assert_eq!(problems("from sales where ..{filter}", &[])[0].0, "{filter}");
    }

    #[test]
    fn missing_and_unknown_parameters_are_reported() {
        let text = "from sales where revenue > {least} limit 1";
        assert_eq!(
            problems(text, &[("leest", &["2"])]),
            [
                ("from".to_owned(), "the query has no parameter `leest`; did you mean `least`? [SRN010]".to_owned()),
                ("{least}".to_owned(), "the parameter `least` has no value [SRN010]\nhelp: pass one, or add `?` to make the condition optional: `{least}?`".to_owned()),
            ]
        );
        let optional = json("from sales where revenue > {least}? limit 1", &[]).unwrap();
        assert_eq!(optional, json("from sales limit 1", &[]).unwrap());
        assert_eq!(problems(text, &[("least", &["x"])])[0].0, "{least}");
        assert_eq!(problems(text, &[("least", &["1", "2"])])[0].0, "{least}");
        assert_eq!(problems("from sales limit {n}", &[("n", &["many"])])[0].0, "{n}");
    }
}
