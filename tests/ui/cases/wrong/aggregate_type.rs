//! Aggregates and time slots of columns that they do not fit.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        group_by month(country), weekday(revenue)
        select sum(country), avg(date), max(country)
        order_by avg(country)
    };
}
