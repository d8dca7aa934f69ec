//! Invalid declarations of sources: one error for each mistake, and none in their queries.

use serenytics::prelude::*;

#[derive(Source)]
struct Nameless {
    country: String,
}

#[derive(Source)]
#[source(name = "sales", uuid = "182018f9")]
#[source(nam = "sales")]
struct Twice {
    country: String,
}

#[derive(Source)]
#[source(name = "sales")]
struct Generic<T> {
    country: T,
}

#[derive(Source)]
#[source(name = "sales")]
enum Choice {
    Country(String),
}

#[derive(Source)]
#[source(name = "sales")]
struct Fields {
    #[column(nme = "x", type = "number")]
    country: String,
    open: bool,
    #[source(name = "order date")]
    date: DateTime,
    #[column(type = "int", type = "float")]
    money: Money,
    #[column(name)]
    unnamed: i64,
    #[column(name = 3)]
    number: i64,
    #[column]
    bare: i64,
}

type Money = f64;

#[derive(Source)]
#[source(name = sales)]
#[column(name = "x")]
struct Bare {
    country: String,
}

#[derive(Source)]
#[source(file = "schemas/missing.json")]
struct Missing;

fn main() {
    let wanted = "FR";
    let q = query! { from Nameless where country == {wanted} };
    let _ = q.to_json();
    let _ = query! { from Twice where contry == {wanted} };
    let _ = query! { from Generic where country == {wanted} };
    let _ = query! { from Choice group_by month(date) };
    let _ = query! { from Fields where open == 3 select contry };
    let _ = query! { from Bare select country };
    let _ = query! { from Missing where quantity > 3 };
    let _ = Bare::filter(|s| s.country.eq("FR"));
    let _ = query! { from Missing select a b };
}

query! {
    pub fn top(least: f64) -> Query<Top> { from Bare where revenue > {least} select sum(revenue) as total }
}

pub fn total(row: &Top) -> f64 {
    row.total
}
