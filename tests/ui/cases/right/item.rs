//! Queries as functions, with rows that have names.

#![deny(warnings, missing_docs, unreachable_pub)]

#[allow(missing_docs, unreachable_pub)]
#[path = "../schema.rs"]
mod schema;

/// Queries of other modules.
pub mod queries {
    use crate::schema::Sales;
    use serenytics::prelude::*;

    query! {
        /// Countries by revenue.
        #[must_use]
        #[derive(Debug, Default, Clone)]
        pub fn top_countries(least: f64, countries: &[&str], rows: Option<usize>) -> Query<TopCountry> {
            from Sales
            where revenue > {least}, country in {countries}
            group_by country
            select sum(revenue) as total, count()
            order_by total desc
            limit {rows}?
        }
    }

    query! {
        pub(crate) fn compared<V>(value: V) -> Query<Compared>
        where
            V: serenytics::value::IntValue,
        {
            from Sales where quantity == {value} select quantity, r#limit
        }
    }

    query! { fn everything() -> Query<Everything> { from Sales } }

    /// The number of columns of a query's rows.
    #[must_use]
    pub fn columns() -> usize {
        everything().shape().len()
    }
}

use queries::{TopCountry, compared, top_countries};

fn main() {
    let row = TopCountry { country: "FR".to_owned(), total: 1.5, count: 3 };
    assert_eq!(row.clone(), row);
    assert_eq!(TopCountry::default().count, 0);
    let q = top_countries(20.0, &["FR"], None);
    assert!(q.to_json().ends_with(r#""value":"[\"FR\"]"}]}]}"#), "{}", q.to_json());
    assert!(compared(3_u8).to_json().contains(r#""value":"3""#));
    assert_eq!(queries::columns(), 6);
}
