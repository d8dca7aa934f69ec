//! A crate with strict lints that declares sources and queries: the code that the macros generate
//! must pass its lints.

#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused,
    unused_qualifications,
    single_use_lifetimes,
    trivial_casts,
    unused_results,
    let_underscore_drop,
    clippy::pedantic,
    clippy::nursery,
    clippy::unwrap_used
)]

pub mod column_values;

/// The sources.
pub mod schema {
    use analytics::{DateTime, Source};

    /// Sales.
    #[derive(Debug, Source)]
    #[source(name = "sales", crate = analytics)]
    pub struct Sales {
        /// Where the buyer lives.
        pub country: String,
        /// In euros.
        pub revenue: f64,
        /// The invoice, if there is one.
        pub invoice: Option<i64>,
        /// When it was ordered.
        #[column(name = "order date")]
        pub date: DateTime,
        /// The part of the revenue that remains.
        #[column(measure)]
        pub margin: f64,
        /// The margin's part of the revenue.
        #[column(formula = "sum([margin]) / sum([revenue])")]
        pub ratio: Option<f64>,
        /// A keyword of the language and of later editions of Rust.
        pub r#gen: i32,
    }

    /// Deliveries, with the datetimes of other crates.
    #[derive(Debug, Source)]
    #[source(uuid = "182018f9-a18a-4cf0-993f-9e3fa45d3f61", crate = analytics)]
    pub(crate) struct Deliveries {
        sent: chrono::NaiveDateTime,
        arrived: Option<time::PrimitiveDateTime>,
    }

    /// Orders, whose columns a file declares.
    #[derive(Debug, Clone, Copy, Source)]
    #[source(file = "schemas/orders.json", crate = analytics)]
    pub struct Orders;
}

use analytics::builder::{count, Filter};
use analytics::problem::Problems;
use analytics::{query, Query, Row};
use schema::{Deliveries, Orders, Sales};

query! {
    /// Countries by revenue.
    #[must_use]
    pub fn top_countries(least: f64, countries: &[&str], rows: Option<usize>) -> Query<TopCountry> {
        from Sales
        where revenue > {least}, country in {countries}
        group_by country
        select sum(revenue) as total, count()
        order_by total desc
        limit {rows}?
    }
}

/// A country's revenue, by month.
#[derive(Debug, Clone, PartialEq, Eq, Row)]
#[row(crate = analytics)]
pub struct Monthly {
    /// Where the buyers live.
    pub country: String,
    /// The start of the month.
    pub month: analytics::SlotValue,
    /// The largest invoice.
    pub largest: Option<i64>,
}

/// The months of a country.
#[must_use]
pub fn months(filter: &Filter<Sales>) -> Query<Monthly> {
    query! {
        from Sales where ..{filter} group_by country, month(date) as month select max(invoice) as largest into Monthly
    }
}

/// Invoices of a country, as a query that is built at run time.
///
/// # Errors
/// The problems of the whole query.
pub fn invoices(country: &str) -> Result<Query<CountryInvoices>, Problems> {
    Sales::query().filter(|s| s.country.eq(country)).group_by(|s| s.country).select(|_| count()).build()
}

/// The number of a country's invoices.
#[derive(Debug, Clone, PartialEq, Eq, Row)]
#[row(crate = analytics)]
pub struct CountryInvoices {
    /// The country.
    pub country: String,
    /// How many.
    pub count: i64,
}

/// The lines of the JSON of some queries.
#[must_use]
pub fn lines(after: chrono::NaiveDateTime, before: time::PrimitiveDateTime) -> Vec<String> {
    let ratio = query! { from Sales where r#gen > 3 select ratio };
    let deliveries = query! { from Deliveries where sent > {after}, arrived < {before} };
    let orders = query! { from Orders where region == "north" group_by month(order_date) select avg(margin) };
    vec![ratio.to_string(), deliveries.to_string(), orders.to_string()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queries_are_written() -> Result<(), Problems> {
        let q = top_countries(20.0, &["FR"], Some(3));
        assert!(q.to_json().ends_with(r#""limit":3}]}"#), "{q}");
        let filter = Sales::filter(|s| s.margin.gt(2));
        assert_eq!(months(&filter).measures(), ["margin"]);
        assert!(invoices("FR")?.to_json().contains(r#""value":"FR""#));
        let after = chrono::DateTime::UNIX_EPOCH.naive_utc();
        let before = time::PrimitiveDateTime::MAX;
        assert_eq!(lines(after, before).len(), 3);
        Ok(())
    }
}
