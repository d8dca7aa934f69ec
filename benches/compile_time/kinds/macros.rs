//! The queries written with `query!`.

use serenytics::prelude::*;
use serenytics::shape::Shape;

#[derive(Source)]
#[source(name = "sales")]
pub struct Sales {
    country: String,
    region: String,
    city: String,
    shop: String,
    product: String,
    brand: String,
    category: String,
    supplier: String,
    customer: String,
    segment: String,
    channel: String,
    currency: String,
    revenue: f64,
    cost: f64,
    margin: f64,
    discount: f64,
    tax: f64,
    shipping: f64,
    weight: f64,
    rating: Option<f64>,
    quantity: i64,
    stock: i64,
    age: i64,
    invoice: Option<i64>,
    contract: Option<i64>,
    campaign: Option<i64>,
    #[column(name = "order date")]
    date: DateTime,
    shipped: Option<DateTime>,
    delivered: Option<DateTime>,
    returned: Option<DateTime>,
}

pub fn sent<R>(query: &Query<R>) -> (String, Shape) {
    (query.to_json(), query.shape().clone())
}
// Query.
pub fn grouped_1000() -> (String, Shape) {
    let query = query! {
        from Sales
        where quantity > 1000, country in ["FR", "US"]
        group_by country, channel
        select sum(revenue) as total, avg(rating), count()
        order_by total desc
        limit 100
    };
    sent(&query)
}
// Query.
pub fn valued_1000(least: f64, countries: &[&str], rows: u32) -> (String, Shape) {
    let query = query! {
        from Sales
        where quantity > 1000, revenue >= {least}, country in {countries}
        group_by product
        select sum(revenue), dcount(invoice)
        limit {rows}
    };
    sent(&query)
}
// Query.
pub fn listed_1000() -> (String, Shape) {
    let query = query! {
        from Sales
        where quantity > 1000, invoice is_defined, segment != "test"
        select country, city, product, revenue, quantity, invoice, date
        order_by date desc, revenue
        limit 50
    };
    sent(&query)
}
// Query.
pub fn monthly_1000(from: DateTime) -> (String, Shape) {
    let query = query! {
        from Sales
        where quantity > 1000, date >= {from}
        group_by brand, month(date)
        select sum(quantity) as sold, max(shipped), count()
        order_by month_date, sold desc
    };
    sent(&query)
}
