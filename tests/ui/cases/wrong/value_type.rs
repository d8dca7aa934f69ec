//! Literals that do not have the type of their column.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        where country == 3,
              country != 2.5,
              revenue > "20",
              quantity == 2.5,
              quantity < "many",
              date > 2013,
              country in ["FR", 3],
              quantity !in [1, 2.5, "x"]
    };
}
