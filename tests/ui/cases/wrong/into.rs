//! Structs after `into` that do not match the query's outputs.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

#[derive(Row)]
struct Total {
    country: String,
    total: f64,
}

#[derive(Row)]
struct Other {
    country: String,
    sum: f64,
}

struct Plain {
    country: String,
    total: f64,
}

#[derive(Row)]
struct Tuple(String);

fn main() {
    let _ = query! { from Sales select sum(revenue) as total, max(country) as country into Total };
    let _ = query! { from Sales group_by country select sum(revenue) as total into Other };
    let _ = query! { from Sales group_by country select sum(revenue) as total into Plain };
}
