//! Repeated outputs, and two outputs with the same name.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        group_by country, country as land
        select sum(revenue), sum(revenue) as total, avg(revenue) as a, max(revenue) as a, count() as country
    };
}
