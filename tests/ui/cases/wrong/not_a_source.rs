//! Types that are not sources.

#[path = "../schema.rs"]
mod schema;
#[allow(unused_imports)]
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    struct Plain;
    let _ = query! { from Plain where country == "FR" };
    let _ = query! { from Slaes where country == "FR" };
}
