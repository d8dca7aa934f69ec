//! Missing fields of rows, and fields of another type.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    fn first<R>(_: &Query<R>) -> Option<R> {
        None
    }
    let q = query! { from Sales group_by country select sum(revenue) as total, max(invoice) };
    if let Some(row) = first(&q) {
        let _ = row.totl;
        let _: i64 = row.max_invoice;
    }
}
