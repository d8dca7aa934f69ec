//! Run-time values of every form.

#![deny(warnings)]
#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    let min = 20.0;
    let wanted: Option<i64> = None;
    let names = vec!["FR".to_owned(), "it's \"here\"".to_owned()];
    let borrowed: &[&str] = &["US"];
    let rows: Option<usize> = Some(3);
    let q = query! {
        from Sales
        where revenue > {min}, quantity >= {wanted}?, quantity < {Some(3)}?, country in {&names}, country !in {borrowed},
              country in ["FR", {&names[1]}, {"x"}], quantity in {[1, 2, 3]}, revenue in {Vec::<f64>::new()},
              country in {None::<Vec<String>>}?, country == {format!("{}", 1 + 1)}, r#limit == {{ let three = 3; three * 2 }}
        limit {rows}?
    };
    assert!(q.problems().is_empty(), "{:?}", q.problems());
    assert!(q.to_json().contains(r#"\"it's \\\"here\\\"\""#), "{}", q.to_json());
    assert!(q.to_json().ends_with(r#","limit":3}]}"#));

    let q = query! {
        from Sales
        where quantity > {names.len() as i64 * 2 - 1}, revenue < {-min}, country in {names.iter().filter(|name| name.len() < 3)}
        limit {names.len() * 3}
    };
    assert!(q.to_json().contains(r#""value":"3""#) && q.to_json().ends_with(r#""limit":6}]}"#), "{}", q.to_json());

    let q = query! { from Sales where revenue < {f64::NAN}, quantity < {u64::MAX} limit {0} };
    let codes: Vec<_> = q.problems().iter().map(|problem| problem.code.text()).collect();
    assert_eq!(codes, ["SRN040", "SRN040", "SRN041"]);
}
