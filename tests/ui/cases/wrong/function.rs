//! Unknown functions, and functions in the wrong clause.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        group_by montth(date), sum(revenue), country
        select smu(revenue), mean(revenue), median(revenue), count(country), sum(), sum(revenue, quantity), month(date), count(*)
    };
}
