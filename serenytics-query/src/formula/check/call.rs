//! Checks calls of functions: the number of arguments, the level of the call and its result.

use super::null::null_of_call;
use super::{Checked, Checker, Level, arithmetic};
use crate::formula::error::{Cause, FormulaError, FormulaErrors};
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
    pub(super) fn call(&self, name: &str, arguments: &[Expression], tree: &Expression) -> Checked<Typed> {
        let error = |message| FormulaError::of_name(tree, name, message);
        let function = match Function::named(name) {
            Ok(function) => function,
            Err(message) => return Err(self.with_unknown_names(error(message), arguments)),
        };
        if let FunctionKind::Unsupported(reason) = function.kind {
            let error = error(format!("`{}` is not supported: {reason}", function.name));
            return Err(self.with_unknown_names(error.caused_by(Cause::Unsupported), arguments));
        }
        if let Err(expected) = function.check_arity(arguments.len()) {
            let hint = match (function.name, arguments.len()) {
                ("min", 2..) => "; `least` returns the smallest of several values",
                ("max", 2..) => "; `greatest` returns the largest of several values",
                _ => "",
            };
            let (usage, found, doc) = (function.usage(), arguments.len(), function.doc);
            let error = error(format!("`{usage}` takes {expected}, found {found}{hint}. {doc}"));
            return Err(self.with_unknown_names(error, arguments));
        }
        match function.kind {
            FunctionKind::Aggregate(aggregate) => self.aggregate(function, aggregate, arguments, error),
            FunctionKind::Remainder => {
                let mut numbers = self.arguments(function, arguments)?.into_iter();
                match (numbers.next(), numbers.next()) {
                    (Some(left), Some(right)) => Ok(arithmetic(Operator::Remainder, left, right)),
                    _ => Err(error("a remainder needs two numbers".to_owned()).into()),
                }
            }
            FunctionKind::Rank(rank) => self.rank(rank, function, arguments, error),
            FunctionKind::Row(row) => row_function(function, row, self.arguments(function, arguments)?, error),
            FunctionKind::Unsupported(reason) => Err(error(reason.to_owned()).into()),
        }
    }

    /// Adds the unknown names in the arguments of a wrong call. Their types cannot be checked.
    fn with_unknown_names(&self, error: FormulaError, arguments: &[Expression]) -> FormulaErrors {
        let unknown = |part: &Expression| match &part.node {
            Node::Reference(name) => self.scope.resolve(name, part).err(),
            Node::Call(name, _) => {
                Function::named(name).err().map(|message| FormulaError::of_name(part, name, message))
            }
            _ => None,
        };
        FormulaErrors::from(error).and(arguments.iter().flat_map(Expression::iter).filter_map(unknown))
    }

    /// Checks a call of a function that ranks the row.
    fn rank(
        &self,
        rank: RankFunction,
        function: &Function,
        arguments: &[Expression],
        error: impl Fn(String) -> FormulaError,
    ) -> Checked<Typed> {
        let name = function.name;
        if arguments.iter().any(|argument| argument.first_aggregate().is_some()) {
            return Err(error(format!("`{name}` compares all rows and cannot depend on an aggregate")).into());
        }
        if arguments.len() > 2 + GROUPS {
            let (groups, usage) = (arguments.len() - 2, function.usage());
            let message = format!("`{usage}` has {groups} groups; the limit is {GROUPS}");
            return Err(FormulaError::of(&arguments[2 + GROUPS], message).into());
        }
        if self.level == Level::Aggregate {
            let message = format!(
                "`{name}` has a value for each row, but a value formula is one number over all rows: aggregate it, for \
                 example `max({name}(..))`"
            );
            return Err(error(message).into());
        }
        let parts = self.arguments(function, arguments)?;
        if let Some(index) = parts.iter().position(|part| part.is_ranked) {
            let message = format!("`{name}` compares all rows and cannot depend on another rank");
            return Err(FormulaError::of(&arguments[index], message).into());
        }
        // Rows whose group is NULL are ranked too.
        let null = parts.first().and_then(|value| value.null);
        let cost = Cost { is_ranked: true, null, ..Cost::of_cells(&parts) };
        let is_ascending = parts.get(1).and_then(Typed::literal_text) != Some(DESCENDING);
        let mut parts = parts.into_iter();
        let value = parts.next().ok_or_else(|| error("a rank needs a value".to_owned()))?;
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
        error: impl Fn(String) -> FormulaError,
    ) -> Checked<Typed> {
        let name = function.name;
        if self.level == Level::Row {
            let error = error(format!("`{name}` is an aggregate and cannot be used inside another aggregate"));
            return Err(self.with_unknown_names(error, arguments));
        }
        let inside = Checker { scope: self.scope, level: Level::Row };
        let parts = inside.arguments(function, arguments)?;
        let counts = !matches!(aggregate, Some(aggregate) if aggregate != Aggregate::Dcount);
        let null = (!counts).then_some("an aggregate over no rows is NULL");
        let cost = Cost { is_aggregate: true, null, ..Cost::of_cells(&parts) };
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

impl Expression {
    /// Returns the first call of an aggregate. A formula with one is one value over all rows.
    pub(crate) fn first_aggregate(&self) -> Option<&Expression> {
        let calls = self.iter().filter(|part| match &part.node {
            Node::Call(name, _) => {
                matches!(Function::named(name), Ok(Function { kind: FunctionKind::Aggregate(_), .. }))
            }
            _ => false,
        });
        calls.min_by_key(|part| part.position)
    }
}

fn is_condition(function: &Function, index: usize) -> bool {
    function.parameters.get(index).is_some_and(|parameter| parameter.accepts == Accepts::Condition)
}

/// Returns the call of a function of one row, with its type and cost.
fn row_function(
    function: &'static Function,
    row: RowFunction,
    arguments: Vec<Typed>,
    error: impl Fn(String) -> FormulaError,
) -> Checked<Typed> {
    let growth = growth(row.growth, &arguments);
    if growth > GROWTH {
        let name = function.name;
        let message =
            format!("`{name}` may return text {growth} times as long as its input; the limit is {GROWTH} times");
        return Err(error(message).into());
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
    let cost = Cost { null: null_of_call(row.operation, &arguments), ..Cost::of_cells(&arguments).times(uses) };
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
