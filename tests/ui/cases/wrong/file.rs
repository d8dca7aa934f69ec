//! Missing schema files, and structs that declare columns in addition to a file.

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
