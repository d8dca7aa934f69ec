//! The items of `group_by`, `select` and `order_by`.

use super::{KEYWORDS, Parser, Read, Reported};
use crate::syntax::problem::Code;
use crate::syntax::stage::{Ident, Key, KeySlot, Order, Position, Selected, Selection};
use crate::syntax::suggest::{listed, nearest};
use crate::syntax::token::{Token, TokenKind};
use crate::syntax::vocabulary::{Aggregate, Direction, TimeSlot};

/// Functions of other languages, with ours.
const OTHER_NAMES: &[(&str, &str)] =
    &[("mean", "avg"), ("average", "avg"), ("count_distinct", "dcount"), ("distinct", "dcount"), ("len", "count")];

/// Words that Rust does not allow as a field name, raw or not.
const NO_FIELDS: &[&str] = &["self", "Self", "super", "crate", "_"];

/// The meanings of a function's name.
enum Function {
    Aggregate(Aggregate),
    Slot(TimeSlot),
    Count,
    Unknown,
}

impl Parser<'_> {
    pub(super) fn key(&mut self) -> Read<Key> {
        self.reject_item_word()?;
        let name = self.name_before();
        let (column, slot) = match self.selected("group_by")? {
            Selected::Column(column) => (column, KeySlot::Whole),
            Selected::Slot { slot, column, .. } => (column, KeySlot::Slot(slot)),
            Selected::Unknown(Some(column)) => (column, KeySlot::Unknown),
            Selected::Unknown(None) => return Err(Reported),
            Selected::Aggregate { position, aggregate, .. } => {
                self.problem(
                    Code::UnknownFunction,
                    position,
                    format!(
                        "`{aggregate}` is an aggregate: move it to `select`; `group_by` accepts columns and time slots"
                    ),
                );
                return Err(Reported);
            }
            Selected::Count(position) => {
                self.problem(
                    Code::UnknownFunction,
                    position,
                    "`count` is an aggregate: move it to `select`; `group_by` accepts columns and time slots",
                );
                return Err(Reported);
            }
        };
        let alias = self.alias().or(name);
        Ok(Key { column, slot, alias })
    }

    pub(super) fn selection(&mut self) -> Read<Selection> {
        if self.cursor.punct_is('*') {
            let position = self.cursor.bump();
            self.problem(Code::Unexpected, position, "`*` is not supported: remove `select` to get every column");
            return Err(Reported);
        }
        self.reject_item_word()?;
        let name = self.name_before();
        let selected = self.selected("select")?;
        let alias = self.alias().or(name);
        Ok(Selection { selected, alias })
    }

    pub(super) fn order(&mut self) -> Read<Order> {
        if self.cursor.punct_is('-') {
            let position = self.cursor.bump();
            let name = self.cursor.peek_ident().map_or("total", |(name, _)| name);
            self.problem(Code::Unexpected, position, format!("write a descending order as `{name} desc`"));
            self.cursor.bump();
            return Err(Reported);
        }
        let by = self.selected("order_by")?;
        let direction = match self.cursor.peek_ident() {
            Some((word, false)) if Direction::from_word(word).is_some() => {
                let direction = Direction::from_word(word);
                self.cursor.bump();
                self.reject_nulls();
                direction
            }
            Some((word, false)) if word.eq_ignore_ascii_case("nulls") => {
                self.reject_nulls();
                None
            }
            Some((word, false))
                if !KEYWORDS.contains(&word) && !self.cursor.at_misspelled_clause() && !self.cursor.at_order() =>
            {
                let position = self.cursor.bump();
                let message = match nearest(word, Direction::words()) {
                    Some(near) => format!("unknown direction `{word}`; did you mean `{near}`?"),
                    None => format!("expected `asc`, `desc` or a comma, found `{word}`"),
                };
                self.problem(Code::Unexpected, position, message);
                None
            }
            _ => None,
        };
        Ok(Order { by, direction: direction.unwrap_or(Direction::Asc) })
    }

    /// Rejects `nulls first` and `nulls last`.
    fn reject_nulls(&mut self) {
        let is_word = |words: &[&str], word: Option<(&str, bool)>| {
            word.is_some_and(|(word, raw)| !raw && words.iter().any(|other| other.eq_ignore_ascii_case(word)))
        };
        if is_word(&["nulls"], self.cursor.peek_ident()) {
            let position = self.cursor.bump();
            let message = "the place of NULL cannot be chosen: order by a measure that replaces NULL";
            self.problem(Code::Unexpected, position, message);
            if is_word(&["first", "last"], self.cursor.peek_ident()) {
                self.cursor.bump();
            }
        }
    }

    /// Reads `as` and the output's name.
    pub(super) fn alias(&mut self) -> Option<Ident> {
        if self.cursor.ident_is("AS") {
            self.problem(Code::Unexpected, self.cursor.position(), "write `as` in lower case instead of `AS`");
            self.cursor.bump();
        } else {
            self.cursor.keyword("as")?;
        }
        let name = self.alias_name();
        // Ordering by an alias that could not be read is not reported again.
        self.parsed.stage.incomplete |= name.is_none();
        name
    }

    fn alias_name(&mut self) -> Option<Ident> {
        let position = self.cursor.position();
        let ends = matches!(self.cursor.peek_at(1), None | Some(TokenKind::Punct(',')));
        if self.cursor.at_keyword().is_some() && (ends || !self.cursor.at_clause_start()) {
            let found = self.cursor.shown();
            let message = format!("{found} is a keyword and cannot name an output");
            self.problem(Code::KeywordAsColumn, position, message);
            self.cursor.bump();
            return None;
        }
        match self.cursor.peek() {
            Some(TokenKind::Ident { text, .. }) if NO_FIELDS.contains(&text.as_str()) => {
                let message = format!("`{text}` cannot name a field of a row");
                self.problem(Code::KeywordAsColumn, position, message);
                self.cursor.bump();
                None
            }
            Some(TokenKind::Ident { .. }) if !self.cursor.at_clause_start() => self.cursor.ident(),
            Some(TokenKind::Literal(_)) => {
                self.problem(Code::Unexpected, position, "write the output's name without quotes: `as total`");
                self.cursor.bump();
                None
            }
            _ => {
                let position = self.cursor.last_position();
                self.problem(Code::Unexpected, position, "expected the output's name after `as`: `as total`");
                None
            }
        }
    }

    /// Reads a column or a function of one: `country`, `sum(revenue)`, `count()`, `month(date)`.
    fn selected(&mut self, clause: &str) -> Read<Selected> {
        self.reject_braces(clause)?;
        let Some(word) = self.column_ident(clause)? else {
            let position = self.cursor.position();
            if let Some(TokenKind::Group { .. }) = self.cursor.peek() {
                let message = format!("`{clause}` has no brackets around its items: write them with commas only");
                self.problem(Code::Unexpected, position, message);
                return Err(Reported);
            }
            let found = self.cursor.shown();
            let expected = match clause {
                "group_by" => "a column or a time slot",
                "order_by" => "an output, a column or an aggregate",
                _ => "a column or an aggregate",
            };
            self.problem(Code::Unexpected, position, format!("expected {expected} in `{clause}`, found {found}"));
            return Err(Reported);
        };
        if clause != "order_by" {
            self.reject_bare_argument(&word)?;
        }
        let Some(TokenKind::Group { open, tokens }) = self.cursor.peek() else {
            return Ok(Selected::Column(word));
        };
        let position = self.cursor.bump();
        if *open == '[' {
            let message = format!("write the argument of `{}` in parentheses", word.text);
            self.problem(Code::UnknownFunction, position, message);
            self.parsed.stage.incomplete = true;
            return Err(Reported);
        }
        Ok(self.call(word, tokens, clause))
    }

    /// Reads an identifier that may name a column. Reports a keyword and skips it as a column.
    pub(super) fn column_ident(&mut self, clause: &str) -> Read<Option<Ident>> {
        self.reject_qualifier(clause)?;
        let is_function = matches!(self.cursor.peek_at(1), Some(TokenKind::Group { open: '(', .. }));
        if !is_function {
            let is_name = self.cursor.peek_ident().is_some() && self.cursor.at_keyword().is_none();
            self.parsed.columns.push(is_name.then(|| self.cursor.position()));
        }
        if let Some(keyword) = self.cursor.at_keyword() {
            let position = self.cursor.position();
            if !self.cursor.keyword_is_column() {
                let message = format!("expected a column in `{clause}`, found the keyword `{keyword}`");
                self.problem_with_help(
                    Code::KeywordAsColumn,
                    position,
                    message,
                    format!("write a column of this name as `r#{keyword}`"),
                );
                return Err(Reported);
            }
            let message = format!("`{keyword}` is a keyword: write a column of this name as `r#{keyword}`");
            self.problem(Code::KeywordAsColumn, position, message);
            self.cursor.bump();
            return Err(Reported);
        }
        Ok(self.cursor.ident())
    }

    fn call(&mut self, name: Ident, arguments: &[Token], clause: &str) -> Selected {
        let selected = self.called(name, arguments, clause);
        // Without its column the output has no name; ordering by it is not reported again.
        self.parsed.stage.incomplete |= selected == Selected::Unknown(None) && clause != "order_by";
        selected
    }

    fn called(&mut self, name: Ident, arguments: &[Token], clause: &str) -> Selected {
        let function = self.function(&name, clause);
        let arguments = self.unqualified(arguments);
        let arguments = match arguments {
            [before @ .., Token { kind: TokenKind::Punct(','), .. }] if !before.is_empty() => before,
            arguments => arguments,
        };
        let column = match arguments {
            [] => {
                if !matches!(function, Function::Count) {
                    self.parsed.columns.push(None);
                }
                None
            }
            [Token { kind: TokenKind::Ident { text, .. }, position, .. }] => {
                self.parsed.columns.push(Some(*position));
                Some(Ident { text: text.clone(), position: *position })
            }
            arguments => {
                self.argument(&name, &function, arguments);
                return Selected::Unknown(None);
            }
        };
        let position = name.position;
        match (function, column) {
            (Function::Count, None) => Selected::Count(position),
            (Function::Count, Some(column)) => {
                let text = &column.text;
                let message = "`count` counts rows and has no argument: write `count()`";
                self.problem_with_help(
                    Code::UnknownFunction,
                    column.position,
                    message,
                    format!("`dcount({text})` counts the distinct values of `{text}`"),
                );
                Selected::Unknown(None)
            }
            (Function::Aggregate(aggregate), Some(column)) => Selected::Aggregate { aggregate, position, column },
            (Function::Slot(slot), Some(column)) => Selected::Slot { slot, position, column },
            (Function::Unknown, column) => Selected::Unknown(column),
            (_, None) => {
                let message = format!("`{}` needs a column: `{}(revenue)`", name.text, name.text);
                self.problem(Code::UnknownFunction, position, message);
                Selected::Unknown(None)
            }
        }
    }

    fn argument(&mut self, name: &Ident, function: &Function, arguments: &[Token]) {
        let position = arguments.first().map_or(name.position, |token| token.position);
        self.parsed.misplaced.extend(arguments.iter().filter_map(|token| match token.kind {
            TokenKind::Placeholder(index) => Some(index),
            _ => None,
        }));
        let message = match (function, arguments) {
            (Function::Count, [Token { kind: TokenKind::Punct('*'), .. }]) => {
                "write `count()` without `*` to count rows".to_owned()
            }
            (Function::Count, [Token { kind: TokenKind::Ident { text, .. }, .. }, column])
                if text.eq_ignore_ascii_case("distinct") =>
            {
                let column = match &column.kind {
                    TokenKind::Ident { text, .. } => text,
                    _ => "country",
                };
                format!("write `dcount({column})` to count distinct values")
            }
            (Function::Count, _) => "`count` counts rows and has no argument: write `count()`".to_owned(),
            (_, [_, Token { kind: TokenKind::Punct('+' | '-' | '*' | '/' | '%'), .. }, ..]) => {
                format!("`{}` needs the name of one column: declare a measure for a computed value", name.text)
            }
            _ => format!("`{}` needs the name of one column", name.text),
        };
        self.problem(Code::UnknownFunction, position, message);
    }

    fn function(&mut self, name: &Ident, clause: &str) -> Function {
        let text = name.text.as_str();
        if text == "count" {
            return Function::Count;
        }
        if let Some(aggregate) = Aggregate::from_word(text) {
            return Function::Aggregate(aggregate);
        }
        if let Some(slot) = TimeSlot::from_word(text) {
            return Function::Slot(slot);
        }
        self.unknown_function(text, name.position, clause);
        Function::Unknown
    }

    fn unknown_function(&mut self, text: &str, position: Position, clause: &str) {
        let names: Vec<&str> = match clause {
            "group_by" => TimeSlot::words().collect(),
            "select" => Aggregate::words().chain(["count"]).collect(),
            _ => Aggregate::words().chain(["count"]).chain(TimeSlot::words()).collect(),
        };
        let other = OTHER_NAMES.iter().find(|(other, _)| *other == text).map(|(_, name)| *name);
        let near = other.filter(|name| names.contains(name)).or_else(|| nearest(text, names.iter().copied()));
        match near {
            Some(near) => {
                let message = format!("unknown function `{text}`; did you mean `{near}`?");
                self.problem(Code::UnknownFunction, position, message);
            }
            None => {
                let message = format!("unknown function `{text}`");
                let help = format!("the functions of `{clause}` are {}; a measure can compute others", listed(names));
                self.problem_with_help(Code::UnknownFunction, position, message, help);
            }
        }
    }
}
