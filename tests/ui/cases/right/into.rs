//! A user's struct as the row.

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

static TOTALS: Query<Total> = query! {
    from Sales group_by country select sum(revenue) as total, max(invoice) as longest into Total
};

fn main() {
    assert_eq!(TOTALS.shape().len(), 3);
    let q: Query<Total> = query! {
        from Sales
        group_by country
        into crate::Total
        select sum(revenue) as total, max(invoice) as longest
    };
    assert_eq!(q.shape().len(), 3);
}
