//! A query as pieces, each with its part in it; and what a wrong one is expected to be told.

use std::ops::Range;

use serenytics_query::parse::KEYWORDS;
use serenytics_query::problem::Code;
use serenytics_query::vocabulary::{ColumnType, Operator};

use crate::valid::Column;

/// What a piece is in its query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    /// `from`, or the name of a clause.
    Clause,
    /// The source.
    Source,
    /// What stands between two items of a clause: a comma or `and`.
    Separator,
    /// A comma behind the last item of a clause.
    Trailing,
    /// A column, by itself.
    Column(Column),
    /// A column that a function is called with.
    Argument(Column),
    /// A name by itself in `order_by`: an output's or a column's.
    Order,
    /// The name of a function.
    Function,
    /// The bracket of a call.
    Bracket,
    /// `as`.
    As,
    /// The name behind `as`.
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
    /// The type behind `into`.
    Into,
}

/// A part of a query that is written without spaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub text: String,
    pub role: Role,
}

/// A piece.
pub fn piece(text: impl Into<String>, role: Role) -> Piece {
    Piece { text: text.into(), role }
}

/// A name as a query writes it.
pub fn spelled(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// A query's pieces, each with the clause that it stands in.
#[derive(Clone)]
pub struct Text {
    pub pieces: Vec<Piece>,
    pub clauses: Vec<&'static str>,
}

/// A wrong query, and the one problem that it has to have.
#[derive(Debug)]
pub struct Wrong {
    pub words: Vec<String>,
    pub code: Code,
    /// The word that is wrong; the end of the query if there is none.
    pub at: usize,
}

impl Wrong {
    pub fn text(&self) -> String {
        self.words.join(" ")
    }

    /// The same query, whose wrong word stands some words before.
    pub fn moved_back(self, words: usize) -> Wrong {
        Wrong { at: self.at - words, ..self }
    }

    /// Where the problem stands.
    pub fn offset(&self) -> usize {
        let before = self.words[..self.at].iter().map(|word| word.len() + 1).sum::<usize>();
        before.min(self.text().len())
    }
}

impl Text {
    pub fn words(&self) -> Vec<String> {
        self.pieces.iter().map(|piece| piece.text.clone()).collect()
    }

    /// The indices of the pieces whose role this is.
    pub fn with_role<'a>(&'a self, is: impl Fn(Role) -> bool + 'a) -> impl Iterator<Item = usize> + 'a {
        (0..self.pieces.len()).filter(move |index| is(self.pieces[*index].role))
    }

    /// The pieces of a clause, its name first.
    pub fn clause(&self, clause: &str) -> Option<Range<usize>> {
        let start = self.clauses.iter().position(|other| *other == clause)?;
        let length = self.clauses[start..].iter().take_while(|other| **other == clause).count();
        Some(start..start + length)
    }

    /// The items of a clause, each without the comma behind it.
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

    /// The query with other words in the place of some, of which the one at `wrong` is wrong.
    pub fn with(&self, range: Range<usize>, by: &[&str], code: Code, wrong: usize) -> Wrong {
        let mut words = self.words();
        let at = range.start + wrong;
        words.splice(range, by.iter().map(|word| (*word).to_owned()));
        Wrong { words, code, at }
    }

    /// The query with one more item in a clause, as its last one; the clause comes last if there is none yet.
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
