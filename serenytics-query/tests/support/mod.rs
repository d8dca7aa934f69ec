//! Parses queries from strings, with byte offsets as positions, and returns all problems of a
//! query.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use serenytics_query::check::check_all;
use serenytics_query::parse::{Parsed, parse};
use serenytics_query::problem::Problem;
use serenytics_query::schema::Schema;
use serenytics_query::stage::Position;
use serenytics_query::token::{RawLiteral, Token, TokenKind};

/// Converts an offset to a position.
pub fn at(offset: usize) -> Position {
    Position(u32::try_from(offset).unwrap())
}

/// Parses a query. Its end position is after the last byte.
pub fn read(text: &str) -> Parsed {
    let mut lexer = Lexer { text, at: 0, placeholders: 0 };
    let tokens = lexer.tokens(None);
    parse(&tokens, at(text.len()))
}

/// Returns the problems of a query, from the grammar and the checker, in the order of their
/// positions.
pub fn problems(schema: &Schema, text: &str) -> Vec<Problem> {
    let parsed = read(text);
    let mut problems = parsed.problems;
    problems.extend(check_all(schema, &parsed.stage).1);
    problems.sort_by_key(|problem| problem.position);
    problems
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    placeholders: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Reads up to the closing character of a group, or to the end.
    fn tokens(&mut self, close: Option<char>) -> Vec<Token> {
        let mut tokens = Vec::new();
        loop {
            self.at += self.rest().len() - self.rest().trim_start().len();
            let Some(first) = self.rest().chars().next() else {
                assert_eq!(close, None, "a group is not closed: {}", self.text);
                return tokens;
            };
            if Some(first) == close {
                self.at += 1;
                return tokens;
            }
            let position = at(self.at);
            let kind = self.token(first);
            let follows = self.rest().starts_with(|c: char| c.is_ascii_punctuation() || first == '!' && c == 'i');
            let joint = matches!(kind, TokenKind::Punct(_)) && follows;
            tokens.push(Token { kind, position, joint });
        }
    }

    fn token(&mut self, first: char) -> TokenKind {
        match first {
            '(' | '[' => {
                self.at += 1;
                let tokens = self.tokens(Some(if first == '(' { ')' } else { ']' }));
                TokenKind::Group { open: first, tokens }
            }
            '{' => {
                self.at += self.rest().find('}').unwrap() + 1;
                self.placeholders += 1;
                TokenKind::Placeholder(self.placeholders - 1)
            }
            '"' | '0'..='9' => TokenKind::Literal(RawLiteral::parse(&self.literal(first))),
            _ if self.rest().starts_with("r#") => {
                self.at += 2;
                TokenKind::Ident { text: self.word(), raw: true }
            }
            _ if first.is_alphabetic() || first == '_' => TokenKind::Ident { text: self.word(), raw: false },
            sign => {
                self.at += sign.len_utf8();
                TokenKind::Punct(sign)
            }
        }
    }

    fn word(&mut self) -> String {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest[..end].to_owned();
        self.at += end;
        word
    }

    /// A literal, with a word that follows it without a space.
    fn literal(&mut self, first: char) -> String {
        let start = self.at;
        if first == '"' {
            self.at += 1;
            while !self.rest().starts_with('"') {
                self.at +=
                    if self.rest().starts_with('\\') { 2 } else { self.rest().chars().next().unwrap().len_utf8() };
            }
            self.at += 1;
            self.word();
        } else {
            let sign = |before: char, c: char| matches!(before, 'e' | 'E') && matches!(c, '+' | '-');
            let mut before = first;
            while let Some(c) = self.rest().chars().next()
                && (c.is_alphanumeric() || matches!(c, '.' | '_') || sign(before, c))
            {
                self.at += c.len_utf8();
                before = c;
            }
        }
        self.text[start..self.at].to_owned()
    }
}
