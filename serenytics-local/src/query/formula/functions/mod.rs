//! The functions of formulas: one table, from which calls are checked, explained and lowered, and that the
//! documentation repeats.

mod arguments;
mod conditions;
mod dates;
mod not_computed;
mod numbers;
mod ranks;
#[cfg(test)]
pub(super) mod tests;
mod texts;
mod totals;

use std::sync::Arc;

use datafusion::logical_expr::WindowUDF;
use datafusion::prelude::Expr;
use serenytics_query::suggest::{listed, nearest};
use serenytics_query::vocabulary::Aggregate;

#[cfg(test)]
pub(super) use tests::examples;

pub(super) use arguments::{Arguments, balanced, chosen, text};
pub(super) use ranks::DESCENDING;

/// Every function.
const GROUPS: [(&str, &[Function]); 7] = [
    ("Conditions and NULL", conditions::FUNCTIONS),
    ("Texts", texts::FUNCTIONS),
    ("Numbers and conversions", numbers::FUNCTIONS),
    ("Datetimes", dates::FUNCTIONS),
    ("Among all rows", ranks::FUNCTIONS),
    ("Over all rows", totals::FUNCTIONS),
    ("Not computed by the embedded engine", not_computed::FUNCTIONS),
];

/// A function of formulas.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    /// Other names of it.
    pub(super) also: &'static [&'static str],
    pub(super) parameters: &'static [Parameter],
    pub(super) repeats: Repeats,
    pub(super) gives: Gives,
    /// What it does, in a sentence without a dot, with what it makes of NULL unless that is NULL.
    pub(super) does: &'static str,
    pub(super) meaning: Meaning,
}

/// What a call of a function becomes.
#[derive(Debug)]
pub(super) enum Meaning {
    /// A value made of its arguments.
    Row(RowFunction),
    /// The remainder, which is an operator.
    Remainder,
    /// An aggregate over all rows; their number if it is none of these.
    Total(Option<Aggregate>),
    /// A place among all rows, by this window function.
    Rank(fn() -> Arc<WindowUDF>),
    /// Nothing, and why.
    NotComputed(&'static str),
}

/// How a value is made of arguments.
#[derive(Debug)]
pub(super) struct RowFunction {
    /// How often an argument stands in the expression, at most.
    pub(super) uses: usize,
    /// How many operations stand one inside the other in it.
    pub(super) depth: usize,
    pub(super) growth: Growth,
    pub(super) lower: fn(&Arguments<'_>) -> Expr,
}

/// How long a text that a function gives may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// No longer than the longest argument.
    Kept,
    /// As long as all arguments together.
    Sum,
    /// As long as if every text that is looked for, the second argument, were replaced by the third.
    Replaced,
}

/// What a function takes.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) is_optional: bool,
}

/// What fits a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Number,
    Int,
    Text,
    DateTime,
    Condition,
    /// Whatever it is.
    Any,
    /// A number, a text or a condition.
    Plain,
    /// What has one type with the other arguments that take this.
    Alike,
    /// One of these words, as a text that is written in the formula.
    Word(&'static [&'static str]),
    /// A text that is written in the formula, of so many characters at most.
    Written(usize),
    /// A regular expression that is written in the formula.
    Regex,
    /// The name of a time zone that is written in the formula.
    Zone,
    /// An integer that is written in the formula, from one to another.
    WrittenInt(i64, i64),
}

/// How often parameters may stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    Once,
    /// The last as often as there are arguments.
    Last,
    /// The first two as often as there are arguments; the third for what is left over.
    Pairs,
}

/// The type of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Text,
    /// An integer, no further from zero than this.
    Int(u64),
    /// A float that has to be held against the finite ones.
    Unbound,
    DateTime,
    Boolean,
    /// An integer if the arguments that are numbers are integers, else a float.
    Number,
    /// The type of the arguments that have one type.
    Alike,
}

/// Any integer of 64 bits.
const ANY_INT: Gives = Gives::Int(1 << 63);
/// The number of characters or bytes of a text.
const LENGTH: Gives = Gives::Int(1 << 32);

const fn needed(name: &'static str, takes: Takes) -> Parameter {
    Parameter { name, takes, is_optional: false }
}

const fn optional(name: &'static str, takes: Takes) -> Parameter {
    Parameter { name, takes, is_optional: true }
}

/// A function whose expression has an argument so many times.
const fn repeating(uses: usize, mut function: Function) -> Function {
    if let Meaning::Row(row) = &mut function.meaning {
        row.uses = uses;
    }
    function
}

impl Function {
    /// The function with this name.
    pub(super) fn named(name: &str) -> Result<&'static Function, String> {
        let all = || GROUPS.iter().flat_map(|(_, functions)| functions.iter());
        if let Some(function) = all().find(|function| function.names().any(|own| own.eq_ignore_ascii_case(name))) {
            return Ok(function);
        }
        Err(match nearest(name, all().flat_map(Function::names)) {
            Some(near) => format!("there is no function `{name}`; did you mean `{near}`?"),
            None => format!("there is no function `{name}`: there are {}", listed(all().map(|function| function.name))),
        })
    }

    /// Its names, the one that is shown first.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.also.iter().copied())
    }

    /// A call of it: `substring(text, start, [length])`.
    pub(super) fn usage(&self) -> String {
        let parameter = |parameter: &Parameter| match parameter.is_optional {
            true => format!("[{}]", parameter.name),
            false => parameter.name.to_owned(),
        };
        let mut parameters: Vec<String> = self.parameters.iter().map(parameter).collect();
        match self.repeats {
            Repeats::Once => {}
            Repeats::Last => parameters.push("..".to_owned()),
            Repeats::Pairs => parameters.insert(2, "..".to_owned()),
        }
        format!("{}({})", self.name, parameters.join(", "))
    }

    /// Whether it may have so many arguments; the number that it takes if not.
    pub(super) fn takes(&self, count: usize) -> Result<(), String> {
        let least = self.parameters.iter().filter(|parameter| !parameter.is_optional).count();
        let most = if self.repeats == Repeats::Once { self.parameters.len() } else { usize::MAX };
        if (least..=most).contains(&count) {
            return Ok(());
        }
        let counted = |count: usize| if count == 1 { "1 argument".to_owned() } else { format!("{count} arguments") };
        Err(match (least, most) {
            (least, usize::MAX) => format!("{} or more", counted(least)),
            (0, 0) => "no arguments".to_owned(),
            (least, most) if least == most => counted(least),
            (least, most) => format!("{least} to {}", counted(most)),
        })
    }

    /// The parameter that is given by one of so many arguments.
    pub(super) fn parameter(&self, index: usize, count: usize) -> &'static Parameter {
        let last = self.parameters.len() - 1;
        let index = match self.repeats {
            Repeats::Once | Repeats::Last => index.min(last),
            Repeats::Pairs if index + 1 == count && count % 2 == 1 => last,
            Repeats::Pairs => index % 2,
        };
        &self.parameters[index]
    }
}
