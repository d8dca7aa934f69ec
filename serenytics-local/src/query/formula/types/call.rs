//! Calls of functions: whether their arguments fit, and what they give.

use std::str::FromStr;
use std::sync::Arc;

use datafusion::arrow::array::timezone::Tz;
use datafusion::functions::regex::compile_regex;
use datafusion::logical_expr::WindowUDF;
use serenytics_query::suggest::{listed, nearest};
use serenytics_query::vocabulary::Aggregate;

use super::join::joined;
use super::typing::{Place, Typing, arithmetic};
use super::{Cost, GUARDS, Ranked, Total, Type, Typed, TypedNode};
use crate::query::formula::functions::{DESCENDING, Function, Gives, Growth, Meaning, Parameter, RowFunction, Takes};
use crate::query::formula::tree::{Expression, Mistake, Node, Operator};

/// How many times as long as the texts that it is made of a text may be.
const GROWTH: usize = 100;
/// How many groups a place among rows may have: DataFusion's planner takes the cube of them.
const GROUPS: usize = 8;
/// How many characters a regular expression may have.
const REGEX: usize = 200;

impl Typing<'_> {
    pub(super) fn call(&self, name: &str, arguments: &[Expression], position: usize) -> Result<Typed, Mistake> {
        let refused = |message| Err(Mistake::new(position, message));
        let function = match Function::named(name) {
            Ok(function) => function,
            Err(message) => return refused(message),
        };
        if let Meaning::NotComputed(why) = function.meaning {
            return refused(format!("`{}` is not computed by the embedded engine: {why}", function.name));
        }
        if let Err(takes) = function.takes(arguments.len()) {
            let instead = match (function.name, arguments.len()) {
                ("min", 2..) => "; the smaller of several values is `least`",
                ("max", 2..) => "; the larger of several values is `greatest`",
                _ => "",
            };
            let (usage, has, does) = (function.usage(), arguments.len(), function.does);
            return refused(format!("`{usage}` takes {takes} and has {has}{instead}. It gives: {does}"));
        }
        match &function.meaning {
            Meaning::Total(aggregate) => self.total(function, *aggregate, arguments, position),
            Meaning::Remainder => {
                let mut numbers = self.arguments(function, arguments)?.into_iter();
                match (numbers.next(), numbers.next()) {
                    (Some(left), Some(right)) => Ok(arithmetic(Operator::Remainder, left, right)),
                    _ => refused("a remainder is of two numbers".to_owned()),
                }
            }
            Meaning::Rank(window) => self.rank(function, *window, arguments, position),
            Meaning::Row(row) => made(function, row, self.arguments(function, arguments)?, position),
            Meaning::NotComputed(why) => refused((*why).to_owned()),
        }
    }

    /// The arguments of a call, each as its parameter takes it.
    fn arguments(&self, function: &Function, arguments: &[Expression]) -> Result<Vec<Typed>, Mistake> {
        let parameter = |index| function.parameter(index, arguments.len());
        let mut fitting = Vec::with_capacity(arguments.len());
        for (index, tree) in arguments.iter().enumerate() {
            fitting.push(self.argument(function, parameter(index), tree)?);
        }
        let is_alike = |index: &usize| parameter(*index).takes == Takes::Alike;
        let alike: Vec<usize> = (0..arguments.len()).filter(is_alike).collect();
        if alike.is_empty() {
            return Ok(fitting);
        }
        let parts = alike.iter().map(|index| (fitting[*index].clone(), arguments[*index].position)).collect();
        let (parts, common) = joined(parts, &format!("`{}`", function.name))?;
        if common == Type::Null {
            let message = format!("`{}` is given nothing but NULL, and so has no type", function.name);
            return Err(Mistake::new(arguments[alike[0]].position, message));
        }
        for (index, part) in alike.into_iter().zip(parts) {
            fitting[index] = part;
        }
        Ok(fitting)
    }

    /// An argument that its parameter takes.
    fn argument(&self, function: &Function, parameter: &Parameter, tree: &Expression) -> Result<Typed, Mistake> {
        let typed = match parameter.takes {
            Takes::DateTime => self.datetime(tree)?,
            _ => self.typed(tree)?,
        };
        let fits = match parameter.takes {
            Takes::Number => typed.gives.is_numeric(),
            Takes::Int => typed.gives == Type::INT,
            Takes::Text => typed.gives == Type::STR,
            Takes::DateTime => typed.gives == Type::DATETIME,
            Takes::Condition => typed.gives == Type::Boolean,
            Takes::Any => typed.gives != Type::Null,
            Takes::Plain => !matches!(typed.gives, Type::Null | Type::DATETIME),
            Takes::Alike => true,
            Takes::Word(words) => return word(function, parameter, words, typed, tree.position),
            Takes::Written(_) | Takes::Regex | Takes::Zone => {
                written(function, parameter, &typed, tree.position)?;
                true
            }
            Takes::WrittenInt(least, most) => typed.literal_int().is_some_and(|value| (least..=most).contains(&value)),
        };
        if fits {
            return Ok(typed);
        }
        let takes = match parameter.takes {
            Takes::Number => "a number".to_owned(),
            Takes::Int => "an integer".to_owned(),
            Takes::Text => "a text".to_owned(),
            Takes::DateTime => "a datetime".to_owned(),
            Takes::Plain => "a number, a text or a condition".to_owned(),
            Takes::Condition => "a condition, as `[a] > 1`,".to_owned(),
            Takes::WrittenInt(least, most) => {
                return Err(Mistake::new(
                    tree.position,
                    format!(
                        "`{}` of `{}` has to be an integer from {least} to {most} that is written there",
                        parameter.name,
                        function.usage()
                    ),
                ));
            }
            _ => "a value".to_owned(),
        };
        let meant = match (parameter.takes, typed.gives) {
            (Takes::Text, gives) if gives != Type::Null => ": `str` makes one of it",
            (Takes::Number, Type::STR) => ": `float` makes one of it",
            (Takes::Number | Takes::Int, Type::Boolean) | (Takes::Int, Type::FLOAT | Type::STR) => {
                ": `to_int` makes one of it"
            }
            (Takes::DateTime, Type::STR) => ": `datetime_from_string` makes one of it",
            _ => "",
        };
        let (name, usage, is) = (parameter.name, function.usage(), typed.gives.described());
        Err(Mistake::new(tree.position, format!("`{name}` of `{usage}` has to be {takes} and this is {is}{meant}")))
    }

    /// A place among all rows.
    fn rank(
        &self,
        function: &Function,
        window: fn() -> Arc<WindowUDF>,
        arguments: &[Expression],
        position: usize,
    ) -> Result<Typed, Mistake> {
        let name = function.name;
        if arguments.iter().any(calls_aggregate) {
            let message = format!("`{name}` is a place among all rows and cannot depend on one value over all of them");
            return Err(Mistake::new(position, message));
        }
        if arguments.len() > 2 + GROUPS {
            let (groups, usage) = (arguments.len() - 2, function.usage());
            let message = format!("`{usage}` has {groups} groups here and may have {GROUPS}");
            return Err(Mistake::new(arguments[2 + GROUPS].position, message));
        }
        if self.place == Place::Total {
            let message = format!(
                "`{name}` has a value for each row, and a value formula is one number over all of them: put it into an \
                 aggregate, as `max({name}(..))`"
            );
            return Err(Mistake::new(position, message));
        }
        let parts = self.arguments(function, arguments)?;
        if let Some(index) = parts.iter().position(|part| part.is_ranked) {
            let message = format!("`{name}` is a place among all rows and cannot depend on such a place itself");
            return Err(Mistake::new(arguments[index].position, message));
        }
        let cost = Cost { is_ranked: true, ..Cost::of_cells(&parts) };
        let is_ascending = parts.get(1).and_then(Typed::literal_text) != Some(DESCENDING);
        let mut parts = parts.into_iter();
        let value = parts.next().ok_or_else(|| Mistake::new(position, "a place is by a value"))?;
        let (number, groups) = (self.scope.measures.next_rank(), parts.skip(1).collect());
        let ranked = Ranked { number, window, value: Box::new(value), is_ascending, groups };
        Ok(Typed::operation(TypedNode::Rank(ranked), Type::INT, cost).within(self.scope.columns.rows()))
    }

    /// An aggregate over all rows.
    fn total(
        &self,
        function: &Function,
        aggregate: Option<Aggregate>,
        arguments: &[Expression],
        position: usize,
    ) -> Result<Typed, Mistake> {
        let name = function.name;
        if self.place == Place::Row {
            let message = format!("`{name}` is over all rows and cannot stand inside of another aggregate");
            return Err(Mistake::new(position, message));
        }
        let inside = Typing { scope: self.scope, place: Place::Row };
        let parts = inside.arguments(function, arguments)?;
        let cost = Cost { is_total: true, ..Cost::of_cells(&parts) };
        let rows = self.scope.columns.rows();
        let value = parts.first().filter(|_| !is_condition(function, 0));
        let (gives, largest) = match (aggregate, value) {
            (Some(Aggregate::Sum), Some(value)) => (value.gives, value.largest.saturating_mul(rows)),
            (Some(Aggregate::Min | Aggregate::Max), Some(value)) => (value.gives, value.largest),
            (Some(Aggregate::Avg), _) => (Type::FLOAT, 0),
            _ => (Type::INT, rows),
        };
        let mut total = Total { aggregate, argument: None, condition: None };
        for (index, part) in parts.into_iter().enumerate() {
            if is_condition(function, index) {
                total.condition = Some(Box::new(part));
            } else {
                total.argument = Some(Box::new(part));
            }
        }
        let choices = usize::from(total.condition.is_some());
        Ok(Typed::operation(TypedNode::Total(total), gives, cost)
            .deeper(choices)
            .within(largest)
            .unbound(gives == Type::FLOAT))
    }
}

/// Whether a formula calls an aggregate, and so is one value over all rows.
pub(in crate::query::formula) fn calls_aggregate(tree: &Expression) -> bool {
    tree.iter().any(|part| match &part.node {
        Node::Call(name, _) => matches!(Function::named(name), Ok(Function { meaning: Meaning::Total(_), .. })),
        _ => false,
    })
}

fn is_condition(function: &Function, index: usize) -> bool {
    function.parameters.get(index).is_some_and(|parameter| parameter.takes == Takes::Condition)
}

/// What a function makes of its arguments.
fn made(
    function: &'static Function,
    row: &RowFunction,
    arguments: Vec<Typed>,
    position: usize,
) -> Result<Typed, Mistake> {
    let growth = growth(row.growth, &arguments);
    if growth > GROWTH {
        let message = format!(
            "`{}` may give a text {growth} times as long as those that it is made of, and {GROWTH} times is the most",
            function.name
        );
        return Err(Mistake::new(position, message));
    }
    let is_alike = |index: usize| function.parameter(index, arguments.len()).takes == Takes::Alike;
    let numbers = || arguments.iter().filter(|argument| argument.gives.is_numeric());
    let numeric = if numbers().all(|number| number.gives == Type::INT) { Type::INT } else { Type::FLOAT };
    let alike = |(index, argument): (usize, &Typed)| is_alike(index).then_some(argument.gives);
    let mut alike = arguments.iter().enumerate().filter_map(alike);
    let (gives, largest) = match function.gives {
        Gives::Text => (Type::STR, 1),
        Gives::Int(largest) => (Type::INT, u128::from(largest)),
        Gives::Unbound => (Type::FLOAT, 1),
        Gives::DateTime => (Type::DATETIME, 1),
        Gives::Boolean => (Type::Boolean, 1),
        Gives::Number => (numeric, numbers().map(|number| number.largest).max().unwrap_or(0).saturating_mul(2)),
        Gives::Alike => {
            let first = alike.next().unwrap_or(Type::Null);
            let gives = if alike.any(|gives| gives == Type::FLOAT) { Type::FLOAT } else { first };
            (gives, arguments.iter().map(|argument| argument.largest).max().unwrap_or(1))
        }
    };
    let guards = if function.gives == Gives::Unbound { GUARDS } else { 0 };
    let uses = if arguments.iter().all(|argument| argument.parts == 1) { 1 } else { row.uses };
    let cost = Cost::of_cells(&arguments).times(uses);
    let typed = Typed::operation(TypedNode::Function(function, arguments), gives, cost);
    Ok(typed.deeper(row.depth + guards).within(largest).grown(growth.max(1)))
}

/// How many times as long as the texts that it is made of a text may be.
fn growth(growth: Growth, arguments: &[Typed]) -> usize {
    let growths = arguments.iter().map(|argument| argument.growth);
    match growth {
        Growth::Kept => growths.max().unwrap_or(1),
        Growth::Sum => growths.fold(0, usize::saturating_add),
        Growth::Replaced => {
            let length = |index: usize| arguments.get(index).and_then(Typed::literal_text).map_or(1, str::len);
            let factor = length(2).div_ceil(length(1).max(1)).max(1);
            arguments.first().map_or(1, |argument| argument.growth).saturating_mul(factor)
        }
    }
}

/// A word of a list, which is written in the formula.
fn word(
    function: &Function,
    parameter: &Parameter,
    words: &'static [&'static str],
    typed: Typed,
    position: usize,
) -> Result<Typed, Mistake> {
    let written = typed.literal_text().unwrap_or_default();
    if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(written)) {
        return Ok(Typed { node: TypedNode::Text((*word).to_owned()), ..typed });
    }
    let known = match nearest(written, words.iter().copied()) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None => format!(": it is one of {}, in quotes", listed(words.iter().copied())),
    };
    let (name, usage) = (parameter.name, function.usage());
    Err(Mistake::new(position, format!("this is no `{name}` of `{usage}`{known}")))
}

/// Holds a text that has to be written in the formula against what it has to be.
fn written(function: &Function, parameter: &Parameter, typed: &Typed, position: usize) -> Result<(), Mistake> {
    let (name, usage) = (parameter.name, function.usage());
    let refused = |message: String| Err(Mistake::new(position, message));
    let Some(text) = typed.literal_text() else {
        return refused(format!("`{name}` of `{usage}` has to be a text that is written there, in quotes"));
    };
    let (most, length) = (if let Takes::Written(most) = parameter.takes { most } else { REGEX }, text.chars().count());
    if length > most {
        return refused(format!("`{name}` of `{usage}` has {length} characters and may have {most}"));
    }
    match parameter.takes {
        Takes::Regex => match compile_regex(text, None) {
            Ok(_) => Ok(()),
            Err(error) => refused(format!("`{name}` of `{usage}` is no regular expression: {error}")),
        },
        Takes::Zone if Tz::from_str(text).is_err() => {
            refused(format!("\"{text}\" is no time zone: one is \"Europe/Paris\", another \"UTC\""))
        }
        _ if text.is_empty() && matches!(name, "part" | "separator") => {
            refused(format!("`{name}` of `{usage}` is a text without a character, which is everywhere"))
        }
        _ => Ok(()),
    }
}
