//! Keywords as columns.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let _ = query! { from Sales select country, limit };
    let _ = query! { from Sales where limit == 3 };
    let _ = query! { from Sales select limit };
    let _ = query! { from Self };
    let _ = query! { from Sales group_by country select count() as limit };
    let _ = query! { from Sales group_by country as _ select count() as self };
    let _ = query! { from Sales select count() as in where quantity > 3 };
}
