//! Enums and newtypes as columns.

use analytics::{query, ColumnValue, Query, Row, Source};

/// A country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnValue)]
#[column_value(crate = analytics)]
pub enum Country {
    /// France.
    #[column_value(name = "FR")]
    France,
    /// Germany.
    #[column_value(name = "DE")]
    Germany,
}

/// A state, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnValue)]
#[column_value(type = "int", crate = analytics)]
pub enum State {
    /// It is open.
    Open = 1,
    /// It is paid.
    Paid = 2,
}

/// An amount in euros.
#[derive(Debug, Clone, Copy, PartialEq, ColumnValue)]
#[column_value(crate = analytics)]
pub struct Euros(pub f64);

/// Orders.
#[derive(Debug, Clone, Copy, PartialEq, Source, Row)]
#[source(name = "orders", crate = analytics)]
#[row(crate = analytics)]
pub struct Order {
    /// Where the buyer lives.
    #[column(type = "str")]
    pub country: Country,
    /// Its state, if it is known.
    #[column(type = "int")]
    pub state: Option<State>,
    /// The amount.
    #[column(type = "float")]
    pub amount: Euros,
}

/// The orders of a country that are more expensive.
#[must_use]
pub fn expensive(country: Country, least: Euros) -> Query<Order> {
    query! {
        from Order
        where country == {country}, amount > {least}, state in {[State::Open, State::Paid]}
        select country, state, amount
        into Order
    }
}
