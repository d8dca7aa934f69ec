//! Columns that are named like keywords of Rust, with `r#` and without it.

#![deny(warnings)]

use serenytics::prelude::*;

#[derive(Source)]
#[source(name = "articles")]
pub struct Articles {
    pub r#type: String,
    pub r#match: i64,
    pub r#gen: i64,
    pub r#async: Option<f64>,
}

fn main() {
    let q = query! {
        from Articles where type == "x", r#match > 1, gen in [1, 2] group_by type, r#gen select sum(match), max(async)
        order_by type desc, gen
    };
    let names: Vec<_> = q.shape().iter().map(|column| column.name.as_ref()).collect();
    assert_eq!(names, ["type", "gen", "sum_match", "max_async"]);
    assert!(query! { from Articles }.to_json().contains(r#""name":"async""#));
}
