//! Enums and newtypes as columns, as values and as fields of rows.

use serenytics::builder::Filter;
use serenytics::problem::Problems;
use serenytics::{ColumnValue, prelude::*};

#[derive(Debug, Clone, Copy, PartialEq, ColumnValue)]
enum Country {
    #[column_value(name = "FR")]
    France,
    #[column_value(name = "D,E \"\u{e9}\"")]
    Germany,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, ColumnValue)]
#[column_value(type = "int")]
enum Status {
    Open = 1,
    Paid,
    Lost = -7,
}

#[derive(Debug, Clone, PartialEq, ColumnValue)]
struct Invoice(i64);

#[derive(Debug, Clone, PartialEq, ColumnValue)]
struct Price {
    euros: f32,
}

#[derive(Debug, Clone, PartialEq, ColumnValue)]
#[column_value(crate = serenytics)]
struct Day(DateTime);

#[derive(Debug, Clone, PartialEq, ColumnValue)]
#[column_value(type = "int")]
struct Receipt(Invoice);

#[derive(Source)]
#[source(name = "sales")]
struct Sales {
    #[column(type = "str")]
    country: Country,
    #[column(type = "int")]
    status: Status,
    #[column(type = "int")]
    invoice: Option<Invoice>,
    #[column(type = "float", name = "the price")]
    price: Price,
    #[column(type = "datetime")]
    day: Day,
    #[column(type = "int")]
    receipt: Receipt,
}

#[derive(Debug, Row)]
struct Total {
    country: Country,
    last: Option<Invoice>,
    total: f64,
}

fn built() -> Result<Query<Total>, Problems> {
    let filter: Filter<Sales> = Sales::filter(|s| s.country.eq(Country::France));
    Sales::query()
        .filter(|s| s.status.is_in([Status::Open, Status::Paid]))
        .filter(|_| filter)
        .group_by(|s| s.country)
        .select(|s| s.invoice.max().named("last"))
        .select(|s| s.price.sum().named("total"))
        .build()
}

fn main() {
    let (country, after) = (Country::Germany, Some(Day("2024-01-31T00:00:00".parse().unwrap())));
    let q = query! {
        from Sales
        where country == {country}, country in {[Country::France, country]}, status != {Status::Lost},
            invoice > {&Invoice(3)}, price >= {Price { euros: 0.5 }}, price < {Invoice(7)}, day > {after}?,
            receipt in [{Receipt(Invoice(1))}, 2]
        select country, status, invoice, price, day, receipt
    };
    assert_eq!(
        q.as_json(),
        r#"{"order":"row_by_row","data_processing_pipeline":[{"select":[{"name":"country"},{"name":"status"},{"name":"invoice"},{"name":"the price"},{"name":"day"},{"name":"receipt"}],"where":[{"name":"country","op":"==","value":"D,E \"é\""},{"name":"country","op":"in","value":"[\"FR\",\"D,E \\\"é\\\"\"]"},{"name":"status","op":"!=","value":"-7"},{"name":"invoice","op":">","value":"3"},{"name":"the price","op":">=","value":"0.5"},{"name":"the price","op":"<","value":"7"},{"name":"day","op":">","value":"2024-01-31T00:00:00"},{"name":"receipt","op":"in","value":"[1,2]"}]}]}"#
    );
    let q: Query<Total> = query! {
        from Sales group_by country select max(invoice) as last, sum(price) as total into Total
    };
    assert_eq!(q.shape().len(), built().unwrap().shape().len());
}
