//! Clauses that are misspelled, repeated or empty.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! { from Sales wher country == "FR" };
    let _ = query! { from Sales group by country };
    let _ = query! { from Sales order by country };
    let _ = query! { from Sales select country limt 10 };
    let _ = query! { from Sales limit 10 limit 20 };
    let _ = query! { from Sales select };
    let _ = query! { from Sales where limit 10 };
    let _ = query! { from Sales group_by country having country };
    let _ = query! { from Sales, country };
}
