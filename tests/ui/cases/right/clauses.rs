//! Clauses in any order, with trailing commas, over every operator.

#![deny(warnings)]
#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let q = query! {
        from Sales,
        limit 10
        select sum(revenue) as total, dcount(invoice), count(),
        where revenue > -1, revenue>-1.5, revenue>=1e3, quantity <= -9223372036854775808, quantity != 3,
              country == "a \"b\"", country in ["FR", "US",], quantity not in [1, -2] and invoice is_defined
              and invoice is_not_defined, country is_empty, country is_not_empty, quantity !in [3], date < "2013-01-31"
        order_by total desc, country, month_date asc, count(), month(date) desc,
        group_by country, month(date),
    };
    assert_eq!(q.shape().len(), 5);
    assert!(q.problems().is_empty());
}
