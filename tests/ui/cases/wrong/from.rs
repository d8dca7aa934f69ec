//! Queries without a source.

#[path = "../schema.rs"]
mod schema;
#[allow(unused_imports)]
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! { };
    let _ = query! { select country };
    let _ = query! { from };
    let _ = query! { form Sales select country };
    let _ = query! { from where country == "FR" };
}
