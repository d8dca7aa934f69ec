//! A query as a list of words with their roles, and the expected problem of an invalid query.

use std::ops::Range;

use serenytics_query::parse::KEYWORDS;
use serenytics_query::problem::Code;
use serenytics_query::vocabulary::{ColumnType, Operator};

use crate::valid::Column;

/// The role of a word in its query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    /// `from`, or the name of a clause.
    Clause,
    /// The source.
    Source,
    /// The separator of two items of a clause: a comma or `and`.
    Separator,
    /// A comma after the last item of a clause.
    Trailing,
    /// A column without a function.
    Column(Column),
    /// The argument of a function.
    Argument(Column),
    /// A name without a function in `order_by`: an output or a column.
    Order,
    /// The name of a function.
    Function,
    /// The bracket of a call.
    Bracket,
    /// `as`.
    As,
    /// The name after `as`.
    Alias,
    /// `asc` or `desc`.
    Direction,
    /// An operator.
    Operator(Operator),
    /// A literal of a column of this type, with its sign.
    Value(ColumnType),
    /// A run-time value, with its `?`.
    Placeholder,
    /// The opening bracket of a list.
    ListStart,
    /// A comma between two elements of a list.
    ListComma,
    /// The closing bracket of a list.
    ListEnd,
    /// The number of `limit`.
    Limit,
    /// The type after `into`.
    Into,
}

/// A part of a query that is written without spaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub text: String,
    pub role: Role,
}

/// A word with its role.
pub fn piece(text: impl Into<String>, role: Role) -> Piece {
    Piece { text: text.into(), role }
}

/// A name as a query writes it.
pub fn spelled(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// The words of a query, each with its clause.
#[derive(Clone)]
pub struct Text {
    pub pieces: Vec<Piece>,
    pub clauses: Vec<&'static str>,
}

/// An invalid query, and its one expected problem.
#[derive(Debug)]
pub struct Wrong {
    pub words: Vec<String>,
    pub code: Code,
    /// The wrong word; `None` for the end of the query.
    pub at: usize,
}

impl Wrong {
    pub fn text(&self) -> String {
        self.words.join(" ")
    }

    /// Moves the expected problem some words back.
    pub fn moved_back(self, words: usize) -> Wrong {
        Wrong { at: self.at - words, ..self }
    }

    /// The position of the problem.
    pub fn offset(&self) -> usize {
        let before = self.words[..self.at].iter().map(|word| word.len() + 1).sum::<usize>();
        before.min(self.text().len())
    }
}

impl Text {
    pub fn words(&self) -> Vec<String> {
        self.pieces.iter().map(|piece| piece.text.clone()).collect()
    }

    /// The indices of the words with this role.
    pub fn with_role<'a>(&'a self, is: impl Fn(Role) -> bool + 'a) -> impl Iterator<Item = usize> + 'a {
        (0..self.pieces.len()).filter(move |index| is(self.pieces[*index].role))
    }

    /// The words of a clause, with its name first.
    pub fn clause(&self, clause: &str) -> Option<Range<usize>> {
        let start = self.clauses.iter().position(|other| *other == clause)?;
        let length = self.clauses[start..].iter().take_while(|other| **other == clause).count();
        Some(start..start + length)
    }

    /// The items of a clause, each without the comma after it.
    pub fn items(&self, clause: &str) -> Vec<Range<usize>> {
        let Some(range) = self.clause(clause) else { return Vec::new() };
        let mut end = range.start;
        let items = self.pieces[range.start + 1..range.end]
            .split(|piece| matches!(piece.role, Role::Separator | Role::Trailing))
            .map(|item| {
                let start = end + 1;
                end = start + item.len();
                start..end
            });
        items.filter(|item| !item.is_empty()).collect()
    }

    /// Replaces some words of the query; the one at `wrong` is the mistake.
    pub fn with(&self, range: Range<usize>, by: &[&str], code: Code, wrong: usize) -> Wrong {
        let mut words = self.words();
        let at = range.start + wrong;
        words.splice(range, by.iter().map(|word| (*word).to_owned()));
        Wrong { words, code, at }
    }

    /// Adds an item at the end of a clause; adds the clause at the end of the query if it is
    /// missing.
    pub fn with_item(&self, clause: &'static str, item: &[&str], code: Code, wrong: usize) -> Wrong {
        match self.items(clause).last() {
            Some(last) => self.with(last.end..last.end, &[&[","], item].concat(), code, wrong + 1),
            None => {
                let end = self.pieces.len();
                self.with(end..end, &[&[clause], item].concat(), code, wrong + 1)
            }
        }
    }
}
