//! Misplaced value formulas, and columns with two kinds or two names.

use serenytics::prelude::*;

#[derive(Source)]
#[source(name = "orders")]
pub struct Orders {
    country: String,
    total: f64,
    #[column(measure)]
    margin: f64,
    #[column(formula = "sum([margin]) / sum([total])")]
    ratio: Option<f64>,
    #[column(join = "182018f9-a18a-4cf0-993f-9e3fa45d3f61")]
    region: String,
}

#[derive(Source)]
#[source(name = "wrong")]
pub struct Wrong {
    country: String,
    #[column(formula = "max([country])")]
    ratio: String,
    #[column(formula)]
    unsaid: f64,
    #[column(measure, join = "182018f9")]
    region: String,
    #[column(formulae = "sum([total])")]
    sum: f64,
    #[column(formula = "count() / 2", name = "sum")]
    total: f64,
    #[column(name = "a")]
    #[column(name = "b")]
    twice: i64,
}

#[derive(Source)]
#[source(name = "means")]
pub struct Means {
    #[column(formula = "count() / 2")]
    mean: f64,
}

fn main() {
    let _ = query! { from Orders select ratio, country };
    let _ = query! { from Orders select sum(margin), ratio };
    let _ = query! { from Orders group_by country select ratio };
    let _ = query! { from Orders where ratio > 3 select ratio };
    let _ = query! { from Orders select sum(ratio) };
    let _ = query! { from Orders group_by ratio };
    let _ = query! { from Orders select ratio order_by ratio };
    let _ = query! { from Orders order_by ratio };
    let _ = query! { from Orders where margin == "x", region > 3 select sum(region) };
    let _ = query! { from Wrong where country == 3 };
    let _ = query! { from Means limit 3 };
}
