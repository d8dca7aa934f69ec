//! Checks calls of functions: the number of arguments, the level of the call and its result.

use super::{Checker, Level, arithmetic};
use crate::formula::error::FormulaError;
use crate::formula::functions::{
    Accepts, DESCENDING, Function, FunctionKind, Growth, RankFunction, Returns, RowFunction,
};
use crate::formula::kind::Type;
use crate::formula::tree::{Expression, Node, Operator};
use crate::formula::typed::{AggregateCall, Cost, GUARDS, Rank, Typed, TypedNode};
use crate::syntax::vocabulary::Aggregate;

/// The maximum length of computed text, as a multiple of the length of its input.
const GROWTH: usize = 100;
/// The maximum number of groups of a rank: the time of DataFusion's planner is cubic in it.
const GROUPS: usize = 8;

impl Checker<'_> {
    pub(super) fn call(&self, name: &str, arguments: &[Expression], position: usize) -> Result<Typed, FormulaError> {
        let error = |message| Err(FormulaError::new(position, message));
        let function = match Function::named(name) {
            Ok(function) => function,
            Err(message) => return error(message),
        };
        if let FunctionKind::Unsupported(reason) = function.kind {
            return error(format!("`{}` is not supported: {reason}", function.name));
        }
        if let Err(expected) = function.check_arity(arguments.len()) {
            let hint = match (function.name, arguments.len()) {
                ("min", 2..) => "; `least` returns the smallest of several values",
                ("max", 2..) => "; `greatest` returns the largest of several values",
                _ => "",
            };
            let (usage, found, doc) = (function.usage(), arguments.len(), function.doc);
            return error(format!("`{usage}` takes {expected}, found {found}{hint}. {doc}"));
        }
        match function.kind {
            FunctionKind::Aggregate(aggregate) => self.aggregate(function, aggregate, arguments, position),
            FunctionKind::Remainder => {
                let mut numbers = self.arguments(function, arguments)?.into_iter();
                match (numbers.next(), numbers.next()) {
                    (Some(left), Some(right)) => Ok(arithmetic(Operator::Remainder, left, right)),
                    _ => error("a remainder needs two numbers".to_owned()),
                }
            }
            FunctionKind::Rank(rank) => self.rank(rank, function, arguments, position),
            FunctionKind::Row(row) => row_function(function, row, self.arguments(function, arguments)?, position),
            FunctionKind::Unsupported(reason) => error(reason.to_owned()),
        }
    }

    /// Checks a call of a function that ranks the row.
    fn rank(
        &self,
        rank: RankFunction,
        function: &Function,
        arguments: &[Expression],
        position: usize,
    ) -> Result<Typed, FormulaError> {
        let name = function.name;
        if arguments.iter().any(calls_aggregate) {
            let message = format!("`{name}` compares all rows and cannot depend on an aggregate");
            return Err(FormulaError::new(position, message));
        }
        if arguments.len() > 2 + GROUPS {
            let (groups, usage) = (arguments.len() - 2, function.usage());
            let message = format!("`{usage}` has {groups} groups; the limit is {GROUPS}");
            return Err(FormulaError::new(arguments[2 + GROUPS].position, message));
        }
        if self.level == Level::Aggregate {
            let message = format!(
                "`{name}` has a value for each row, but a value formula is one number over all rows: aggregate it, for \
                 example `max({name}(..))`"
            );
            return Err(FormulaError::new(position, message));
        }
        let parts = self.arguments(function, arguments)?;
        if let Some(index) = parts.iter().position(|part| part.is_ranked) {
            let message = format!("`{name}` compares all rows and cannot depend on another rank");
            return Err(FormulaError::new(arguments[index].position, message));
        }
        let cost = Cost { is_ranked: true, ..Cost::of_cells(&parts) };
        let is_ascending = parts.get(1).and_then(Typed::literal_text) != Some(DESCENDING);
        let mut parts = parts.into_iter();
        let value = parts.next().ok_or_else(|| FormulaError::new(position, "a rank needs a value"))?;
        let (number, groups) = (self.scope.measures.next_rank(), parts.skip(1).collect());
        let rank = Rank { number, function: rank, value: Box::new(value), is_ascending, groups };
        Ok(Typed::operation(TypedNode::Rank(rank), Type::INT, cost).within(self.scope.environment.max_rows()))
    }

    /// Checks a call of an aggregate.
    fn aggregate(
        &self,
        function: &Function,
        aggregate: Option<Aggregate>,
        arguments: &[Expression],
        position: usize,
    ) -> Result<Typed, FormulaError> {
        let name = function.name;
        if self.level == Level::Row {
            let message = format!("`{name}` is an aggregate and cannot be used inside another aggregate");
            return Err(FormulaError::new(position, message));
        }
        let inside = Checker { scope: self.scope, level: Level::Row };
        let parts = inside.arguments(function, arguments)?;
        let cost = Cost { is_aggregate: true, ..Cost::of_cells(&parts) };
        let rows = self.scope.environment.max_rows();
        let value = parts.first().filter(|_| !is_condition(function, 0));
        let (result, largest) = match (aggregate, value) {
            (Some(Aggregate::Sum), Some(value)) => (value.result, value.largest.saturating_mul(rows)),
            (Some(Aggregate::Min | Aggregate::Max), Some(value)) => (value.result, value.largest),
            (Some(Aggregate::Avg), _) => (Type::FLOAT, 0),
            _ => (Type::INT, rows),
        };
        let mut call = AggregateCall { aggregate, argument: None, condition: None };
        for (index, part) in parts.into_iter().enumerate() {
            if is_condition(function, index) {
                call.condition = Some(Box::new(part));
            } else {
                call.argument = Some(Box::new(part));
            }
        }
        let choices = usize::from(call.condition.is_some());
        Ok(Typed::operation(TypedNode::Aggregate(call), result, cost)
            .deeper(choices)
            .within(largest)
            .unchecked(result == Type::FLOAT))
    }
}

/// Returns true if a formula calls an aggregate, so that it is one value over all rows.
pub(super) fn calls_aggregate(tree: &Expression) -> bool {
    tree.iter().any(|part| match &part.node {
        Node::Call(name, _) => {
            matches!(Function::named(name), Ok(Function { kind: FunctionKind::Aggregate(_), .. }))
        }
        _ => false,
    })
}

fn is_condition(function: &Function, index: usize) -> bool {
    function.parameters.get(index).is_some_and(|parameter| parameter.accepts == Accepts::Condition)
}

/// Returns the call of a function of one row, with its type and cost.
fn row_function(
    function: &'static Function,
    row: RowFunction,
    arguments: Vec<Typed>,
    position: usize,
) -> Result<Typed, FormulaError> {
    let growth = growth(row.growth, &arguments);
    if growth > GROWTH {
        let name = function.name;
        let message =
            format!("`{name}` may return text {growth} times as long as its input; the limit is {GROWTH} times");
        return Err(FormulaError::new(position, message));
    }
    let is_alike = |index: usize| function.parameter(index, arguments.len()).accepts == Accepts::Alike;
    let numbers = || arguments.iter().filter(|argument| argument.result.is_numeric());
    let numeric = if numbers().all(|number| number.result == Type::INT) { Type::INT } else { Type::FLOAT };
    let alike = |(index, argument): (usize, &Typed)| is_alike(index).then_some(argument.result);
    let mut alike = arguments.iter().enumerate().filter_map(alike);
    let (result, largest) = match function.returns {
        Returns::Text => (Type::TEXT, 1),
        Returns::Int(largest) => (Type::INT, u128::from(largest)),
        Returns::UncheckedFloat => (Type::FLOAT, 1),
        Returns::DateTime => (Type::DATETIME, 1),
        Returns::Boolean => (Type::Boolean, 1),
        Returns::Number => (numeric, numbers().map(|number| number.largest).max().unwrap_or(0).saturating_mul(2)),
        Returns::Alike => {
            let first = alike.next().unwrap_or(Type::Null);
            let result = if alike.any(|result| result == Type::FLOAT) { Type::FLOAT } else { first };
            (result, arguments.iter().map(|argument| argument.largest).max().unwrap_or(1))
        }
    };
    let guards = if function.returns == Returns::UncheckedFloat { GUARDS } else { 0 };
    let uses = if arguments.iter().all(|argument| argument.parts == 1) { 1 } else { row.uses };
    let cost = Cost::of_cells(&arguments).times(uses);
    let node = TypedNode::Call { function, operation: row.operation, arguments };
    Ok(Typed::operation(node, result, cost).deeper(row.depth + guards).within(largest).grown(growth.max(1)))
}

/// Returns the maximum length of the text that a function returns, as a multiple of the length of its input.
fn growth(growth: Growth, arguments: &[Typed]) -> usize {
    let growths = arguments.iter().map(|argument| argument.growth);
    match growth {
        Growth::Longest => growths.max().unwrap_or(1),
        Growth::Sum => growths.fold(0, usize::saturating_add),
        Growth::Replaced => {
            let length = |index: usize| arguments.get(index).and_then(Typed::literal_text).map_or(1, str::len);
            let factor = length(2).div_ceil(length(1).max(1)).max(1);
            arguments.first().map_or(1, |argument| argument.growth).saturating_mul(factor)
        }
    }
}
