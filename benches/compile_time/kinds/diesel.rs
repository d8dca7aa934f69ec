//! The queries written with diesel, for a table of 30 columns. Diesel has no time slots, so the month is a column.

use std::time::SystemTime;

use diesel::connection::LoadConnection;
use diesel::dsl::{avg, count, count_star, max, sum};
use diesel::pg::Pg;
use diesel::prelude::*;

diesel::table! {
    sales (number) {
        number -> BigInt,
        country -> Text,
        region -> Text,
        city -> Text,
        shop -> Text,
        product -> Text,
        brand -> Text,
        category -> Text,
        supplier -> Text,
        customer -> Text,
        segment -> Text,
        channel -> Text,
        currency -> Text,
        revenue -> Double,
        cost -> Double,
        margin -> Double,
        discount -> Double,
        tax -> Double,
        shipping -> Double,
        weight -> Double,
        rating -> Nullable<Double>,
        quantity -> Integer,
        stock -> BigInt,
        invoice -> Nullable<BigInt>,
        contract -> Nullable<BigInt>,
        campaign -> Nullable<BigInt>,
        date -> Timestamp,
        month -> Timestamp,
        shipped -> Nullable<Timestamp>,
        delivered -> Nullable<Timestamp>,
    }
}
// Query.
pub fn grouped_1000<C: LoadConnection<Backend = Pg>>(connection: &mut C) -> QueryResult<usize> {
    #[derive(Debug, Clone, PartialEq, Queryable)]
    pub struct Row {
        pub country: String,
        pub channel: String,
        pub total: Option<f64>,
        pub avg_rating: Option<f64>,
        pub count: i64,
    }
    let rows: Vec<Row> = sales::table
        .filter(sales::quantity.gt(1000))
        .filter(sales::country.eq_any(["FR", "US"]))
        .group_by((sales::country, sales::channel))
        .select((sales::country, sales::channel, sum(sales::revenue), avg(sales::rating), count_star()))
        .order(sum(sales::revenue).desc())
        .limit(100)
        .load(connection)?;
    Ok(rows.len())
}
// Query.
pub fn valued_1000<C: LoadConnection<Backend = Pg>>(
    connection: &mut C,
    least: f64,
    countries: &[&str],
    rows: i64,
) -> QueryResult<usize> {
    #[derive(Debug, Clone, PartialEq, Queryable)]
    pub struct Row {
        pub product: String,
        pub sum_revenue: Option<f64>,
        pub dcount_invoice: i64,
    }
    let rows: Vec<Row> = sales::table
        .filter(sales::quantity.gt(1000))
        .filter(sales::revenue.ge(least))
        .filter(sales::country.eq_any(countries))
        .group_by(sales::product)
        .select((sales::product, sum(sales::revenue), count(sales::invoice).aggregate_distinct()))
        .limit(rows)
        .load(connection)?;
    Ok(rows.len())
}
// Query.
pub fn listed_1000<C: LoadConnection<Backend = Pg>>(connection: &mut C) -> QueryResult<usize> {
    #[derive(Debug, Clone, PartialEq, Queryable)]
    pub struct Row {
        pub country: String,
        pub city: String,
        pub product: String,
        pub revenue: f64,
        pub quantity: i32,
        pub invoice: Option<i64>,
        pub date: SystemTime,
    }
    let rows: Vec<Row> = sales::table
        .filter(sales::quantity.gt(1000))
        .filter(sales::invoice.is_not_null())
        .filter(sales::segment.ne("test"))
        .select((
            sales::country,
            sales::city,
            sales::product,
            sales::revenue,
            sales::quantity,
            sales::invoice,
            sales::date,
        ))
        .order((sales::date.desc(), sales::revenue))
        .limit(50)
        .load(connection)?;
    Ok(rows.len())
}
// Query.
pub fn monthly_1000<C: LoadConnection<Backend = Pg>>(connection: &mut C, from: SystemTime) -> QueryResult<usize> {
    #[derive(Debug, Clone, PartialEq, Queryable)]
    pub struct Row {
        pub brand: String,
        pub month: SystemTime,
        pub sold: Option<i64>,
        pub max_shipped: Option<SystemTime>,
        pub count: i64,
    }
    let rows: Vec<Row> = sales::table
        .filter(sales::quantity.gt(1000))
        .filter(sales::date.ge(from))
        .group_by((sales::brand, sales::month))
        .select((sales::brand, sales::month, sum(sales::quantity), max(sales::shipped), count_star()))
        .order((sales::month, sum(sales::quantity).desc()))
        .load(connection)?;
    Ok(rows.len())
}
