//! Invalid splices, and filters of another source.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

#[derive(Source)]
#[source(name = "orders")]
pub struct Orders {
    total: f64,
}

fn main() {
    let filter = Sales::filter(|s| s.revenue.gt(20.0));
    let other = Orders::filter(|o| o.total.gt(20.0));
    let _ = query! { from Sales where ..filter };
    let _ = query! { from Sales where .{filter}, ...{filter.clone()}, ..["FR"] };
    let _ = query! { from Sales where ..{other} };
    let _ = query! { from Sales where ..{Some(filter.clone())} };
    let _ = query! { from Sales where ..{filter}? };
    let _ = query! { from Sales where ..{20}, contry == "FR" };
}
