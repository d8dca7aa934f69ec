//! The language's tree: one stage of a query, with a position on every word that can be wrong.

use crate::syntax::vocabulary::{Aggregate, Direction, Operator, TimeSlot};

/// Where a part of a query stands: an index whose meaning is its maker's (a token of the compiler, an offset in a
/// text, an item of a request).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u32);

/// A name as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// The name, without `r#`.
    pub text: String,
    /// Where it stands.
    pub position: Position,
}

/// A query's one stage. A part that could not be read is left out or marked unknown, so that the rest is checked too.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stage {
    /// The conditions, all of which a row has to meet.
    pub conditions: Vec<Condition>,
    /// The filters that are spliced in, `..{filter}`; their conditions come after those of the query.
    pub splices: Vec<Placeholder>,
    /// The keys of the groups.
    pub group_by: Vec<Key>,
    /// The selected outputs; `None` without a `select`.
    pub select: Option<Vec<Selection>>,
    /// The order, the first item being the most significant.
    pub order_by: Vec<Order>,
    /// The largest number of rows.
    pub limit: Option<Limit>,
    /// Whether an item was refused while it was read and is missing here, so that nothing may be said of what a
    /// clause lacks.
    pub incomplete: bool,
}

/// A key of `group_by`.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The column.
    pub column: Ident,
    /// What the column's datetimes are cut to.
    pub slot: KeySlot,
    /// The output's name, when `as` gives one.
    pub alias: Option<Ident>,
}

impl Key {
    /// The key as an item of `select` or `order_by` would name it.
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

/// What is done to a key's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySlot {
    /// Nothing: `country`.
    Whole,
    /// Its datetimes are cut to a slot: `month(date)`.
    Slot(TimeSlot),
    /// Something that was refused already.
    Unknown,
}

/// An output of `select`.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// What is selected.
    pub selected: Selected,
    /// The output's name, when `as` gives one.
    pub alias: Option<Ident>,
}

/// What a `select` or `order_by` item names.
#[derive(Debug, Clone, PartialEq)]
pub enum Selected {
    /// A name by itself: in `select` a column, in `order_by` an output or a column.
    Column(Ident),
    /// An aggregate: `sum(revenue)`.
    Aggregate {
        /// The function.
        aggregate: Aggregate,
        /// Where the function's name stands.
        position: Position,
        /// The column.
        column: Ident,
    },
    /// `count()`.
    Count(Position),
    /// A key of `group_by` that is spelled again in `order_by`: `month(date)`.
    Slot {
        /// The slot.
        slot: TimeSlot,
        /// Where the slot's name stands.
        position: Position,
        /// The column.
        column: Ident,
    },
    /// A function that was refused already, with the column it was given.
    Unknown(Option<Ident>),
}

impl Selected {
    /// The column that is named.
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

    /// Whether two are the same, wherever they stand.
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
    /// What the rows are ordered by.
    pub by: Selected,
    /// The direction.
    pub direction: Direction,
}

/// A condition of `where`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The column.
    pub column: Ident,
    /// The comparison; `None` if it was refused already.
    pub operator: Option<Operator>,
    /// Where the operator stands.
    pub operator_position: Position,
    /// What stands to its right.
    pub operand: ConditionOperand,
}

/// The right side of a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum ConditionOperand {
    /// Nothing, or something that was refused already.
    None,
    /// One value.
    Scalar(Value),
    /// A list of values, and where it stands.
    List(Vec<Value>, Position),
    /// A list that the run gives: `in {countries}`.
    ListPlaceholder(Placeholder),
}

/// A value: written in the query, or given by the run.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A literal, and where it stands.
    Literal(Literal, Position),
    /// `{expression}`.
    Placeholder(Placeholder),
}

/// A run-time value's place: `{expression}` or `{expression}?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placeholder {
    /// The index of the value among the query's run-time values.
    pub index: usize,
    /// Whether the value is an `Option` whose `None` leaves the clause out.
    pub optional: bool,
    /// Where the value stands.
    pub position: Position,
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// An integer.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A text.
    Text(String),
    /// A text of the wire, where every scalar is one: what it is, its column decides.
    Wire(String),
}

/// `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// A number of rows, and where it stands.
    Rows(i64, Position),
    /// A number that the run gives.
    Placeholder(Placeholder),
}
