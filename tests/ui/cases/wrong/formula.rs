//! Mistakes in the formulas of a source, each with one error on the formula or on the field's type.

use serenytics::prelude::*;

#[derive(Source)]
#[source(name = "names")]
pub struct Names {
    country: String,
    revenue: f64,
    #[column(name = "order date")]
    date: DateTime,
    quantity: Option<i64>,
    #[column(measure)]
    margin: Option<f64>,
    #[column(formula = "sum([revnue])")]
    unknown_column: Option<f64>,
    #[column(formula = "sum([cost])")]
    undeclared_column: Option<f64>,
    #[column(formula = "smu([revenue])")]
    unknown_function: Option<f64>,
    #[column(formula = "sum([contry]) / smu([revnue]) + avg([quantity])")]
    three_mistakes: Option<f64>,
    #[column(formula = "max(month([date]))")]
    name_of_the_field: Option<i64>,
    #[column(formula = "[unknown_column] * 2")]
    another_formula: Option<f64>,
    #[column(formula = "sum([margn])")]
    unknown_measure: Option<f64>,
    #[column(formula = "quantil([revenue], 0.5)")]
    misspelled_unsupported: Option<f64>,
}

#[derive(Source)]
#[source(name = "types")]
pub struct Types {
    country: String,
    revenue: f64,
    date: DateTime,
    quantity: Option<i64>,
    #[column(formula = "sum([country])")]
    argument: Option<f64>,
    #[column(formula = "sum([revenue], [quantity])")]
    count_of_arguments: Option<f64>,
    #[column(formula = "sum_if([revenue], [quantity])")]
    condition: Option<f64>,
    #[column(formula = "sum([revenue] + [country])")]
    operand: Option<f64>,
    #[column(formula = "[revenue] / count()")]
    no_aggregate: Option<f64>,
    #[column(formula = "sum(avg([revenue]))")]
    nested_aggregate: Option<f64>,
    #[column(formula = "max([date])")]
    not_a_number: Option<f64>,
    #[column(formula = "sum(if([country] = 3, 1, 0))")]
    comparison: Option<i64>,
    #[column(formula = "dcount(extract_date_part([date], \"yaer\"))")]
    word: i64,
}

#[derive(Source)]
#[source(name = "grammar")]
pub struct Grammar {
    revenue: f64,
    #[column(formula = "sum([revenue]")]
    unclosed: Option<f64>,
    #[column(formula = "sum([revenue]) / count() *")]
    end: Option<f64>,
    #[column(formula = "count() => 2")]
    operator: i64,
    #[column(formula = "sum(revenue)")]
    no_brackets: Option<f64>,
    #[column(formula = "sum_if([revenue], [revenue] between 1 and 2)")]
    sql: Option<f64>,
    #[column(formula = "
        sum([revenue])
        / cuont()
    ")]
    lines: Option<f64>,
}

#[derive(Source)]
#[source(name = "fields")]
pub struct Fields {
    revenue: f64,
    quantity: Option<i64>,
    #[column(formula = "sum([revenue]) / count()")]
    not_an_option: f64,
    #[column(formula = "count()")]
    float_of_integers: f64,
    #[column(formula = "avg([quantity])")]
    integer_of_floats: Option<i64>,
    #[column(formula = "sum([quantity])")]
    both: f32,
    #[column(formula = "count_if([revenue] > 10) > 3", type = "float")]
    alias: Number,
}

type Number = f64;

fn main() {
    let _ = query! { from Names select unknown_column };
    let _ = query! { from Fields where revenue > 3 select not_an_option };
}
