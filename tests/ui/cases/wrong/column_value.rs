//! Types that cannot be column values, and columns of types that are none.

use serenytics::{ColumnValue, prelude::*};

/// It derives nothing.
#[derive(Debug, Clone, PartialEq)]
enum Plain {
    France,
}

#[derive(Debug, Clone, PartialEq, ColumnValue)]
struct Invoice(i64);

#[derive(Source)]
#[source(name = "undeclared")]
struct Undeclared {
    country: Plain,
}

#[derive(Source)]
#[source(name = "sales")]
struct Sales {
    #[column(type = "str")]
    country: Plain,
    #[column(type = "str")]
    invoice: Option<Invoice>,
    revenue: f64,
}

#[derive(Clone, PartialEq, ColumnValue)]
enum NoDebug {
    France,
}

#[derive(Debug, Clone, PartialEq, ColumnValue)]
enum Empty {}

#[derive(Debug, Clone, PartialEq, ColumnValue)]
enum WithFields {
    France(i64),
    Germany { zip: String },
    Spain,
}

#[derive(Debug, Clone, PartialEq, ColumnValue)]
enum Repeated {
    #[column_value(name = "FR")]
    France,
    #[column_value(name = "DE", name = "D")]
    Germany,
    FR,
}

#[derive(Debug, Clone, PartialEq, ColumnValue)]
#[column_value(type = "float")]
enum Floats {
    France,
}

#[derive(Debug, Clone, PartialEq, ColumnValue)]
#[column_value(type = "int")]
enum Named {
    #[column_value(name = "FR")]
    France = 1,
}

#[derive(Debug, Clone, PartialEq, ColumnValue)]
#[column_value(kind = "int")]
struct Unknown(i64);

#[derive(Debug, Clone, PartialEq, ColumnValue)]
#[column_value(type = "str")]
struct OtherType(i64);

#[derive(Debug, Clone, PartialEq, ColumnValue)]
struct Nullable(Option<i64>);

#[derive(Debug, Clone, PartialEq, ColumnValue)]
struct Untyped(Plain);

#[derive(Debug, Clone, PartialEq, ColumnValue)]
#[column_value(type = "str")]
struct OfPlain(Plain);

#[derive(Debug, Clone, PartialEq, ColumnValue)]
struct Pair(i64, i64);

#[derive(Debug, Clone, PartialEq, ColumnValue)]
struct Unit;

#[derive(Debug, Clone, PartialEq, ColumnValue)]
struct Generic<T>(T);

fn main() {
    let _ = query! { from Sales where invoice > {Plain::France} select sum(revenue) };
}
