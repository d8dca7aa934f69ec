//! A struct of the user's as the row.

#![deny(warnings)]

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

#[derive(Debug, Row)]
pub struct Total {
    pub country: String,
    pub longest: Option<i64>,
    pub total: f64,
}

fn main() {
    let q: Query<Total> = query! {
        from Sales
        group_by country
        into crate::Total
        select sum(revenue) as total, max(invoice) as longest
    };
    assert_eq!(q.shape().len(), 3);
}
