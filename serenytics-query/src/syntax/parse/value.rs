//! Values: literals with their signs, run-time values and lists.

use super::cursor::Cursor;
use super::{Parser, Read, Reported};
use crate::syntax::problem::Code;
use crate::syntax::stage::{Literal, Placeholder, Position, Value};
use crate::syntax::token::{RawLiteral, TokenKind};

impl Parser<'_> {
    /// Reads `{expression}` or `{expression}?`.
    pub(super) fn placeholder(&mut self) -> Option<Placeholder> {
        let Some(TokenKind::Placeholder(index)) = self.cursor.peek() else { return None };
        let position = self.cursor.bump();
        let optional = self.cursor.punct('?');
        Some(Placeholder { index: *index, optional, position })
    }

    /// Reads a literal with its sign; `None` if the next token is not a literal.
    pub(super) fn literal(&mut self) -> Read<Option<Value>> {
        let negative = self.cursor.punct_is('-') && matches!(self.cursor.peek_at(1), Some(TokenKind::Literal(_)));
        let offset = usize::from(negative);
        let Some(TokenKind::Literal(raw)) = self.cursor.peek_at(offset) else { return Ok(None) };
        self.cursor.skip(offset);
        let position = self.cursor.bump();
        let sign = if negative { "-" } else { "" };
        let literal = match raw {
            RawLiteral::Text(text) if !negative => Literal::Text(text.clone()),
            RawLiteral::Int(digits) => match format!("{sign}{digits}").parse() {
                Ok(value) => Literal::Int(value),
                Err(_) => {
                    let message = format!("`{sign}{digits}` does not fit into a 64-bit integer");
                    self.problem(Code::BadLiteral, position, message);
                    return Err(Reported);
                }
            },
            RawLiteral::Float(digits) => match format!("{sign}{digits}").parse::<f64>() {
                Ok(value) if value.is_finite() => Literal::Float(value),
                _ => {
                    let message = format!("`{sign}{digits}` does not fit into a 64-bit float");
                    self.problem(Code::BadLiteral, position, message);
                    return Err(Reported);
                }
            },
            other => {
                let message =
                    format!("`{sign}{}` is not a value: write a number, or a string in double quotes", other.shown());
                self.problem(Code::BadLiteral, position, message);
                return Err(Reported);
            }
        };
        Ok(Some(Value::Literal(literal, position)))
    }

    /// Reads one value; `at` says where it is expected: "after `>`".
    pub(super) fn value(&mut self, at: &str) -> Read<Value> {
        if let Some(placeholder) = self.placeholder() {
            return Ok(Value::Placeholder(placeholder));
        }
        self.reject_number()?;
        let start = self.cursor.position();
        if let Some(value) = self.literal()? {
            self.reject_arithmetic(&value, start)?;
            return Ok(value);
        }
        let position = self.cursor.position();
        let (code, message) = match self.cursor.peek() {
            Some(TokenKind::Ident { text, raw: false }) if super::KEYWORDS.contains(&text.as_str()) => {
                (Code::Operand, format!("expected a value {at}, found `{text}`"))
            }
            Some(TokenKind::Ident { text, .. })
                if matches!(self.cursor.peek_at(1), Some(TokenKind::Group { open: '(', .. })) =>
            {
                (Code::Unquoted, format!("write a Rust expression in braces: `{{{text}(..)}}`"))
            }
            Some(TokenKind::Ident { text, .. }) => (Code::Unquoted, not_a_value(text)),
            Some(TokenKind::Punct('&')) => (Code::Operand, "write a Rust expression in braces: `{&value}`".to_owned()),
            Some(TokenKind::Group { open: '(', .. }) => {
                (Code::Operand, "write an expression in braces: `{a + b}`".to_owned())
            }
            _ => {
                let found = self.cursor.shown();
                (Code::Operand, format!("expected a value {at}, found {found}"))
            }
        };
        self.problem(code, position, message);
        Err(Reported)
    }

    /// Rejects `2013-01-31`, which is three numbers, and `10 + 5`.
    fn reject_arithmetic(&mut self, value: &Value, position: Position) -> Read<()> {
        let Some(TokenKind::Punct('-' | '+' | '*' | '/' | '%')) = self.cursor.peek() else { return Ok(()) };
        let is_date = self.cursor.punct_is('-')
            && matches!(value, Value::Literal(Literal::Int(year), _) if (1000..=9999).contains(year));
        if is_date {
            let message = "write a datetime in quotes: `\"2013-01-31\"` or `\"2013-01-31T12:30:00\"`";
            self.problem(Code::Unquoted, position, message);
        } else {
            let position = self.cursor.position();
            self.problem(Code::Operand, position, "write an expression in braces: `{10 + 5}`");
        }
        Err(Reported)
    }

    /// Reads the list of `in`: `["FR", {country}]`.
    pub(super) fn list(&mut self, what: &str) -> Read<(Vec<Value>, Position)> {
        let position = self.cursor.position();
        let Some(TokenKind::Group { open: '[', tokens }) = self.cursor.peek() else {
            let message = match self.cursor.peek() {
                Some(TokenKind::Literal(literal)) => format!("{what} needs a list: `[{}]`", literal.shown()),
                Some(TokenKind::Group { .. }) => format!("{what} needs a list in brackets: `[1, 2]`"),
                Some(TokenKind::Ident { text, .. }) => {
                    format!("{what} needs a list: literals in brackets, or a run-time list in braces: `{{{text}}}`")
                }
                _ => format!("{what} needs a list: `[1, 2]`, or a run-time list: `{{values}}`"),
            };
            self.problem(Code::Operand, position, message);
            return Err(Reported);
        };
        self.cursor.bump();
        if tokens.is_empty() {
            let message = "the list is empty, so the condition is always true or always false";
            self.problem_with_help(Code::EmptyList, position, message, "a run-time list may be empty: `in {values}`");
            return Err(Reported);
        }
        let outer = std::mem::replace(&mut self.cursor, Cursor::new(tokens, position));
        let values = self.elements();
        self.cursor = outer;
        Ok((values, position))
    }

    fn elements(&mut self) -> Vec<Value> {
        let mut values = Vec::new();
        while !self.cursor.is_at_end() {
            match self.value("in the list") {
                Ok(Value::Placeholder(placeholder)) if placeholder.optional => {
                    let message = "a list element cannot be optional: remove the `?`, or make the whole list optional: `in {values}?`";
                    self.problem(Code::Operand, placeholder.position, message);
                }
                Ok(value) => values.push(value),
                Err(Reported) => self.skip_element(),
            }
            if !self.cursor.is_at_end() && !self.cursor.punct(',') {
                let position = self.cursor.position();
                let found = self.cursor.shown();
                self.problem(Code::MissingComma, position, format!("missing comma before {found}"));
                if !matches!(
                    self.cursor.peek(),
                    Some(TokenKind::Literal(_) | TokenKind::Placeholder(_) | TokenKind::Punct('-'))
                ) {
                    self.skip_element();
                    self.cursor.punct(',');
                }
            }
        }
        values
    }

    fn skip_element(&mut self) {
        while !self.cursor.is_at_end() && !self.cursor.punct_is(',') {
            self.cursor.bump();
        }
    }
}

fn not_a_value(word: &str) -> String {
    match word {
        "true" | "false" => format!("`{word}` is not a value: the platform has no boolean columns"),
        "null" | "NULL" | "None" | "nil" => {
            "NULL is not a value: write `is_defined` or `is_not_defined` after the column".to_owned()
        }
        _ => format!("`{word}` is not a value: write a string as `\"{word}\"`, a Rust variable as `{{{word}}}`"),
    }
}
