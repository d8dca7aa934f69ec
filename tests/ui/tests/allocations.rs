//! Counts the allocations of building a query: none for a static query, otherwise its run-time
//! values and its JSON.

#[path = "../cases/schema.rs"]
mod schema;

use std::hint::black_box;

use schema::Sales;
use serenytics::prelude::*;

/// Counts the allocations of building a query. The query is dropped outside, so that only
/// allocations are counted.
fn allocations<R>(build: impl Fn() -> Query<R>) -> u64 {
    let mut query = None;
    let counted = allocation_counter::measure(|| query = Some(black_box(build())));
    assert!(query.is_some_and(|query| query.problems().is_empty()));
    counted.count_total
}

#[test]
fn a_static_query_allocates_nothing() {
    let every_column = || query! { from Sales };
    assert_eq!(allocations(every_column), 0);
    let grouped = || {
        query! {
            from Sales
            where revenue > 20, country in ["FR", "it's \"here\""], date >= "2013-01-31", invoice is_defined
            group_by country, month(date)
            select sum(revenue) as total, count()
            order_by total desc
            limit 10
        }
    };
    assert_eq!(allocations(grouped), 0);
}

/// One allocation: the JSON, with its exact size.
const JSON: u64 = 1;
/// One allocation: a number or a string without escapes, which becomes part of the JSON without a
/// copy.
const SCALAR: u64 = 1;

#[test]
fn scalars_allocate_their_text_and_the_json() {
    let (least, country, wanted, rows) = (20.5, "FR", Some(3_i64), 10_u8);
    let query = || {
        query! {
            from Sales
            where revenue > {least}, country == {country}, quantity >= {wanted}?, invoice is_defined
            limit {rows}
        }
    };
    assert_eq!(allocations(query), 4 * SCALAR + JSON);
}

#[test]
fn an_omitted_value_allocates_nothing() {
    let wanted = None::<i64>;
    let query = || query! { from Sales where quantity >= {wanted}? limit {wanted}? };
    assert_eq!(allocations(query), JSON);
}

#[test]
fn a_list_allocates_its_values_and_its_json() {
    let countries = ["FR", "US", "DE"];
    let query = || query! { from Sales where country in {&countries} };
    assert_eq!(allocations(query), 3 * SCALAR + 1 + 1 + JSON);
    let query = || query! { from Sales where country in ["FR", {countries[1]}] };
    assert_eq!(allocations(query), SCALAR + 1 + JSON);
}

#[test]
fn a_string_with_escapes_allocates_for_escaping() {
    let (plain, quoted) = ("it is here", "it's \"here\"");
    let of = |country: &str| allocations(|| query! { from Sales where country == {country} });
    assert_eq!(of(plain), SCALAR + JSON);
    assert!(of(quoted) <= SCALAR + 4 + JSON, "{}", of(quoted));
}
