//! Run-time values that do not have the type of their column.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let year = "2024";
    let wanted: Option<i64> = None;
    let _ = query! { from Sales where quantity == {year} };
    let _ = query! { from Sales where country == {3} };
    let _ = query! { from Sales where revenue > {"20"} };
    let _ = query! { from Sales where date > {"2013-01-01"} };
    let _ = query! { from Sales where quantity == {wanted} };
    let _ = query! { from Sales where quantity == {3}? };
    let _ = query! { from Sales where country in {vec![1, 2]} };
    let _ = query! { from Sales where country in {7} };
    let _ = query! { from Sales where quantity in {wanted} };
    let _ = query! { from Sales where quantity in {"3".parse::<i64>()} };
    let _ = query! { from Sales where country in ["FR", {3}] };
    let _ = query! { from Sales limit {2.5} };
}
