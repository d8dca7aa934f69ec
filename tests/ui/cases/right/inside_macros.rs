//! Queries whose parts come from a user's macro.

#![deny(warnings)]
#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::prelude::*;

fn main() {
    macro_rules! over {
        ($source:path, $column:ident, $value:literal, $least:expr) => {
            query! { from $source where $column == $value, revenue > {$least} select $column }
        };
    }
    let q = over!(Sales, country, "FR", 1.0 + 1.0);
    assert!(q.to_json().contains(r#""value":"2.0""#), "{}", q.to_json());
}
