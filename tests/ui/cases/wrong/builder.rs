//! Mistakes that the types of the builder reject.

#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

#[derive(Source)]
#[source(name = "orders")]
pub struct Orders {
    total: f64,
    #[column(formula = "sum([total]) / count()")]
    mean: Option<f64>,
}

fn main() {
    let _ = Sales::query().filter(|s| s.contry.eq("FR"));
    let _ = Sales::query().filter(|s| s.country.eq(3));
    let _ = Sales::query().filter(|s| s.revenue.is_empty());
    let _ = Sales::query().filter(|s| s.country.eq("FR").or(s.country.eq("US")));
    let _ = Sales::query().filter(|s| s.invoice.eq(Some(3)));
    let _ = Sales::query().select(|s| s.country.sum());
    let _ = Sales::query().group_by(|s| s.revenue.month());
    let _ = Sales::query().group_by(|s| s.revenue.sum());
    let _ = Sales::query().select(|s| s.date.month());
    let _ = Sales::query().order_by(|s| s.revenue.gt(3));
    let _ = Sales::query().limit(2.5);
    let _ = Orders::query().filter(|o| o.mean.gt(3));
    let _ = Orders::query().and(Sales::filter(|s| s.revenue.gt(3)));
    let _ = Sales::query().select(|s| s.revenue).build::<Orders>();
}
