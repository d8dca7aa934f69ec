//! Operators with a space inside.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let filter = Sales::filter(|s| s.revenue.gt(3));
    let _ = query! { from Sales where revenue > = 3 };
    let _ = query! { from Sales where revenue < = 3 };
    let _ = query! { from Sales where country ! = "FR" };
    let _ = query! { from Sales where country = = "FR" };
    let _ = query! { from Sales where quantity ! in [1] };
    let _ = query! { from Sales where quantity < > 3 };
    let _ = query! { from Sales where . .{&filter} };
}
