//! The language's tree: one stage of a query, with the position of every part that can be wrong.

use crate::syntax::vocabulary::{Aggregate, Direction, Operator, TimeSlot};

/// The position of a part of a query: an index into the compiler's tokens, an offset in a text, or
/// the number of a request's item, depending on the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u32);

/// An identifier of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// The name, without `r#`.
    pub text: String,
    /// The position.
    pub position: Position,
}

/// The stage of a query. An invalid part is left out or marked unknown, so that the rest can be
/// checked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stage {
    /// The conditions; a row must meet all of them.
    pub conditions: Vec<Condition>,
    /// The spliced filters, `..{filter}`. Their conditions come after those of the query.
    pub splices: Vec<Placeholder>,
    /// The keys of the groups.
    pub group_by: Vec<Key>,
    /// The selected outputs; `None` without a `select`.
    pub select: Option<Vec<Selection>>,
    /// The order. The first item is the most significant.
    pub order_by: Vec<Order>,
    /// The maximum number of rows.
    pub limit: Option<Limit>,
    /// Whether an invalid item was left out. The checker does not report missing items then.
    pub incomplete: bool,
}

/// A key of `group_by`.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The column.
    pub column: Ident,
    /// The time slot of the column's datetimes.
    pub slot: KeySlot,
    /// The output's name after `as`.
    pub alias: Option<Ident>,
}

impl Key {
    /// Returns the key as an item of `select` or `order_by`.
    #[must_use]
    pub fn selected(&self) -> Selected {
        let column = self.column.clone();
        match self.slot {
            KeySlot::Whole => Selected::Column(column),
            KeySlot::Slot(slot) => Selected::Slot { slot, position: column.position, column },
            KeySlot::Unknown => Selected::Unknown(Some(column)),
        }
    }
}

/// The time slot of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySlot {
    /// The column itself: `country`.
    Whole,
    /// A time slot of the column's datetimes: `month(date)`.
    Slot(TimeSlot),
    /// A function that is already reported.
    Unknown,
}

/// An output of `select`.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The selected item.
    pub selected: Selected,
    /// The output's name after `as`.
    pub alias: Option<Ident>,
}

/// The content of a `select` or `order_by` item.
#[derive(Debug, Clone, PartialEq)]
pub enum Selected {
    /// A name without a function: a column in `select`, an output or a column in `order_by`.
    Column(Ident),
    /// An aggregate: `sum(revenue)`.
    Aggregate {
        /// The function.
        aggregate: Aggregate,
        /// The position of the function's name.
        position: Position,
        /// The column.
        column: Ident,
    },
    /// `count()`.
    Count(Position),
    /// A key of `group_by` that is repeated in `order_by`: `month(date)`.
    Slot {
        /// The slot.
        slot: TimeSlot,
        /// The position of the slot's name.
        position: Position,
        /// The column.
        column: Ident,
    },
    /// A function that is already reported, with its column.
    Unknown(Option<Ident>),
}

impl Selected {
    /// Returns the column.
    #[must_use]
    pub fn column(&self) -> Option<&Ident> {
        match self {
            Selected::Column(column) | Selected::Aggregate { column, .. } | Selected::Slot { column, .. } => {
                Some(column)
            }
            Selected::Unknown(column) => column.as_ref(),
            Selected::Count(_) => None,
        }
    }

    /// Compares two items without their positions.
    #[must_use]
    pub fn is_same(&self, other: &Selected) -> bool {
        match (self, other) {
            (Selected::Count(_), Selected::Count(_)) => true,
            (Selected::Column(one), Selected::Column(other)) => one.text == other.text,
            (
                Selected::Aggregate { aggregate, column, .. },
                Selected::Aggregate { aggregate: other, column: other_column, .. },
            ) => aggregate == other && column.text == other_column.text,
            (Selected::Slot { slot, column, .. }, Selected::Slot { slot: other, column: other_column, .. }) => {
                slot == other && column.text == other_column.text
            }
            _ => false,
        }
    }
}

/// An item of `order_by`.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The sort key.
    pub by: Selected,
    /// The direction.
    pub direction: Direction,
}

/// A condition of `where`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The column.
    pub column: Ident,
    /// The comparison; `None` if it is already reported.
    pub operator: Option<Operator>,
    /// The position of the operator.
    pub operator_position: Position,
    /// The right side.
    pub operand: ConditionOperand,
}

/// The right side of a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum ConditionOperand {
    /// No operand, or one that is already reported.
    None,
    /// One value.
    Scalar(Value),
    /// A list of values, and its position.
    List(Vec<Value>, Position),
    /// A run-time list: `in {countries}`.
    ListPlaceholder(Placeholder),
}

/// A literal or a run-time value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A literal, and its position.
    Literal(Literal, Position),
    /// `{expression}`.
    Placeholder(Placeholder),
}

/// The placeholder of a run-time value: `{expression}` or `{expression}?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placeholder {
    /// The index of the value among the query's run-time values.
    pub index: usize,
    /// Whether the value is an `Option` whose `None` omits the clause.
    pub optional: bool,
    /// The position of the value.
    pub position: Position,
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// An integer.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A string.
    Text(String),
    /// A string of a request, where every scalar is a string. The column decides how it is parsed.
    Wire(String),
}

/// `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// A number of rows, and its position.
    Rows(i64, Position),
    /// A run-time number.
    Placeholder(Placeholder),
}
