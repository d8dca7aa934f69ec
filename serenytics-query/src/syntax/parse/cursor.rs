//! A position in a list of tokens, with the short lookahead that the grammar needs.

use super::habit::missing_clause;
use super::{CLAUSES, KEYWORDS, near_clause};
use crate::syntax::stage::{Ident, Position};
use crate::syntax::token::{Token, TokenKind};
use crate::syntax::vocabulary::{Direction, Operator};

#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    tokens: &'a [Token],
    at: usize,
    end: Position,
    /// The current clause.
    clause: &'static str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tokens: &'a [Token], end: Position) -> Cursor<'a> {
        Cursor { tokens, at: 0, end, clause: "" }
    }

    /// Sets the current clause.
    pub(super) fn enter(&mut self, clause: &'static str) {
        self.clause = clause;
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn peek(&self) -> Option<&'a TokenKind> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, offset: usize) -> Option<&'a TokenKind> {
        self.tokens.get(self.at + offset).map(|token| &token.kind)
    }

    /// The position of the next token, or of the end.
    pub(super) fn position(&self) -> Position {
        self.tokens.get(self.at).map_or(self.end, |token| token.position)
    }

    /// The position of the last token that was read.
    pub(super) fn last_position(&self) -> Position {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(self.end, |token| token.position)
    }

    /// The name of the last token that was read.
    pub(super) fn text_before(&self) -> String {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.and_then(|token| ident_of(&token.kind)).map_or_else(String::new, |(text, _)| text.to_owned())
    }

    /// Returns true at the last token.
    pub(super) fn is_last(&self) -> bool {
        self.at + 1 == self.tokens.len()
    }

    /// Returns true if the token after the next one begins a clause.
    pub(super) fn clause_follows(&self) -> bool {
        let next = self.peek_at(1).and_then(ident_of);
        next.is_some_and(|(text, raw)| !raw && CLAUSES.contains(&text))
    }

    /// Reads any token and returns its position.
    pub(super) fn bump(&mut self) -> Position {
        let position = self.position();
        self.at += 1;
        position
    }

    pub(super) fn peek_ident(&self) -> Option<(&'a str, bool)> {
        ident_of(self.peek()?)
    }

    pub(super) fn ident_is(&self, text: &str) -> bool {
        self.peek_ident() == Some((text, false))
    }

    /// Reads any identifier, also a keyword.
    pub(super) fn ident(&mut self) -> Option<Ident> {
        let (text, _) = self.peek_ident()?;
        let position = self.bump();
        Some(Ident { text: text.to_owned(), position })
    }

    /// Reads this keyword, unless it is raw.
    pub(super) fn keyword(&mut self, keyword: &str) -> Option<Position> {
        self.ident_is(keyword).then(|| self.bump())
    }

    pub(super) fn at_keyword(&self) -> Option<&'a str> {
        self.peek_ident().filter(|(text, raw)| !raw && KEYWORDS.contains(text)).map(|(text, _)| text)
    }

    pub(super) fn punct_is(&self, punct: char) -> bool {
        self.peek() == Some(&TokenKind::Punct(punct))
    }

    /// Reads this punctuation character; returns false if another token follows.
    pub(super) fn punct(&mut self, punct: char) -> bool {
        let found = self.punct_is(punct);
        if found {
            self.at += 1;
        }
        found
    }

    /// Returns true if the next token here is punctuation that another token follows without a
    /// space.
    pub(super) fn is_joint(&self) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.joint)
    }

    /// Returns the punctuation characters here that are written without spaces between them.
    pub(super) fn puncts(&self) -> String {
        let mut puncts = String::new();
        for token in &self.tokens[self.at.min(self.tokens.len())..] {
            match token.kind {
                TokenKind::Punct(punct) if punct != ',' => puncts.push(punct),
                _ => break,
            }
            if !token.joint {
                break;
            }
        }
        puncts
    }

    /// Returns the punctuation characters here, also if there are spaces between them.
    pub(super) fn spaced_puncts(&self) -> String {
        self.tokens[self.at.min(self.tokens.len())..]
            .iter()
            .map_while(|token| match token.kind {
                TokenKind::Punct(punct) if punct != ',' => Some(punct),
                _ => None,
            })
            .collect()
    }

    pub(super) fn skip(&mut self, tokens: usize) {
        self.at += tokens;
    }

    /// Returns true if a clause begins here. The name of a clause that is followed by the rest of
    /// an item is a column without its `r#`.
    pub(super) fn at_clause_start(&self) -> bool {
        match self.at_keyword() {
            Some(word) if CLAUSES.contains(&word) || word == "from" => !self.keyword_is_column(),
            _ => false,
        }
    }

    /// Returns true if the keyword here is used as a column: an item may begin here, and the next
    /// token can end an item of this clause.
    pub(super) fn keyword_is_column(&self) -> bool {
        if matches!(self.clause, "" | "limit" | "into") {
            return false;
        }
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|token| &token.kind);
        let begins_item = match before {
            None | Some(TokenKind::Punct(',')) => true,
            Some(kind) => ident_of(kind).is_some_and(|(text, raw)| !raw && KEYWORDS.contains(&text)),
        };
        let ends_item = match self.peek_at(1) {
            None => true,
            Some(TokenKind::Punct(punct)) => !matches!(punct, '-' | ':'),
            Some(kind) => match ident_of(kind) {
                Some((text, false)) => CLAUSES.contains(&text) || self.ident_ends_item(text),
                _ => false,
            },
        };
        begins_item && ends_item
    }

    /// Returns true if an item of this clause can continue with this word after its column.
    fn ident_ends_item(&self, word: &str) -> bool {
        match self.clause {
            "where" => word == "not" || Operator::from_word(word).is_some(),
            "order_by" => Direction::from_word(word).is_some(),
            _ => word == "as",
        }
    }

    /// Returns true if the word here begins an item of `order_by`: a direction or a function's
    /// argument follows it.
    pub(super) fn at_order(&self) -> bool {
        match self.peek_at(1) {
            Some(TokenKind::Group { open: '(', .. }) => true,
            Some(kind) => ident_of(kind).is_some_and(|(text, raw)| !raw && Direction::from_word(text).is_some()),
            None => false,
        }
    }

    /// Returns true if the word here is probably a misspelled clause: the content of a clause
    /// follows it.
    pub(super) fn at_misspelled_clause(&self) -> bool {
        let Some((word, false)) = self.peek_ident() else { return false };
        let followed = match self.peek_at(1) {
            Some(TokenKind::Literal(_) | TokenKind::Placeholder(_)) => true,
            Some(kind) => ident_of(kind).is_some_and(|(text, raw)| {
                raw || !(KEYWORDS.contains(&text)
                    || Direction::from_word(text).is_some()
                    || Operator::from_word(text).is_some())
            }),
            None => false,
        };
        let by =
            matches!(word, "order" | "group" | "sort") && self.peek_at(1).and_then(ident_of) == Some(("by", false));
        by || followed && (missing_clause(word).is_some() || near_clause(word).is_some())
    }

    /// Skips the rest of an item.
    pub(super) fn skip_item(&mut self) {
        while !self.is_at_end() && !self.punct_is(',') && !self.at_any_clause() {
            self.at += 1;
        }
    }

    /// Skips to the next clause.
    pub(super) fn skip_to_clause(&mut self) {
        while !self.is_at_end() && !self.at_any_clause() {
            self.at += 1;
        }
    }

    /// Returns true at the name of a clause.
    pub(super) fn at_any_clause(&self) -> bool {
        self.at_keyword().is_some_and(|word| CLAUSES.contains(&word))
    }

    /// Describes the next token for a message.
    pub(super) fn shown(&self) -> String {
        match self.peek() {
            None => "the end of the query".to_owned(),
            Some(TokenKind::Ident { text, .. }) => format!("`{text}`"),
            Some(TokenKind::Punct(_)) => match self.puncts().as_str() {
                "" => "`,`".to_owned(),
                puncts => format!("`{puncts}`"),
            },
            Some(TokenKind::Literal(literal)) => format!("`{}`", literal.shown()),
            Some(TokenKind::Placeholder(_)) => "a run-time value".to_owned(),
            Some(TokenKind::Group { open: '[', .. }) => "a list".to_owned(),
            Some(TokenKind::Group { open, .. }) => format!("`{open}`"),
        }
    }
}

fn ident_of(kind: &TokenKind) -> Option<(&str, bool)> {
    match kind {
        TokenKind::Ident { text, raw } => Some((text, *raw)),
        _ => None,
    }
}
