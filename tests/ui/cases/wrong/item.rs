//! Items without a comma between them, and unexpected words.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! { from Sales select country quantity };
    let _ = query! { from Sales group_by country select sum(revenue) total };
    let _ = query! { from Sales select * };
    let _ = query! { from Sales select sum(revenue) as "total" };
    let _ = query! { from Sales select sum(revenue) as };
    let _ = query! { from Sales select country + revenue };
    let _ = query! { from Sales select "country" };
}
