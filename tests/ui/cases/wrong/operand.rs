//! Operators with a value that is missing, unexpected or of the wrong form.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! {
        from Sales
        where country == FR,
              quantity > ,
              invoice is_defined 3,
              country in "FR",
              country in ("FR", "US"),
              country == ["FR", "US"],
              quantity in [],
              quantity == null,
              quantity == true,
              quantity > 10 + 5,
              3 < quantity,
              country,
              sum(revenue) > 10.0
    };
    let _ = query! { from Sales where country in ["FR" and "US", "DE"] };
    let _ = query! { from Sales where quantity >= };
    let _ = query! { from Sales where quantity !in };
}
