//! What each part of a tree gives, from the inside to the outside.

use serenytics_query::vocabulary::Aggregate;

use super::join::{as_datetime, joined};
use super::{Cost, Scope, Type, Typed, TypedNode};
use crate::query::formula::tree::{Comparison, DEPTH, Expression, Mistake, Node, Operator, levels};

/// How many parts a formula may have, with those of the measures that it refers to.
const PARTS: usize = 1000;

/// What a formula gives for each row.
pub(in crate::query::formula) fn for_each_row(tree: &Expression, scope: Scope<'_>) -> Result<Typed, Mistake> {
    let typed = Typing { scope, place: Place::Row }.typed(tree)?;
    if typed.gives == Type::Null {
        return Err(Mistake::new(tree.position, "the formula gives nothing but NULL, and so has no type"));
    }
    Ok(typed)
}

/// What a formula gives over all rows, which has to be a number.
pub(crate) fn over_all_rows(tree: &Expression, scope: Scope<'_>) -> Result<Typed, Mistake> {
    let typed = Typing { scope, place: Place::Total }.typed(tree)?;
    if typed.gives.is_numeric() || typed.gives == Type::Boolean {
        return Ok(Typed { is_total: true, ..typed });
    }
    let described = typed.gives.described();
    Err(Mistake::new(tree.position, format!("a value formula gives a number, and this one gives {described}")))
}

/// Where a part of a formula stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Where there is a value for each row: in the formula of a measure, and inside of an aggregate.
    Row,
    /// In a value formula, outside of every aggregate.
    Total,
}

pub(super) struct Typing<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) place: Place,
}

impl Typing<'_> {
    pub(super) fn typed(&self, tree: &Expression) -> Result<Typed, Mistake> {
        let typed = self.untested(tree)?;
        let limits =
            [("parts", typed.parts, PARTS), ("operations that stand one inside the other", typed.depth, DEPTH)];
        match limits.into_iter().find(|(_, count, limit)| count > limit) {
            None => Ok(typed),
            Some((what, count, limit)) => {
                let message = format!(
                    "the formula has, with those of the measures that it refers to, {count} {what} and may have {limit}"
                );
                Err(Mistake::new(tree.position, message))
            }
        }
    }

    /// A part that is not yet held against the limits.
    fn untested(&self, tree: &Expression) -> Result<Typed, Mistake> {
        Ok(match &tree.node {
            Node::Int(value) => Typed::leaf(TypedNode::Int(*value), Type::INT).within(u128::from(*value)),
            Node::Float(value) => Typed::leaf(TypedNode::Float(*value), Type::FLOAT),
            Node::Text(text) => Typed::leaf(TypedNode::Text(text.clone()), Type::STR),
            Node::Boolean(value) => Typed::leaf(TypedNode::Boolean(*value), Type::Boolean),
            Node::Null => Typed::leaf(TypedNode::Null, Type::Null),
            Node::Reference(name) => self.reference(name, tree.position)?,
            Node::Negative(operand) => {
                let operand = self.number(operand, '-')?;
                let (gives, largest, is_unbound) = (operand.gives, operand.largest, operand.is_unbound);
                let cost = Cost::of([&operand]);
                Typed::operation(TypedNode::Negative(Box::new(operand)), gives, cost)
                    .within(largest)
                    .unbound(is_unbound)
            }
            Node::Not(operand) => {
                let operand = self.condition(operand, "`not`")?;
                let cost = Cost::of([&operand]);
                Typed::operation(TypedNode::Not(Box::new(operand)), Type::Boolean, cost)
            }
            Node::Arithmetic(operator, left, right) => {
                arithmetic(*operator, self.number(left, operator.sign())?, self.number(right, operator.sign())?)
            }
            Node::Comparison(comparison, left, right) => self.comparison(*comparison, left, right)?,
            Node::In { operand, list, is_negated } => self.is_in(operand, list, *is_negated)?,
            Node::Junction(junction, parts) => {
                let word = format!("`{}`", junction.word());
                let parts: Vec<Typed> =
                    parts.iter().map(|part| self.condition(part, &word)).collect::<Result<_, _>>()?;
                let cost = Cost::of(&parts);
                let depth = levels(parts.len());
                let operations = parts.len();
                let typed = Typed::operation(TypedNode::Junction(*junction, parts), Type::Boolean, cost);
                Typed { depth: cost.depth + depth, parts: typed.parts + operations - 2, ..typed }
            }
            Node::Call(function, arguments) => self.call(function, arguments, tree.position)?,
        })
    }

    fn reference(&self, name: &str, position: usize) -> Result<Typed, Mistake> {
        let typed = self.scope.meaning(name).map_err(|message| Mistake::new(position, message))?;
        let message = match (self.place, typed.is_total) {
            (Place::Row, false) | (Place::Total, true) => return Ok(typed),
            (Place::Row, true) => format!(
                "`[{name}]` is one value over all rows, and what stands here has one for each row: put what is to be \
                 added up into an aggregate of its own"
            ),
            (Place::Total, false) => {
                let suggested = if typed.gives.is_numeric() { Aggregate::Sum } else { Aggregate::Dcount };
                format!(
                    "`[{name}]` has a value for each row, and a value formula is one number over all of them: put it \
                     into an aggregate, as `{suggested}([{name}])`"
                )
            }
        };
        Err(Mistake::new(position, message))
    }

    /// A part that an operator needs a number of.
    fn number(&self, tree: &Expression, sign: char) -> Result<Typed, Mistake> {
        let typed = self.typed(tree)?;
        if typed.gives.is_numeric() {
            return Ok(typed);
        }
        let described = typed.gives.described();
        let meant = match (sign, typed.gives) {
            ('+', Type::STR) => ": texts are joined by `concat`",
            ('+' | '-', Type::DATETIME) => ": time is added by `date_add`, and counted by `date_diff`",
            (_, Type::Boolean) => ": `to_int` makes it 1 or 0",
            _ => "",
        };
        Err(Mistake::new(tree.position, format!("`{sign}` needs numbers and this is {described}{meant}")))
    }

    /// A part that has to be a condition.
    pub(super) fn condition(&self, tree: &Expression, what: &str) -> Result<Typed, Mistake> {
        let typed = self.typed(tree)?;
        if typed.gives == Type::Boolean {
            return Ok(typed);
        }
        let described = typed.gives.described();
        let message = format!("{what} needs a condition, as `[a] > 1`, and this is {described}");
        Err(Mistake::new(tree.position, message))
    }

    /// Two values that are compared.
    fn comparison(&self, comparison: Comparison, left: &Expression, right: &Expression) -> Result<Typed, Mistake> {
        let parts = self.alike(&[left, right], &format!("`{}`", comparison.sign()))?;
        let cost = Cost::of_cells(&parts);
        let [left, right] = parts.try_into().map_err(|_| Mistake::new(left.position, "two values are compared"))?;
        let node = TypedNode::Comparison(comparison, Box::new(left), Box::new(right));
        Ok(Typed::operation(node, Type::Boolean, cost).deeper(1))
    }

    fn is_in(&self, operand: &Expression, list: &[Expression], is_negated: bool) -> Result<Typed, Mistake> {
        let trees: Vec<&Expression> = std::iter::once(operand).chain(list).collect();
        let parts = self.alike(&trees, "`in`")?;
        let mut cost = Cost::of_cells(&parts);
        if let [operand, list @ ..] = parts.as_slice()
            && !list.iter().all(Typed::is_literal)
        {
            // The operand is compared with each.
            cost = Cost { parts: cost.parts.saturating_add(Cost::of_cells([operand]).times(list.len()).parts), ..cost };
        }
        let depth = levels(parts.len());
        Ok(Typed::operation(TypedNode::In(parts, is_negated), Type::Boolean, cost).deeper(1 + depth))
    }

    /// Values that are compared with the first of them, and so have one type.
    fn alike(&self, trees: &[&Expression], what: &str) -> Result<Vec<Typed>, Mistake> {
        let mut parts = Vec::with_capacity(trees.len());
        for tree in trees {
            let typed = self.typed(tree)?;
            if typed.gives == Type::Null {
                let message = format!("{what} is never met by NULL: ask for it by `is_defined` or `is_not_defined`");
                return Err(Mistake::new(tree.position, message));
            }
            parts.push((typed, tree.position));
        }
        let (parts, _) = joined(parts, what)?;
        Ok(parts)
    }

    /// A part that has to be a datetime, which a text that is written in the formula may stand for.
    pub(super) fn datetime(&self, tree: &Expression) -> Result<Typed, Mistake> {
        as_datetime(self.typed(tree)?, tree.position)
    }
}

/// An operation of two numbers: an integer if both are, but for `/`, whose result is always a float.
pub(super) fn arithmetic(operator: Operator, left: Typed, right: Typed) -> Typed {
    let are_ints = left.gives == Type::INT && right.gives == Type::INT;
    let gives = if are_ints && operator != Operator::Divide { Type::INT } else { Type::FLOAT };
    let largest = match operator {
        Operator::Add | Operator::Subtract => left.largest.saturating_add(right.largest),
        Operator::Multiply => left.largest.saturating_mul(right.largest),
        Operator::Divide => 0,
        // A remainder is nearer to zero than both.
        Operator::Remainder => left.largest.min(right.largest),
    };
    // What is not known to differ from zero is guarded by two operations more.
    let guards = if operator.divides() && !right.is_literal_but_zero() { 2 } else { 0 };
    let cost = Cost::of([&left, &right]);
    let cost = Cost { parts: cost.parts.saturating_add(guards), depth: left.depth.max(right.depth + guards), ..cost };
    Typed::operation(TypedNode::Arithmetic(operator, Box::new(left), Box::new(right)), gives, cost)
        .within(largest)
        .unbound(gives == Type::FLOAT)
}
