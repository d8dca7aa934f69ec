//! The signature of a function: its names, parameters, result and cost.

use super::{ConditionFunction, DateFunction, NumberFunction, RankFunction, TextFunction};
use crate::syntax::vocabulary::Aggregate;

/// The signature of a function.
#[derive(Debug)]
pub struct Function {
    /// The name that messages and the documentation use.
    pub name: &'static str,
    /// Other names of the function.
    pub aliases: &'static [&'static str],
    /// The parameters, the required ones first.
    pub parameters: &'static [Parameter],
    /// Which parameters may be repeated.
    pub repeats: Repeats,
    /// The type of the result.
    pub returns: Returns,
    /// A description in one sentence without a full stop. It includes the result for NULL, unless that is NULL.
    pub doc: &'static str,
    /// Whether the function computes one row, ranks or all rows.
    pub kind: FunctionKind,
}

/// The rows that a function needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionKind {
    /// One row.
    Row(RowFunction),
    /// One row: the operator `%` as a function.
    Remainder,
    /// All rows: an aggregate. `None` counts.
    Aggregate(Option<Aggregate>),
    /// One row compared with all others.
    Rank(RankFunction),
    /// Not supported, for this reason.
    Unsupported(&'static str),
}

/// A function of one row, and the size of the expression that computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowFunction {
    /// Which function it is.
    pub operation: Operation,
    /// How many times the expression repeats an argument, at most.
    pub(crate) uses: usize,
    /// How many operations are nested in the expression.
    pub(crate) depth: usize,
    /// The maximum length of a text result.
    pub(crate) growth: Growth,
}

/// A function of one row. An engine matches on it to compute the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A function of conditions or NULL.
    Condition(ConditionFunction),
    /// A function of text.
    Text(TextFunction),
    /// A function of numbers, or a conversion.
    Number(NumberFunction),
    /// A function of datetimes.
    Date(DateFunction),
}

/// The maximum length of the text that a function returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    /// As long as the longest argument.
    Longest,
    /// As long as all arguments together.
    Sum,
    /// As long as if the third argument replaced every occurrence of the second one.
    Replaced,
}

/// A parameter of a function.
#[derive(Debug)]
pub struct Parameter {
    /// The name that messages and the documentation use.
    pub name: &'static str,
    /// The arguments that the parameter accepts.
    pub accepts: Accepts,
    /// Whether the argument may be left out.
    pub is_optional: bool,
}

/// The arguments that a parameter accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// An integer or a float.
    Number,
    /// An integer.
    Int,
    /// Text.
    Text,
    /// A datetime, or text in quotes that is one.
    DateTime,
    /// A condition.
    Condition,
    /// Any value except `null`.
    Any,
    /// A number, text or a condition.
    Plain,
    /// Any value of the same type as the other arguments that are accepted as `Alike`.
    Alike,
    /// One of these words in quotes.
    Word(&'static [&'static str]),
    /// Text in quotes with at most this many characters.
    LiteralText(usize),
    /// A regular expression in quotes.
    Regex,
    /// The name of a time zone in quotes.
    TimeZone,
    /// A literal integer between these two, inclusive.
    LiteralInt(i64, i64),
}

/// Which parameters may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// None.
    None,
    /// The last one.
    Last,
    /// The first two, as a pair. If the number of arguments is odd, the last one belongs to the third parameter.
    Pairs,
}

/// The type of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// Text.
    Text,
    /// An integer whose absolute value is at most this.
    Int(u64),
    /// A float that may be infinite or NaN, which becomes NULL.
    UncheckedFloat,
    /// A datetime.
    DateTime,
    /// A condition.
    Boolean,
    /// An integer if all numeric arguments are integers, a float otherwise.
    Number,
    /// The type of the arguments that are accepted as [`Accepts::Alike`].
    Alike,
}

/// Any integer of 64 bits.
pub(super) const ANY_INT: Returns = Returns::Int(1 << 63);
/// The length of text.
pub(super) const LENGTH: Returns = Returns::Int(1 << 32);

pub(super) const fn required(name: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, accepts, is_optional: false }
}

pub(super) const fn optional(name: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, accepts, is_optional: true }
}

/// Sets how many times the expression of a function repeats an argument.
pub(super) const fn repeating(uses: usize, mut function: Function) -> Function {
    if let FunctionKind::Row(row) = &mut function.kind {
        row.uses = uses;
    }
    function
}

impl Function {
    /// Returns the function's names, the main one first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Returns the form of a call: `substring(text, start, [length])`.
    #[must_use]
    pub fn usage(&self) -> String {
        let parameter = |parameter: &Parameter| match parameter.is_optional {
            true => format!("[{}]", parameter.name),
            false => parameter.name.to_owned(),
        };
        let mut parameters: Vec<String> = self.parameters.iter().map(parameter).collect();
        match self.repeats {
            Repeats::None => {}
            Repeats::Last => parameters.push("..".to_owned()),
            Repeats::Pairs => parameters.insert(2, "..".to_owned()),
        }
        format!("{}({})", self.name, parameters.join(", "))
    }

    /// Checks the number of arguments. The error is the number that the function accepts: `2 to 3 arguments`.
    pub(crate) fn check_arity(&self, count: usize) -> Result<(), String> {
        let least = self.parameters.iter().filter(|parameter| !parameter.is_optional).count();
        let most = if self.repeats == Repeats::None { self.parameters.len() } else { usize::MAX };
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

    /// Returns the parameter of one of `count` arguments.
    pub(crate) fn parameter(&self, index: usize, count: usize) -> &'static Parameter {
        let last = self.parameters.len() - 1;
        let index = match self.repeats {
            Repeats::None | Repeats::Last => index.min(last),
            Repeats::Pairs if index + 1 == count && count % 2 == 1 => last,
            Repeats::Pairs => index % 2,
        };
        &self.parameters[index]
    }
}

/// Declares the functions of one group, each with its name.
macro_rules! operations {
    ($(#[$meta:meta])* $group:ident { $($variant:ident = $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $group { $(#[doc = concat!("`", $name, "`")] $variant,)+ }

        impl $group {
            /// Every function of the group.
            pub const ALL: &'static [$group] = &[$($group::$variant,)+];

            /// Returns the name of the function.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($group::$variant => $name,)+ }
            }
        }
    };
}
pub(super) use operations;
