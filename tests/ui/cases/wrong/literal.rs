//! Invalid literals.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        where quantity > 10and revenue < 2.5f64,
              quantity == 99999999999999999999,
              country == b"FR",
              quantity == 5i64,
              country == "FR"é,
              country == "FR"and quantity > 3
    };
}
