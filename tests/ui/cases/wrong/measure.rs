//! Mistakes in the formulas of measures.

use serenytics::prelude::*;

#[derive(Source)]
#[source(name = "measures")]
pub struct Measures {
    country: String,
    price: f64,
    cost: Option<f64>,
    quantity: i64,
    #[column(measure = "([prise] - [cost]) / [price] * 100")]
    unknown_column: Option<f64>,
    #[column(measure = "[unknown_column] * 2")]
    depends_on_a_mistake: Option<f64>,
    #[column(measure = "sum([price])")]
    aggregate: Option<f64>,
    #[column(measure = "[price] / sum([price]) + [prise]")]
    share: Option<f64>,
    #[column(measure = "[first] + 1")]
    second: i64,
    #[column(measure = "[second] + 1")]
    first: i64,
    #[column(measure = "[itself]")]
    itself: f64,
    #[column(measure = "[price] - [cost]")]
    margin: f64,
    #[column(measure = "[price] > 10")]
    is_expensive: f64,
    #[column(measure = "if([price] > 10, 'high', [price] > 5, 'middle')", name = "price level")]
    level: String,
    #[column(measure = "[price] * 2")]
    double: String,
    #[column(measure = "null")]
    nothing: Option<f64>,
    #[column(measure = "")]
    empty: f64,
    #[column(measure = "[price", name = "cut off")]
    cut_off: f64,
    #[column(measure = "[cut off] + [cutoff]")]
    own_mistake_too: Option<f64>,
    #[column(measure = "[wrong_type] + [empty]")]
    depends_on_invalid_fields: Option<f64>,
    wrong_type: bool,
}

fn main() {
    let _ = query! { from Measures where margin > 3 select double };
}
