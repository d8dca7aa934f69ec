//! Names of the expansions and of the prelude as a user's own.

#![allow(non_upper_case_globals, dead_code, non_camel_case_types)]
#[path = "../schema.rs"]
mod schema;
use serenytics::query;

mod declared {
    use serenytics::prelude::*;

    pub const __row: u8 = 1;
    pub const __cells: u8 = 1;
    pub const row: u8 = 1;
    pub const write: u8 = 1;
    pub const country: u8 = 1;
    pub static total: u8 = 1;

    #[derive(Source)]
    #[source(name = "sales")]
    pub struct Sales {
        pub country: String,
        pub revenue: f64,
    }

    #[derive(Row)]
    pub struct Mine {
        pub country: String,
        pub total: f64,
    }
}
use declared::{Mine, Sales};

const __cells: u8 = 1;
const __cell: u8 = 1;
const __value_0: u8 = 1;
const __list: u8 = 1;
const __columns: u8 = 1;
const country: u8 = 1;
const total: u8 = 1;
static revenue: u8 = 1;
struct __IntoRow;
struct Row;
struct QueryRow;
struct Client;
struct Source;
struct Option;
struct Result;
struct String;
struct Some;
struct Ok;
struct None;
struct Query;
struct Vec;
trait Values {
    fn serenytics_lists(&self) {}
    fn next(&self) {}
    fn cell(&self) {}
    fn of(&self) {}
}
impl<T> Values for T {}

fn main() {
    let names: &[&str] = &["FR"];
    let least = 3.0;
    let filter = Sales::filter(|s| s.revenue.gt(3));
    let q = query! {
        from Sales where revenue > {least}, country in {names}, ..{&filter} select country, revenue limit {3}
    };
    assert!(q.to_json().contains("FR"));
    let _: serenytics::Query<Mine> = query! { from Sales group_by country select sum(revenue) as total into Mine };
    let _ = Sales::query().filter(|s| s.country.eq("FR"));
    assert_eq!(Sales::schema().columns.len(), 2);
}
