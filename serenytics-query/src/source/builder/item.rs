//! The items of a builder's clauses: columns, time slots and aggregates, with names and directions.

use std::fmt;
use std::marker::PhantomData;

use super::column::{FormulaColumn, TypedColumn};
use crate::syntax::stage::{Ident, Key, KeySlot, Order, Position, Selected, Selection};
use crate::syntax::vocabulary::{Direction, TimeSlot};

/// A time slot of a datetime column: `month(date)`.
pub struct SlotColumn<S> {
    slot: TimeSlot,
    column: &'static str,
    source: PhantomData<fn() -> S>,
}

impl<S> SlotColumn<S> {
    pub(super) fn new(slot: TimeSlot, column: &'static str) -> SlotColumn<S> {
        SlotColumn { slot, column, source: PhantomData }
    }
}

/// An aggregate of a column: `sum(revenue)`, or the number of rows: `count()`.
pub struct AggregateColumn<S> {
    selected: Selected,
    source: PhantomData<fn() -> S>,
}

impl<S> AggregateColumn<S> {
    pub(super) fn new(selected: Selected) -> AggregateColumn<S> {
        AggregateColumn { selected, source: PhantomData }
    }
}

/// The number of rows: `count()`.
#[must_use]
pub fn count<S>() -> AggregateColumn<S> {
    AggregateColumn::new(Selected::Count(Position::default()))
}

/// An output by its name, for `order_by total`.
#[must_use]
pub fn output(name: impl Into<String>) -> OutputName {
    OutputName(name.into())
}

/// The name of an output.
#[derive(Debug, Clone)]
pub struct OutputName(String);

/// An item with an alias: `sum(revenue) as total`.
#[derive(Debug, Clone)]
pub struct Named<I> {
    item: I,
    name: String,
}

/// An item of `order_by` with its direction.
#[derive(Debug, Clone)]
pub struct OrderBy<I> {
    item: I,
    direction: Direction,
}

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// An item that a builder's `group_by` accepts.
#[diagnostic::on_unimplemented(
    message = "`group_by` needs a column or a time slot of `{S}` [SRN057]",
    label = "neither a column nor a time slot of this source"
)]
pub trait GroupKey<S>: Sealed {
    /// Returns the key for the query's tree.
    #[doc(hidden)]
    fn key(self, position: Position) -> Key;
}

/// An item that a builder's `select` accepts.
#[diagnostic::on_unimplemented(
    message = "`select` needs a column or an aggregate of `{S}` [SRN057]",
    label = "neither a column nor an aggregate of this source"
)]
pub trait SelectItem<S>: Sealed {
    /// Returns the output for the query's tree.
    #[doc(hidden)]
    fn selection(self, position: Position) -> Selection;
}

/// An item that a builder's `order_by` accepts.
#[diagnostic::on_unimplemented(
    message = "`order_by` needs a column, a time slot or an aggregate of `{S}`, or an output's name [SRN057]",
    label = "cannot order by this"
)]
pub trait OrderItem<S>: Sealed {
    /// Returns the item for the query's tree.
    #[doc(hidden)]
    fn order(self, position: Position) -> Order;
}

/// Sets the position of an item.
fn placed(selected: Selected, at: Position) -> Selected {
    let moved = |column: Ident| Ident { position: at, ..column };
    match selected {
        Selected::Column(column) => Selected::Column(moved(column)),
        Selected::Aggregate { aggregate, column, .. } => {
            Selected::Aggregate { aggregate, position: at, column: moved(column) }
        }
        Selected::Slot { slot, column, .. } => Selected::Slot { slot, position: at, column: moved(column) },
        Selected::Count(_) => Selected::Count(at),
        unknown => unknown,
    }
}

fn ascending(by: Selected) -> Order {
    Order { by, direction: Direction::Asc }
}

impl<S, T> Sealed for TypedColumn<S, T> {}
impl<S> Sealed for FormulaColumn<S> {}
impl<S> Sealed for SlotColumn<S> {}
impl<S> Sealed for AggregateColumn<S> {}
impl Sealed for OutputName {}
impl<I: Sealed> Sealed for Named<I> {}
impl<I: Sealed> Sealed for OrderBy<I> {}

#[diagnostic::do_not_recommend]
impl<S, T> GroupKey<S> for TypedColumn<S, T> {
    fn key(self, position: Position) -> Key {
        Key { column: self.word(position), slot: KeySlot::Whole, alias: None }
    }
}

#[diagnostic::do_not_recommend]
impl<S> GroupKey<S> for SlotColumn<S> {
    fn key(self, position: Position) -> Key {
        let column = Ident { text: self.column.to_owned(), position };
        Key { column, slot: KeySlot::Slot(self.slot), alias: None }
    }
}

#[diagnostic::do_not_recommend]
impl<S, I: GroupKey<S>> GroupKey<S> for Named<I> {
    fn key(self, position: Position) -> Key {
        Key { alias: Some(Ident { text: self.name, position }), ..self.item.key(position) }
    }
}

#[diagnostic::do_not_recommend]
impl<S, T> SelectItem<S> for TypedColumn<S, T> {
    fn selection(self, position: Position) -> Selection {
        Selection { selected: Selected::Column(self.word(position)), alias: None }
    }
}

#[diagnostic::do_not_recommend]
impl<S> SelectItem<S> for FormulaColumn<S> {
    fn selection(self, position: Position) -> Selection {
        Selection { selected: Selected::Column(self.word(position)), alias: None }
    }
}

#[diagnostic::do_not_recommend]
impl<S> SelectItem<S> for AggregateColumn<S> {
    fn selection(self, position: Position) -> Selection {
        Selection { selected: placed(self.selected, position), alias: None }
    }
}

#[diagnostic::do_not_recommend]
impl<S, I: SelectItem<S>> SelectItem<S> for Named<I> {
    fn selection(self, position: Position) -> Selection {
        Selection { alias: Some(Ident { text: self.name, position }), ..self.item.selection(position) }
    }
}

#[diagnostic::do_not_recommend]
impl<S, T> OrderItem<S> for TypedColumn<S, T> {
    fn order(self, position: Position) -> Order {
        ascending(Selected::Column(self.word(position)))
    }
}

#[diagnostic::do_not_recommend]
impl<S> OrderItem<S> for SlotColumn<S> {
    fn order(self, position: Position) -> Order {
        let column = Ident { text: self.column.to_owned(), position };
        ascending(Selected::Slot { slot: self.slot, position, column })
    }
}

#[diagnostic::do_not_recommend]
impl<S> OrderItem<S> for AggregateColumn<S> {
    fn order(self, position: Position) -> Order {
        ascending(placed(self.selected, position))
    }
}

#[diagnostic::do_not_recommend]
impl<S> OrderItem<S> for OutputName {
    fn order(self, position: Position) -> Order {
        ascending(Selected::Column(Ident { text: self.0, position }))
    }
}

#[diagnostic::do_not_recommend]
impl<S, I: OrderItem<S>> OrderItem<S> for OrderBy<I> {
    fn order(self, position: Position) -> Order {
        Order { direction: self.direction, ..self.item.order(position) }
    }
}

/// Implements the methods that name an item or set its direction.
macro_rules! methods {
    (named: $($type:ident<$($parameter:ident),+>)+) => {$(
        impl<$($parameter),+> $type<$($parameter),+> {
            /// Sets the item's alias: `.. as name`.
            #[must_use]
            pub fn named(self, name: impl Into<String>) -> Named<Self> {
                Named { item: self, name: name.into() }
            }
        }
    )+};
    (directed: $($type:ident$(<$($parameter:ident),+>)?)+) => {$(
        impl$(<$($parameter),+>)? $type$(<$($parameter),+>)? {
            /// Smallest first.
            #[must_use]
            pub fn asc(self) -> OrderBy<Self> {
                OrderBy { item: self, direction: Direction::Asc }
            }

            /// Largest first.
            #[must_use]
            pub fn desc(self) -> OrderBy<Self> {
                OrderBy { item: self, direction: Direction::Desc }
            }
        }
    )+};
}

methods!(named: TypedColumn<S, T> FormulaColumn<S> SlotColumn<S> AggregateColumn<S>);
methods!(directed: TypedColumn<S, T> SlotColumn<S> AggregateColumn<S> OutputName);

impl<S> Clone for SlotColumn<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for SlotColumn<S> {}

impl<S> fmt::Debug for SlotColumn<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.slot, self.column)
    }
}

impl<S> Clone for AggregateColumn<S> {
    fn clone(&self) -> Self {
        AggregateColumn::new(self.selected.clone())
    }
}

impl<S> fmt::Debug for AggregateColumn<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AggregateColumn").field(&self.selected).finish()
    }
}
