//! Unknown columns in every clause, with and without a suggestion.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        where contry == "FR", tailnum is_defined
        group_by cuontry, month(dat)
        select sum(Revenue), dcount(inv)
        order_by sum(quantty)
    };
    let _ = query! { from Sales select country, revenu };
}
