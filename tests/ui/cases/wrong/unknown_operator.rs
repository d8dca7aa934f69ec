//! Unknown operators.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        where revenue => 1.0,
              quantity = 3,
              country === "FR",
              country <> "FR",
              invoice is null,
              invoice is not null,
              country like "F%",
              quantity between 1 and 3,
              country is_definde,
              not country == "FR"
    };
}
