//! Limits that are not positive integers.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! { from Sales limit 0 };
    let _ = query! { from Sales limit -5 };
    let _ = query! { from Sales limit 2.5 };
    let _ = query! { from Sales limit "ten" };
    let _ = query! { from Sales limit 10, 20 };
    let _ = query! { from Sales limit many };
}
