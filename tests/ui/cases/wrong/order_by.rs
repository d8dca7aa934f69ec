//! Orders by what the result does not have.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        group_by country
        select sum(revenue) as total
        order_by totl desc, revenue, avg(revenue), month(date), count(), country downwards
    };
    let _ = query! { from Sales order_by cuontry desc, -revenue };
}
