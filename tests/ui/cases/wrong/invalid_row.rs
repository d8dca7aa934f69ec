//! Structs that cannot be rows: one error each, and none at `into`.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

#[derive(Row)]
pub struct Tuple(String);

#[derive(Row)]
pub struct Unit;

#[derive(Row)]
pub enum Choice {
    A,
}

#[derive(Row)]
pub union Either {
    a: i64,
}

#[derive(Row)]
pub struct Big {
    country: String,
    total: u64,
}

#[derive(Row)]
pub struct Flags {
    country: bool,
    total: usize,
}

#[derive(Row)]
pub struct Bytes {
    country: Vec<u8>,
    total: f64,
}

#[derive(Row)]
pub struct Renamed {
    #[row(name = "order date")]
    country: String,
    total: f64,
}

#[derive(Row)]
#[row(crate = serenytics, crate = serenytics)]
#[row(nme)]
pub struct Twice {
    country: String,
    total: f64,
}

#[derive(Row)]
pub struct Generic<T> {
    country: T,
}

fn main() {
    let q = query! { from Sales group_by country select sum(revenue) as total into Tuple };
    let _ = q.to_json();
    let _ = query! { from Sales group_by country select sum(revenue) as total into Unit };
    let _ = query! { from Sales group_by country select sum(revenue) as total into Choice };
    let _ = query! { from Sales group_by country select sum(revenue) as total into Either };
    let _ = query! { from Sales group_by country select sum(revenue) as total into Big };
    let _ = query! { from Sales group_by country select sum(revenue) as total into Flags };
    let _ = query! { from Sales group_by country select sum(revenue) as total into Bytes };
    let _ = query! { from Sales group_by country select sum(revenue) as total into Renamed };
    let _: Query<Twice> = query! { from Sales group_by country select sum(revenue) as total into Twice };
}
