//! The grammar: parses tokens into a [`Stage`]. It continues after each mistake, so that all
//! mistakes are reported at once.

mod condition;
mod cursor;
mod habit;
mod item;
mod value;

use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::{Limit, Position, Stage};
use crate::syntax::suggest::{listed, nearest};
use crate::syntax::token::{RawLiteral, Token, TokenKind};
pub(crate) use condition::other_operator;
use cursor::Cursor;

/// The clauses that may follow `from`.
pub const CLAUSES: &[&str] = &["where", "group_by", "select", "order_by", "limit", "into"];

/// The words that are column names only if they are written with `r#`.
pub const KEYWORDS: &[&str] =
    &["from", "where", "group_by", "select", "order_by", "limit", "into", "and", "or", "not", "in", "as"];

/// The result of parsing a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The tree of the valid parts.
    pub stage: Stage,
    /// The tokens of the path after `from`.
    pub from: Vec<Position>,
    /// The tokens of the path after `into`, if there is one.
    pub into: Vec<Position>,
    /// The places where a column may be written, in their order: the position of its name, or
    /// `None` where nothing is written yet.
    pub columns: Vec<Option<Position>>,
    /// The indices of the braces that are not values because a column belongs there; they are not
    /// compiled.
    pub misplaced: Vec<usize>,
    /// The mistakes.
    pub problems: Vec<Problem>,
}

/// Parses a query: `from PATH` and its clauses. `end` is the position of the query's end.
#[must_use]
pub fn parse(tokens: &[Token], end: Position) -> Parsed {
    let mut problems = Vec::new();
    let tokens = split_glued(tokens, &mut problems);
    let mut parser = Parser {
        cursor: Cursor::new(&tokens, end),
        parsed: Parsed {
            stage: Stage::default(),
            from: Vec::new(),
            into: Vec::new(),
            columns: Vec::new(),
            misplaced: Vec::new(),
            problems,
        },
        seen: Vec::new(),
        qualifiers: Vec::new(),
    };
    parser.query();
    parser.parsed
}

/// Separates literals from the words that follow them without a space. Keeps a word that is a
/// keyword.
fn split_glued(tokens: &[Token], problems: &mut Vec<Problem>) -> Vec<Token> {
    let mut split = Vec::with_capacity(tokens.len());
    for token in tokens {
        let position = token.position;
        match &token.kind {
            TokenKind::Literal(RawLiteral::Glued { literal, word }) => {
                let keyword = KEYWORDS.contains(&word.as_str());
                let shown = literal.shown();
                let message = if keyword {
                    format!("missing space between `{shown}` and `{word}`")
                } else {
                    format!("`{shown}{word}` is not a value: remove the suffix `{word}`")
                };
                problems.push(Problem::new(Code::BadLiteral, position, message));
                split.push(Token::new(TokenKind::Literal((**literal).clone()), position));
                if keyword {
                    split.push(Token::new(TokenKind::Ident { text: word.clone(), raw: false }, position));
                }
            }
            TokenKind::Group { open, tokens } => {
                let kind = TokenKind::Group { open: *open, tokens: split_glued(tokens, problems) };
                split.push(Token::new(kind, position));
            }
            _ => split.push(token.clone()),
        }
    }
    split
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    parsed: Parsed,
    seen: Vec<&'static str>,
    /// The aliases of the source and the qualifiers of columns that are already reported.
    qualifiers: Vec<String>,
}

/// Returns the clause that a word probably means.
fn near_clause(word: &str) -> Option<&'static str> {
    let near = || nearest(word, CLAUSES.iter().copied());
    let own = |near| CLAUSES.iter().copied().find(|clause| *clause == near);
    match habit::missing_clause(word) {
        Some(_) => None,
        None => habit::other_clause(word).or_else(|| near().and_then(own)),
    }
}

/// An item is invalid and its problem is reported: the caller skips the rest of the item.
struct Reported;

type Read<T> = Result<T, Reported>;

impl Parser<'_> {
    fn query(&mut self) {
        if self.cursor.keyword("from").is_some() {
            self.parsed.from = self.path("from");
            if !self.parsed.from.is_empty() {
                self.reject_source_alias();
            }
        } else {
            let position = self.cursor.position();
            let message = match self.cursor.peek_ident() {
                Some((word, false)) if !CLAUSES.contains(&word) && nearest(word, ["from"]).is_some() => {
                    format!("expected `from` at the start of the query, found `{word}`")
                }
                _ => "a query starts with `from` and a source: `from Sales`".to_owned(),
            };
            self.problem(Code::MissingFrom, position, message);
            self.parsed.stage.incomplete = true;
            self.skip_clause();
        }
        while !self.cursor.is_at_end() {
            self.clause();
        }
    }

    fn clause(&mut self) {
        let position = self.cursor.position();
        let Some(clause) = self.clause_name() else {
            self.skip_clause();
            return;
        };
        self.cursor.enter(clause);
        if self.seen.contains(&clause) {
            let message = format!("`{clause}` is repeated: write each clause once, with all its items");
            self.problem(Code::DuplicateClause, position, message);
            self.parsed.stage.incomplete = true;
        }
        self.seen.push(clause);
        if self.cursor.is_at_end() || self.cursor.at_clause_start() {
            self.empty(clause, position);
            return;
        }
        match clause {
            "where" => self.conditions(),
            "group_by" => {
                let keys = self.items(clause, Self::key);
                self.parsed.stage.group_by.extend(keys);
            }
            "select" => {
                let selections = self.items(clause, Self::selection);
                self.parsed.stage.select.get_or_insert_default().extend(selections);
            }
            "order_by" => {
                let orders = self.items(clause, Self::order);
                self.parsed.stage.order_by.extend(orders);
            }
            "limit" => self.limit(),
            _ => self.parsed.into = self.path("into"),
        }
    }

    fn empty(&mut self, clause: &str, position: Position) {
        let needs = match clause {
            "where" => "a condition",
            "limit" => "a number of rows",
            "into" => "a type",
            _ => "a column",
        };
        if !matches!(clause, "limit" | "into") {
            self.parsed.columns.push(None);
        }
        self.parsed.stage.incomplete = true;
        self.problem(Code::EmptyClause, position, format!("`{clause}` is empty: add {needs}"));
    }

    /// Reads the name of a clause. Reports a misspelled name and reads it as the clause that was
    /// probably meant.
    fn clause_name(&mut self) -> Option<&'static str> {
        if self.cursor.punct_is('|') {
            return self.reject_pipe();
        }
        for clause in CLAUSES {
            if self.cursor.keyword(clause).is_some() {
                return Some(clause);
            }
        }
        let position = self.cursor.position();
        let Some(word) = self.cursor.ident() else {
            let found = self.cursor.shown();
            let message =
                format!("expected a clause, found {found}; the clauses are {}", listed(CLAUSES.iter().copied()));
            self.problem(Code::Unexpected, position, message);
            return None;
        };
        let clause = match (word.text.as_str(), self.cursor.ident_is("by")) {
            ("order" | "sort", true) => Some("order_by"),
            ("group", true) => Some("group_by"),
            ("from", _) => {
                // A late `from` is already reported at the start of the query.
                if !self.parsed.from.is_empty() {
                    self.problem(Code::DuplicateClause, position, "`from` is repeated: a query has one source");
                }
                self.parsed.stage.incomplete = true;
                return None;
            }
            (text, _) => near_clause(text),
        };
        self.parsed.stage.incomplete = true;
        let text = &word.text;
        match clause {
            Some(clause) if self.cursor.ident_is("by") => {
                self.cursor.ident();
                self.problem(Code::Unexpected, position, format!("write `{clause}` instead of `{text} by`"));
            }
            Some(clause) => {
                self.problem(Code::Unexpected, position, format!("unknown clause `{text}`; did you mean `{clause}`?"));
                if let Some(TokenKind::Placeholder(_)) = self.cursor.peek()
                    && clause != "limit"
                {
                    return None;
                }
            }
            None if let Some(advice) = habit::missing_clause(text) => {
                self.problem(Code::Unexpected, position, advice);
            }
            None => {
                let message = format!("unknown clause `{text}`; the clauses are {}", listed(CLAUSES.iter().copied()));
                self.problem(Code::Unexpected, position, message);
            }
        }
        clause
    }

    /// Rejects `| filter ..` and returns the clause that the word after it means.
    fn reject_pipe(&mut self) -> Option<&'static str> {
        let position = self.cursor.position();
        self.cursor.skip(self.cursor.spaced_puncts().len());
        self.parsed.stage.incomplete = true;
        let word = self.cursor.ident();
        let clause = word.as_ref().and_then(|word| {
            let own = CLAUSES.iter().copied().find(|clause| *clause == word.text);
            own.or_else(|| near_clause(&word.text))
        });
        let message = match (&word, clause) {
            (Some(word), Some(clause)) => {
                format!("clauses follow each other without `|`: write `{clause}` instead of `| {}`", word.text)
            }
            _ => format!("clauses follow each other without `|`; the clauses are {}", listed(CLAUSES.iter().copied())),
        };
        self.problem(Code::Unexpected, position, message);
        match self.cursor.peek() {
            Some(TokenKind::Placeholder(_)) => None,
            _ => clause,
        }
    }

    fn path(&mut self, clause: &str) -> Vec<Position> {
        let mut positions = Vec::new();
        loop {
            while self.cursor.punct_is(':') {
                positions.push(self.cursor.bump());
            }
            let is_segment = self.cursor.peek_at(1) == Some(&TokenKind::Punct(':'));
            let keyword = self.cursor.at_keyword().is_some() && !is_segment;
            if keyword || self.cursor.peek_ident().is_none() {
                let position = self.cursor.position();
                let what = if clause == "from" { "a source" } else { "a type" };
                self.problem(Code::EmptyClause, position, format!("expected {what} after `{clause}`"));
                self.parsed.stage.incomplete = true;
                self.cursor.skip_to_clause();
                return Vec::new();
            }
            positions.push(self.cursor.bump());
            if !self.cursor.punct_is(':') {
                // A comma after the path is a trailing comma.
                self.cursor.punct(',');
                return positions;
            }
        }
    }

    /// Reads items up to the next clause, with commas between them.
    fn items<T>(&mut self, clause: &'static str, read: fn(&mut Self) -> Read<T>) -> Vec<T> {
        let mut items = Vec::new();
        loop {
            if self.cursor.is_at_end() || self.cursor.at_clause_start() {
                self.parsed.columns.push(None);
                return items;
            }
            match read(self) {
                Ok(item) => items.push(item),
                Err(Reported) => {
                    self.parsed.stage.incomplete = true;
                    self.cursor.skip_item();
                }
            }
            if !self.separator(clause) {
                return items;
            }
        }
    }

    /// Reads the comma after an item. Returns false at the end of the clause.
    fn separator(&mut self, clause: &str) -> bool {
        if self.cursor.punct(',') {
            return true;
        }
        if self.cursor.is_at_end() || self.cursor.at_clause_start() || self.cursor.at_misspelled_clause() {
            return false;
        }
        if self.reject_column_arithmetic(clause) {
            self.parsed.stage.incomplete = true;
            self.cursor.skip_item();
            return self.cursor.punct(',');
        }
        let position = self.cursor.position();
        let found = self.cursor.shown();
        if self.cursor.peek_ident().is_none() {
            let message = format!("expected a comma or the next clause, found {found}");
            self.problem(Code::Unexpected, position, message);
            if let Some(TokenKind::Placeholder(index)) = self.cursor.peek() {
                self.parsed.misplaced.push(*index);
            }
            self.parsed.stage.incomplete = true;
            self.cursor.skip_item();
            return self.cursor.punct(',');
        }
        let message = match clause {
            "select" | "group_by" => format!("missing comma or `as` before {found}"),
            _ => format!("missing comma before {found}"),
        };
        self.problem(Code::MissingComma, position, message);
        self.parsed.stage.incomplete = true;
        match self.cursor.at_keyword() {
            Some("and") => {
                self.cursor.bump();
                return true;
            }
            Some(_) => {
                self.cursor.skip_item();
                return self.cursor.punct(',');
            }
            None => {}
        }
        // A call is an item without its comma. A word may also be a name without its `as`, so it
        // is not checked as a column.
        if matches!(self.cursor.peek_at(1), Some(TokenKind::Group { open: '(', .. })) || clause == "order_by" {
            return true;
        }
        self.cursor.bump();
        let _ = self.alias();
        self.separator(clause)
    }

    fn limit(&mut self) {
        let limit = match self.limit_value() {
            Ok(limit) => Some(limit),
            Err(Reported) => {
                self.cursor.skip_to_clause();
                None
            }
        };
        self.parsed.stage.limit = limit;
        self.cursor.punct(',');
        if !self.cursor.is_at_end() && !self.cursor.at_clause_start() && !self.cursor.at_misspelled_clause() {
            let found = self.cursor.shown();
            let advice = self.cursor.peek_ident().and_then(|(word, _)| habit::missing_clause(word));
            let message = match advice {
                Some(advice) => advice.to_owned(),
                None => format!("unexpected {found} after the limit: `limit` needs one number"),
            };
            let position = self.cursor.position();
            self.problem(Code::Unexpected, position, message);
            self.cursor.skip_to_clause();
        }
    }

    fn limit_value(&mut self) -> Read<Limit> {
        let position = self.cursor.position();
        if let Some(placeholder) = self.placeholder() {
            return Ok(Limit::Placeholder(placeholder));
        }
        self.reject_number()?;
        if let Some(crate::syntax::stage::Value::Literal(literal, position)) = self.literal()? {
            if let crate::syntax::stage::Literal::Int(rows) = literal {
                return Ok(Limit::Rows(rows, position));
            }
            self.problem(Code::BadLimit, position, "`limit` needs an integer or a run-time value: `limit {rows}`");
            return Err(Reported);
        }
        let found = self.cursor.shown();
        let message =
            format!("{found} is not a limit: write an integer, or a run-time value in braces: `limit {{rows}}`");
        self.problem(Code::BadLimit, position, message);
        Err(Reported)
    }

    fn problem(&mut self, code: Code, position: Position, message: impl Into<String>) {
        self.parsed.problems.push(Problem::new(code, position, message));
    }

    fn problem_with_help(
        &mut self,
        code: Code,
        position: Position,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.parsed.problems.push(Problem::new(code, position, message).help(help));
    }
}
