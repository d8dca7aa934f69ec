//! Habits of other languages: what SQL, pandas and Rust write differently is reported once, with
//! the words of this language.

use super::{CLAUSES, KEYWORDS, Parser, Read, Reported};
use crate::syntax::problem::Code;
use crate::syntax::stage::{Ident, Position};
use crate::syntax::suggest::nearest;
use crate::syntax::token::{RawLiteral, Token, TokenKind};
use crate::syntax::vocabulary::{Aggregate, TimeSlot};

/// Clauses of other languages, with ours.
const OTHER_CLAUSES: &[(&str, &str)] = &[
    ("filter", "where"),
    ("query", "where"),
    ("aggregate", "select"),
    ("agg", "select"),
    ("summarize", "select"),
    ("summarise", "select"),
    ("project", "select"),
    ("derive", "select"),
    ("columns", "select"),
    ("sort", "order_by"),
    ("sort_by", "order_by"),
    ("arrange", "order_by"),
    ("take", "limit"),
    ("top", "limit"),
    ("head", "limit"),
    ("first", "limit"),
];

/// Clauses of other languages that this language does not have, with what to do instead.
const MISSING_CLAUSES: &[(&str, &str)] = &[
    ("having", "`having` is not supported: `where` filters rows before they are grouped"),
    ("offset", "`offset` is not supported: order by a unique column, and continue after its last value: `id > {last}`"),
    ("skip", "`skip` is not supported: order by a unique column, and continue after its last value: `id > {last}`"),
    ("join", "`join` is not supported: declare the column in the source with `#[column(join = \"..\")]`"),
    ("union", "`union` is not supported: write two queries"),
    ("distinct", "`distinct` is not supported: group by the columns instead: `group_by country`"),
];

/// Operators of other languages that test a text.
const TEXT_OPERATORS: &[&str] =
    &["like", "ilike", "rlike", "contains", "starts_with", "ends_with", "startswith", "endswith", "matches", "regexp"];

/// Returns the clause that a word of another language means.
pub(super) fn other_clause(word: &str) -> Option<&'static str> {
    OTHER_CLAUSES.iter().find(|(other, _)| *other == word).map(|(_, clause)| *clause)
}

/// Returns the advice for a clause that this language does not have.
pub(super) fn missing_clause(word: &str) -> Option<&'static str> {
    let is_it = |(other, _): &&(&str, &str)| other.eq_ignore_ascii_case(word);
    MISSING_CLAUSES.iter().find(is_it).map(|(_, advice)| *advice)
}

/// Returns true for `and` and `or`, in any case.
pub(super) fn is_logic(word: &str) -> bool {
    word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or")
}

/// Returns true for an operator that tests a text.
pub(super) fn is_text_operator(word: &str) -> bool {
    TEXT_OPERATORS.iter().any(|operator| operator.eq_ignore_ascii_case(word))
}

/// Returns true for a name that a function has.
fn is_function(word: &str) -> bool {
    word == "count" || Aggregate::from_word(word).is_some() || TimeSlot::from_word(word).is_some()
}

impl Parser<'_> {
    /// Rejects an alias of the source: `from Sales as s`, `from Sales s`, `from s in Sales`.
    pub(super) fn reject_source_alias(&mut self) {
        let position = self.cursor.position();
        if self.cursor.keyword("as").is_some() {
            let name = self.cursor.ident().map_or_else(|| "..".to_owned(), |name| name.text);
            self.problem(
                Code::Unexpected,
                position,
                format!("a query has one source and no alias: remove `as {name}`"),
            );
            self.qualifiers.push(name);
        } else if self.cursor.ident_is("in") {
            let variable = self.cursor.text_before();
            self.cursor.bump();
            self.parsed.from = self.path("from");
            let source = self.cursor.text_before();
            let message = format!("a query has no variable for its rows: write `from {source}`");
            self.problem(Code::Unexpected, position, message);
            self.qualifiers.push(variable);
        } else if let Some((word, false)) = self.cursor.peek_ident()
            && !KEYWORDS.contains(&word)
            && (nearest(word, CLAUSES.iter().copied()).is_none() && missing_clause(word).is_none())
            && (self.cursor.is_last() || self.cursor.clause_follows())
        {
            let message = format!("a query has one source and no alias: remove `{word}`");
            self.problem(Code::Unexpected, position, message);
            self.qualifiers.push(word.to_owned());
            self.cursor.bump();
        }
    }

    /// Rejects the qualifier of a column, `s.country`, and skips it. A qualifier that is already
    /// reported is skipped.
    pub(super) fn reject_qualifier(&mut self, clause: &str) -> Read<()> {
        let Some((qualifier, _)) = self.cursor.peek_ident() else { return Ok(()) };
        let length = match (self.cursor.peek_at(1), self.cursor.peek_at(2)) {
            (Some(TokenKind::Punct('.')), _) => 2,
            (Some(TokenKind::Punct(':')), Some(TokenKind::Punct(':'))) => 3,
            _ => return Ok(()),
        };
        let Some(TokenKind::Ident { text: column, .. }) = self.cursor.peek_at(length) else { return Ok(()) };
        let position = self.cursor.position();
        if matches!(self.cursor.peek_at(length + 1), Some(TokenKind::Group { open: '(', .. })) {
            let message = match clause {
                "where" => {
                    format!("`{column}` is not a method: write an operator after the column: `{qualifier} == ..`")
                }
                _ => {
                    format!("`{column}` is not a method: write the column inside the function: `{column}({qualifier})`")
                }
            };
            self.problem(Code::UnknownFunction, position, message);
            self.cursor.skip(length + 2);
            return Err(Reported);
        }
        self.report_qualifier(qualifier, column, position);
        self.cursor.skip(length);
        Ok(())
    }

    fn report_qualifier(&mut self, qualifier: &str, column: &str, position: Position) {
        if !self.qualifiers.iter().any(|known| known == qualifier) {
            let message = format!("a column has no qualifier: write `{column}`");
            self.problem(Code::Unexpected, position, message);
            self.qualifiers.push(qualifier.to_owned());
        }
    }

    /// Removes the qualifier of a function's argument: `sum(s.revenue)`.
    pub(super) fn unqualified<'t>(&mut self, arguments: &'t [Token]) -> &'t [Token] {
        if let [first, Token { kind: TokenKind::Punct('.'), .. }, last] = arguments
            && let (TokenKind::Ident { text: qualifier, .. }, TokenKind::Ident { text: column, .. }) =
                (&first.kind, &last.kind)
        {
            self.report_qualifier(qualifier, column, first.position);
            return &arguments[2..];
        }
        arguments
    }

    /// Rejects braces where a column or a condition belongs. The code inside is not compiled.
    pub(super) fn reject_braces(&mut self, clause: &str) -> Read<()> {
        let Some(TokenKind::Placeholder(index)) = self.cursor.peek() else { return Ok(()) };
        let position = self.cursor.bump();
        if clause == "where" && !self.cursor.puncts().is_empty() && !self.cursor.punct_is('.') {
            let message = "a condition begins with its column: `revenue > {least}`";
            self.problem(Code::Unexpected, position, message);
            return Err(Reported);
        }
        self.parsed.misplaced.push(*index);
        let message = match clause {
            "where" => "a condition has no braces, which are for values: `revenue > {least}`".to_owned(),
            _ => format!("`{clause}` needs columns, and braces are for values: remove the braces"),
        };
        self.problem(Code::Unexpected, position, message);
        Err(Reported)
    }

    /// Skips the content of an unknown clause. Its braces are not values, so they are not compiled.
    pub(super) fn skip_clause(&mut self) {
        while !self.cursor.is_at_end() && !self.cursor.at_any_clause() {
            if let Some(TokenKind::Placeholder(index)) = self.cursor.peek() {
                self.parsed.misplaced.push(*index);
            }
            self.cursor.bump();
        }
    }

    /// Reads the name of an output that is written before it: `total = sum(revenue)`.
    pub(super) fn name_before(&mut self) -> Option<Ident> {
        let (name, _) = self.cursor.peek_ident()?;
        let Some(TokenKind::Punct(sign @ ('=' | ':'))) = self.cursor.peek_at(1) else { return None };
        let Some(TokenKind::Ident { text: function, .. }) = self.cursor.peek_at(2) else { return None };
        let output = match self.cursor.peek_at(3) {
            Some(TokenKind::Group { open: '(', tokens }) => match &tokens[..] {
                [Token { kind: TokenKind::Ident { text, .. }, .. }] => format!("{function}({text})"),
                _ => format!("{function}(..)"),
            },
            _ => function.clone(),
        };
        let position = self.cursor.position();
        let message =
            format!("write the name after its output: `{output} as {name}` instead of `{name}{sign} {output}`");
        self.problem(Code::Unexpected, position, message.replace(&format!("{name}= "), &format!("{name} = ")));
        let name = Ident { text: name.to_owned(), position };
        self.cursor.skip(2);
        Some(name)
    }

    /// Rejects `distinct country` and `case when ..` at the start of an item.
    pub(super) fn reject_item_word(&mut self) -> Read<()> {
        let Some((word, false)) = self.cursor.peek_ident() else { return Ok(()) };
        let followed = matches!(self.cursor.peek_at(1), Some(TokenKind::Ident { text, raw: false }) if !KEYWORDS.contains(&text.as_str()));
        let position = self.cursor.position();
        let message = match word.to_ascii_lowercase().as_str() {
            "distinct" if followed => {
                "`distinct` is not supported: group by the columns instead: `group_by country`, or count with `dcount(country)`"
            }
            "case" if followed => "`case` is not supported: declare a measure with this formula: `#[column(measure)]`",
            _ => return Ok(()),
        };
        self.problem(Code::Unexpected, position, message);
        self.parsed.stage.incomplete = true;
        self.skip_words();
        Err(Reported)
    }

    /// Skips words without commas between them.
    fn skip_words(&mut self) {
        while self.cursor.peek_ident().is_some() && self.cursor.at_keyword().is_none_or(|word| word == "in") {
            self.cursor.bump();
        }
    }

    /// Rejects a function whose argument has no parentheses: `sum revenue`.
    pub(super) fn reject_bare_argument(&mut self, word: &Ident) -> Read<()> {
        let Some((argument, _)) = self.cursor.peek_ident() else { return Ok(()) };
        let is_call = matches!(self.cursor.peek_at(1), Some(TokenKind::Group { .. }));
        let ends = self.cursor.at_keyword().is_some() || self.cursor.at_misspelled_clause();
        if !is_function(&word.text) || ends || is_call {
            return Ok(());
        }
        let function = &word.text;
        let message = format!("missing parentheses or a comma before `{argument}`: write `{function}({argument})`");
        self.problem(Code::MissingComma, self.cursor.position(), message);
        self.parsed.stage.incomplete = true;
        self.cursor.bump();
        let _ = self.alias();
        Err(Reported)
    }

    /// Rejects arithmetic between columns.
    pub(super) fn reject_column_arithmetic(&mut self, clause: &str) -> bool {
        let Some(TokenKind::Punct(sign @ ('+' | '-' | '*' | '/' | '%'))) = self.cursor.peek() else { return false };
        let position = self.cursor.position();
        let message = format!("`{clause}` has no arithmetic: declare a measure instead of computing with `{sign}`");
        self.problem(Code::Unexpected, position, message);
        true
    }

    /// Rejects numbers that Rust does not have: `.5`, `+5`, `--5`.
    pub(super) fn reject_number(&mut self) -> Read<()> {
        let puncts = self.cursor.spaced_puncts();
        if puncts.is_empty() {
            return Ok(());
        }
        let length = puncts.chars().count();
        let Some(TokenKind::Literal(RawLiteral::Int(digits) | RawLiteral::Float(digits))) = self.cursor.peek_at(length)
        else {
            return Ok(());
        };
        let message = match puncts.as_str() {
            "." | "-." => format!("a number begins with a digit: write `{}0.{digits}`", puncts.trim_end_matches('.')),
            "+" => format!("a number has no `+`: write `{digits}`"),
            "--" | "-+" | "+-" | "++" => format!("a number has at most one sign: write `{digits}` or `-{digits}`"),
            _ => return Ok(()),
        };
        self.problem(Code::BadLiteral, self.cursor.position(), message);
        self.cursor.skip(length + 1);
        Err(Reported)
    }

    /// Rejects arithmetic with a run-time value: `{now} - 1`.
    pub(super) fn reject_value_arithmetic(&mut self) -> Read<()> {
        let Some(TokenKind::Punct(sign @ ('+' | '-' | '*' | '/' | '%'))) = self.cursor.peek() else { return Ok(()) };
        let message = format!("write the whole expression inside the braces: `{{a {sign} b}}`");
        self.problem(Code::Unexpected, self.cursor.position(), message);
        Err(Reported)
    }
}
