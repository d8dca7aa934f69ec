//! Invalid declarations of sources.

use serenytics::prelude::*;

#[derive(Source)]
struct Nameless {
    country: String,
}

#[derive(Source)]
#[source(nam = "sales")]
struct Misspelled {
    country: String,
}

#[derive(Source)]
#[source(name = "sales", uuid = "182018f9")]
struct Twice {
    country: String,
}

#[derive(Source)]
#[source(name = "")]
struct Empty {
    country: String,
}

#[derive(Source)]
#[source(name = "sales")]
struct Tuple(String);

#[derive(Source)]
#[source(name = "sales")]
enum Choice {
    Country(String),
}

#[derive(Source)]
#[source(name = "sales")]
struct Generic<T> {
    country: T,
}

struct Money;

#[derive(Source)]
#[source(name = "sales")]
struct Types {
    open: bool,
    big: u64,
    borrowed: &'static str,
    list: Vec<String>,
    #[column(type = "number")]
    unknown: f64,
    #[column(type = "float")]
    text: String,
    #[column(type = "float")]
    money: Money,
    #[column(type = "float")]
    whole: i64,
    #[column(name = "$$count$$")]
    rows: i64,
    #[column(nme = "x")]
    misspelled: String,
    #[column(name = "country")]
    one: String,
    #[column(name = "country")]
    two: String,
}

fn main() {}
