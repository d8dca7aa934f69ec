//! Bare columns with aggregates, and grouped columns that are also selected.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! { from Sales select country, sum(revenue) };
    let _ = query! { from Sales group_by country select country, revenue, count() };
    let _ = query! { from Sales group_by month(date) select date, count() };
}
