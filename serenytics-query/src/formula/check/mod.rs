//! The type checker: resolves the names of a formula and finds the type of each part, from the inside out.

mod argument;
mod call;
mod null;
mod unify;

use unify::{literal_to_datetime, unify};

use super::error::{FormulaError, FormulaErrors, all, both};
use super::kind::Type;
use super::scope::Scope;
use super::tree::{Comparison, DEPTH, Expression, Node, Operator, levels};
use super::typed::{Cost, Typed, TypedNode};
use crate::syntax::vocabulary::Aggregate;

/// The maximum number of parts of a formula, including those of the measures that it refers to.
const PARTS: usize = 1000;

type Checked<T> = Result<T, FormulaErrors>;

/// Checks the formula of a measure. It is one value over all rows if it calls an aggregate or refers to a measure that
/// does, and has a value for each row otherwise.
///
/// # Errors
/// Returns the errors: a name is unknown, types do not fit or the formula is too large.
pub fn check(tree: &Expression, scope: Scope<'_>) -> Result<Typed, FormulaErrors> {
    if tree.first_aggregate().is_some() || tree.references().any(|name| scope.is_aggregate(name)) {
        return check_value_formula(tree, scope);
    }
    let typed = Checker { scope, level: Level::Row }.check(tree)?;
    if typed.result == Type::Null {
        return Err(FormulaError::of(tree, "the formula is always NULL, so it has no type").into());
    }
    Ok(typed)
}

/// Checks a value formula, which is one number over all rows.
///
/// # Errors
/// Returns the errors: a name is unknown, types do not fit, the formula is not a number or it is too large.
pub fn check_value_formula(tree: &Expression, scope: Scope<'_>) -> Result<Typed, FormulaErrors> {
    let typed = Checker { scope, level: Level::Aggregate }.check(tree)?;
    if typed.result.is_numeric() || typed.result == Type::Boolean {
        return Ok(Typed { is_aggregate: true, ..typed });
    }
    let found = typed.result.described();
    Err(FormulaError::of(tree, format!("a value formula must be a number, found {found}")).into())
}

/// The level at which a part of a formula is computed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Each row: in the formula of a measure, and inside an aggregate.
    Row,
    /// All rows: in a value formula, outside its aggregates.
    Aggregate,
}

/// Checks the parts of a formula at one level.
struct Checker<'a> {
    scope: Scope<'a>,
    level: Level,
}

impl Checker<'_> {
    /// Checks a part and its limits.
    fn check(&self, tree: &Expression) -> Checked<Typed> {
        let typed = self.check_node(tree)?;
        let limits = [("parts", typed.parts, PARTS), ("nested operations", typed.depth, DEPTH)];
        match limits.into_iter().find(|(_, count, limit)| count > limit) {
            None => Ok(typed),
            Some((what, count, limit)) => {
                let message =
                    format!("the formula and the measures that it refers to have {count} {what}; the limit is {limit}");
                Err(FormulaError::of(tree, message).into())
            }
        }
    }

    fn check_node(&self, tree: &Expression) -> Checked<Typed> {
        Ok(match &tree.node {
            Node::Int(value) => Typed::leaf(TypedNode::Int(*value), Type::INT).within(u128::from(*value)),
            Node::Float(value) => Typed::leaf(TypedNode::Float(*value), Type::FLOAT),
            Node::Text(text) => Typed::leaf(TypedNode::Text(text.clone()), Type::TEXT),
            Node::Boolean(value) => Typed::leaf(TypedNode::Boolean(*value), Type::Boolean),
            Node::Null => Typed::leaf(TypedNode::Null, Type::Null).or_null(Some("`null` is NULL")),
            Node::Reference(name) => self.reference(name, tree)?,
            Node::Negative(operand) => {
                let operand = self.number(operand, '-')?;
                let (result, largest, is_unchecked) = (operand.result, operand.largest, operand.is_unchecked());
                let cost = Cost::of([&operand]);
                Typed::operation(TypedNode::Negative(Box::new(operand)), result, cost)
                    .within(largest)
                    .unchecked(is_unchecked)
            }
            Node::Not(operand) => {
                let operand = self.condition(operand, "not")?;
                let cost = Cost::of([&operand]);
                Typed::operation(TypedNode::Not(Box::new(operand)), Type::Boolean, cost)
            }
            Node::Arithmetic(operator, left, right) => {
                let number = |tree| self.number(tree, operator.symbol());
                let (left, right) = both(number(left), number(right))?;
                arithmetic(*operator, left, right)
            }
            Node::Comparison(comparison, left, right) => self.comparison(*comparison, left, right)?,
            Node::In { operand, list, is_negated } => self.is_in(operand, list, *is_negated)?,
            Node::Junction(junction, parts) => {
                let parts = all(parts.iter().map(|part| self.condition(part, junction.word())))?;
                let cost = Cost::of(&parts);
                let depth = levels(parts.len());
                let operations = parts.len();
                let typed = Typed::operation(TypedNode::Junction(*junction, parts), Type::Boolean, cost);
                Typed { depth: cost.depth + depth, parts: typed.parts + operations - 2, ..typed }
            }
            Node::Call(function, arguments) => self.call(function, arguments, tree)?,
        })
    }

    fn reference(&self, name: &str, tree: &Expression) -> Checked<Typed> {
        let typed = self.scope.resolve(name, tree)?;
        if typed.is_opaque {
            return Ok(typed);
        }
        let message = match (self.level, typed.is_aggregate) {
            (Level::Row, false) | (Level::Aggregate, true) => return Ok(typed),
            (Level::Row, true) => format!(
                "`[{name}]` is one value over all rows, but a value for each row is needed here: aggregate the columns \
                 directly"
            ),
            (Level::Aggregate, false) => {
                let suggested = if typed.result.is_numeric() { Aggregate::Sum } else { Aggregate::Dcount };
                format!(
                    "`[{name}]` has a value for each row, but a value formula is one number over all rows: aggregate \
                     it, for example `{suggested}([{name}])`"
                )
            }
        };
        Err(FormulaError::of(tree, message).into())
    }

    /// Checks an operand of an arithmetic operator, which must be a number.
    fn number(&self, tree: &Expression, symbol: char) -> Checked<Typed> {
        let typed = self.check(tree)?;
        if typed.result.is_numeric() {
            return Ok(typed);
        }
        let found = typed.result.described();
        let hint = match (symbol, typed.result) {
            ('+', Type::TEXT) => "; `concat` joins text",
            ('+' | '-', Type::DATETIME) => "; `date_add` adds time, and `date_diff` counts it",
            (_, Type::Boolean) => "; `to_int` converts it to 1 or 0",
            _ => "",
        };
        Err(FormulaError::of(tree, format!("`{symbol}` needs numbers, found {found}{hint}")).into())
    }

    /// Checks an operand of `not`, `and` or `or`, which must be a condition.
    fn condition(&self, tree: &Expression, word: &str) -> Checked<Typed> {
        let typed = self.check(tree)?;
        if typed.result == Type::Null {
            return Ok(Typed { result: Type::Boolean, ..typed });
        }
        if typed.may_be_condition() {
            return Ok(typed);
        }
        let found = typed.result.described();
        let message = format!("`{word}` needs a condition such as `[a] > 1`, found {found}");
        Err(FormulaError::of(tree, message).into())
    }

    fn comparison(&self, comparison: Comparison, left: &Expression, right: &Expression) -> Checked<Typed> {
        let parts = self.comparable(&[left, right], comparison.symbol())?;
        let cost = Cost::of_cells(&parts);
        let [left, right] = parts.try_into().map_err(|_| FormulaError::of(left, "a comparison needs two values"))?;
        let node = TypedNode::Comparison(comparison, Box::new(left), Box::new(right));
        Ok(Typed::operation(node, Type::Boolean, cost).deeper(1))
    }

    fn is_in(&self, operand: &Expression, list: &[Expression], is_negated: bool) -> Checked<Typed> {
        let trees: Vec<&Expression> = std::iter::once(operand).chain(list).collect();
        let parts = self.comparable(&trees, "in")?;
        let mut cost = Cost::of_cells(&parts);
        if let [operand, list @ ..] = parts.as_slice()
            && !list.iter().all(Typed::is_literal)
        {
            // The expression repeats the operand for each value of the list.
            cost = Cost { parts: cost.parts.saturating_add(Cost::of_cells([operand]).times(list.len()).parts), ..cost };
        }
        let depth = levels(parts.len());
        Ok(Typed::operation(TypedNode::In { parts, is_negated }, Type::Boolean, cost).deeper(1 + depth))
    }

    /// Checks values that are compared, which must have one type.
    fn comparable(&self, trees: &[&Expression], operator: &str) -> Checked<Vec<Typed>> {
        let parts = all(trees.iter().map(|tree| {
            let typed = self.check(tree)?;
            if typed.result == Type::Null {
                let message = format!("`{operator}` never matches NULL: use `is_defined` or `is_not_defined`");
                return Err(FormulaErrors::from(FormulaError::of(tree, message)));
            }
            Ok((typed, *tree))
        }))?;
        let (parts, _) = unify(parts, &format!("`{operator}`"))?;
        Ok(parts)
    }

    /// Checks a datetime. Text in quotes is converted to one.
    fn datetime(&self, tree: &Expression) -> Checked<Typed> {
        Ok(literal_to_datetime(self.check(tree)?, tree)?)
    }
}

/// Returns an operation of two numbers: an integer if both are integers, except that `/` always returns a float.
fn arithmetic(operator: Operator, left: Typed, right: Typed) -> Typed {
    let are_integers = left.result == Type::INT && right.result == Type::INT;
    let result = if are_integers && operator != Operator::Divide { Type::INT } else { Type::FLOAT };
    let largest = match operator {
        Operator::Add | Operator::Subtract => left.largest.saturating_add(right.largest),
        Operator::Multiply => left.largest.saturating_mul(right.largest),
        Operator::Divide => 0,
        // A remainder is nearer to zero than both.
        Operator::Remainder => left.largest.min(right.largest),
    };
    // Two more operations guard a divisor that may be zero.
    let may_divide_by_zero = operator.divides() && !right.is_nonzero_literal();
    let guards = if may_divide_by_zero { 2 } else { 0 };
    let cost = Cost::of([&left, &right]);
    let cost = Cost { parts: cost.parts.saturating_add(guards), depth: left.depth.max(right.depth + guards), ..cost };
    Typed::operation(TypedNode::Arithmetic(operator, Box::new(left), Box::new(right)), result, cost)
        .within(largest)
        .unchecked(result == Type::FLOAT)
        .or_null(may_divide_by_zero.then_some("a division by 0 is NULL"))
}
