//! Columns with type aliases.

#![deny(warnings)]

use serenytics::prelude::*;

type Price = f64;
type Name = String;

#[derive(Source)]
#[source(name = "articles")]
pub struct Articles {
    #[column(type = "float")]
    price: Price,
    #[column(type = "str")]
    name: Option<Name>,
}

fn rows<R>(_: &Query<R>) -> Vec<R> {
    Vec::new()
}

fn main() {
    let q = query! { from Articles where price > {3}, name == {"x"} };
    for row in rows(&q) {
        let _: f64 = row.price;
        let _: Option<String> = row.name;
    }
}
