//! Filters that are values, spliced into queries.

#![deny(warnings)]
#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::builder::Filter;
use serenytics::prelude::*;

fn main() {
    let wanted: Option<&str> = Some("FR");
    let mut filter = Sales::filter(|s| s.revenue.gt(20.0).and(s.invoice.is_defined()));
    if let Some(country) = wanted {
        filter = filter.and(Sales::filter(|s| s.country.is_in([country, "it's \"é\""])));
    }
    let written = query! { from Sales where quantity > 3, revenue > 20.0, invoice is_defined, country in ["FR", "it's \"é\""] };
    let spliced = query! { from Sales where ..{filter}, quantity > 3, };
    assert_eq!(spliced.to_json(), written.to_json());
    let reused = query! { from Sales where quantity > 3 and ..{Some(filter.clone())}? limit 3 };
    assert!(reused.to_json().contains(r#""value":"20.0"},{"name":"invoice""#), "{}", reused.to_json());
    let none = query! { from Sales where ..{Filter::default()}, ..{None::<Filter<Sales>>}? };
    assert_eq!(none.to_json(), query! { from Sales }.to_json());

    let wrong = Sales::filter(|s| s.revenue.lt(f64::NAN));
    let q = query! { from Sales where ..{wrong} };
    assert_eq!(q.problems()[0].code.text(), "SRN040");
    let all: Filter<Sales> = [Sales::filter(|s| s.country.is_empty()), Sales::filter(|s| s.quantity.not_in([3]))].into_iter().collect();
    assert!(!all.is_empty() && Filter::<Sales>::default().is_empty());
}
