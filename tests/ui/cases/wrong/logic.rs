//! Conditions that are not joined by `and` or a comma.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! { from Sales where country == "FR" or quantity > 3 };
    let _ = query! { from Sales where country == "FR" || quantity > 3 };
    let _ = query! { from Sales where country == "FR" && quantity > 3 };
    let _ = query! { from Sales where country == "FR" quantity > 3 };
    let _ = query! { from Sales where country == "FR" and };
    let _ = query! { from Sales where or country == "FR" };
    let _ = query! { from Sales where country == "FR", && quantity > 3 };
    let _ = query! { from Sales where country == "FR" as land };
}
