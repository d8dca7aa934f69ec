//! Rust code in braces: statements, diverging expressions, smart pointers and non-zero integers.

#![deny(warnings)]
#[path = "../schema.rs"]
mod schema;
use std::num::{NonZeroI64, NonZeroU8, NonZeroUsize};
use std::rc::Rc;
use std::sync::Arc;

use schema::Sales;
use serenytics::prelude::*;

fn of(value: Option<i64>) -> Option<String> {
    let q = query! { from Sales where quantity == {match value { Some(value) => value, None => return None }} };
    Some(q.to_json())
}

#[allow(unreachable_code, unused_variables)]
fn never(stop: bool) -> String {
    if !stop {
        return "stopped".to_owned();
    }
    let q = query! {
        from Sales
        where quantity == {return "returned".to_owned()}, country == {panic!()}?, country in {todo!("later")},
              revenue in [{unreachable!()}], ..{unimplemented!()}
        limit {return String::new()}
    };
    q.to_json()
}

fn main() {
    let json = query! { from Sales where quantity == { let x = 3; x }, quantity > { use_of(1); 2 } }.to_json();
    assert!(json.contains(r#""value":"3""#) && json.contains(r#""value":"2""#), "{json}");
    let json = query! { from Sales where quantity == { if json.is_empty() { 3 } else { 4 } } }.to_json();
    assert!(json.contains(r#""value":"4""#), "{json}");
    let json = query! { from Sales where quantity == {{ fn five() -> i64 { 5 } five() }} }.to_json();
    assert!(json.contains(r#""value":"5""#), "{json}");
    let json = query! { from Sales where quantity == { fn six() -> i64 { 6 } six() } }.to_json();
    assert!(json.contains(r#""value":"6""#), "{json}");
    let json = query! { from Sales where quantity == { for _ in 0..3 {} 7 } }.to_json();
    assert!(json.contains(r#""value":"7""#), "{json}");

    let (boxed, counted, shared): (Box<str>, Rc<str>, Arc<str>) = ("FR".into(), "DE".into(), "US".into());
    let json = query! {
        from Sales
        where country == {boxed}, country != {&counted}, country < {shared}, country in {[&boxed]}, country in [{&*counted}],
              quantity == {NonZeroI64::MIN}, revenue > {NonZeroU8::MAX}, quantity == {Box::new(3)}
        limit {NonZeroUsize::MIN}
    }
    .to_json();
    assert!(json.contains("FR") && json.contains("255") && json.contains(r#""limit":1"#), "{json}");
    let names: Option<Vec<String>> = Some(vec!["FR".to_owned()]);
    let json = query! { from Sales where country in {&names}?, country in {names}? }.to_json();
    assert_eq!(json.matches("FR").count(), 2, "{json}");
    assert_eq!(of(None), None);
    assert_eq!(never(false), "stopped");
    assert_eq!(never(true), "returned");
}

fn use_of(_: i64) {}
