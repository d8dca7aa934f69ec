//! What building a query allocates: nothing for a static one, else its run-time values and the JSON that holds them.

#[path = "../cases/schema.rs"]
mod schema;

use std::hint::black_box;

use schema::Sales;
use serenytics::prelude::*;

/// How often a query's building allocates. A query is dropped outside: what it holds is counted, not what it frees.
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

/// The JSON, written once at its size.
const JSON: u64 = 1;
/// The text of a number or of a text without anything to escape, which becomes a part of the JSON as it is.
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
fn a_value_that_is_left_out_allocates_nothing() {
    let wanted = None::<i64>;
    let query = || query! { from Sales where quantity >= {wanted}? limit {wanted}? };
    assert_eq!(allocations(query), JSON);
}

#[test]
fn a_list_allocates_its_values_itself_and_its_text() {
    let countries = ["FR", "US", "DE"];
    let query = || query! { from Sales where country in {&countries} };
    assert_eq!(allocations(query), 3 * SCALAR + 1 + 1 + JSON);
    let query = || query! { from Sales where country in ["FR", {countries[1]}] };
    assert_eq!(allocations(query), SCALAR + 1 + JSON);
}

#[test]
fn a_text_with_something_to_escape_allocates_what_escaping_takes() {
    let (plain, quoted) = ("it is here", "it's \"here\"");
    let of = |country: &str| allocations(|| query! { from Sales where country == {country} });
    assert_eq!(of(plain), SCALAR + JSON);
    assert!(of(quoted) <= SCALAR + 4 + JSON, "{}", of(quoted));
}
