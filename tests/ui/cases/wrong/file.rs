//! Schema files that are not there, and structs that do not leave the columns to theirs.

use serenytics::prelude::*;

#[derive(Source)]
#[source(file = "schemas/missing.json")]
pub struct Missing;

#[derive(Source)]
#[source(name = "sales", file = "schemas/sales.json")]
pub struct Named;

#[derive(Source)]
#[source(file = "schemas/sales.json")]
pub struct WithFields {
    country: String,
}

fn main() {
    let _ = query! { from Missing where country == 3, revenue > "x" };
}
