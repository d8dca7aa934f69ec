//! Operators that do not fit their column's type.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        where revenue is_empty, quantity is_not_empty, date is_empty
    };
}
