//! The queries written by hand, as a user without macros would do it. They use hidden items of the crate, because it has
//! no public way to build a query from parts.

use std::borrow::Cow;

use serenytics::__private::{ColumnType, Part, Rendered, Template, TimeSlot, Unrendered, named};
use serenytics::shape::{OutputColumn, OutputType, Shape};
use serenytics::{DateTime, Query, SlotValue, value};

pub fn sent<R>(query: &Query<R>) -> (String, Shape) {
    (query.to_json(), query.shape().clone())
}
// Query.
pub fn grouped_1000() -> (String, Shape) {
    #[derive(Debug, Clone, PartialEq)]
    pub struct Row {
        pub country: String,
        pub channel: String,
        pub total: f64,
        pub avg_rating: Option<f64>,
        pub count: i64,
    }
    const SHAPE: &[OutputColumn] = &[
        OutputColumn::fixed("country", "country", OutputType::Column(ColumnType::Str), false, true),
        OutputColumn::fixed("channel", "channel", OutputType::Column(ColumnType::Str), false, true),
        OutputColumn::fixed("total", "sum(revenue)", OutputType::Column(ColumnType::Float), false, false),
        OutputColumn::fixed("avg_rating", "avg(rating)", OutputType::Column(ColumnType::Float), true, false),
        OutputColumn::fixed("count", "count()", OutputType::Column(ColumnType::Int), false, false),
    ];
    let json = r#"{"order":"row_by_row","data_processing_pipeline":[{"group_by":["country","channel"],"select":[{"name":"revenue","agg_function":"sum"},{"name":"rating","agg_function":"avg"},{"name":"$$count$$","agg_function":"sum"}],"order_by":[{"name":"revenue","agg_function":"sum","direction":"desc"}],"where":[{"name":"quantity","op":">","value":"1000"},{"name":"country","op":"in","value":"[\"FR\",\"US\"]"}],"limit":100}]}"#;
    let query = Query::<Row>::fixed(
        named("sales"),
        json,
        Cow::Borrowed(SHAPE),
        |cells| {
            Ok(Row {
                country: cells.next()?,
                channel: cells.next()?,
                total: cells.next()?,
                avg_rating: cells.next()?,
                count: cells.next()?,
            })
        },
        Cow::Borrowed(&[]),
    );
    sent(&query)
}
// Query.
pub fn valued_1000(least: f64, countries: &[&str], rows: u32) -> (String, Shape) {
    #[derive(Debug, Clone, PartialEq)]
    pub struct Row {
        pub product: String,
        pub sum_revenue: f64,
        pub dcount_invoice: i64,
    }
    const SHAPE: &[OutputColumn] = &[
        OutputColumn::fixed("product", "product", OutputType::Column(ColumnType::Str), false, true),
        OutputColumn::fixed("sum_revenue", "sum(revenue)", OutputType::Column(ColumnType::Float), false, false),
        OutputColumn::fixed("dcount_invoice", "dcount(invoice)", OutputType::Column(ColumnType::Int), false, false),
    ];
    const TEMPLATE: &Template = &Template {
        head: Cow::Borrowed(
            r#"{"order":"row_by_row","data_processing_pipeline":[{"group_by":["product"],"select":[{"name":"revenue","agg_function":"sum"},{"name":"invoice","agg_function":"dcount"}]"#,
        ),
        conditions: Cow::Borrowed(&[
            Cow::Borrowed(&[Part::Text(Cow::Borrowed(r#"{"name":"quantity","op":">","value":"1000"}"#))]),
            Cow::Borrowed(&[
                Part::Text(Cow::Borrowed(r#"{"name":"revenue","op":">=","value":""#)),
                Part::Value(0),
                Part::Text(Cow::Borrowed(r#""}"#)),
            ]),
            Cow::Borrowed(&[
                Part::Text(Cow::Borrowed(r#"{"name":"country","op":"in","value":"["#)),
                Part::Value(1),
                Part::Text(Cow::Borrowed(r#"]"}"#)),
            ]),
        ]),
        limit: Some(Part::Value(2)),
    };
    let values = [
        Rendered::scalar(value::float_value(&least)).of("revenue"),
        Rendered::list(value::str_list(countries)).of("country"),
        value::limit(&rows),
    ];
    let query = Query::<Row>::with_values(
        &values,
        Unrendered::new(
            named("sales"),
            TEMPLATE,
            Cow::Borrowed(SHAPE),
            |cells| Ok(Row { product: cells.next()?, sum_revenue: cells.next()?, dcount_invoice: cells.next()? }),
            Cow::Borrowed(&[]),
        ),
    );
    sent(&query)
}
// Query.
pub fn listed_1000() -> (String, Shape) {
    #[derive(Debug, Clone, PartialEq)]
    pub struct Row {
        pub country: String,
        pub city: String,
        pub product: String,
        pub revenue: f64,
        pub quantity: i64,
        pub invoice: Option<i64>,
        pub date: DateTime,
    }
    const SHAPE: &[OutputColumn] = &[
        OutputColumn::fixed("country", "country", OutputType::Column(ColumnType::Str), false, true),
        OutputColumn::fixed("city", "city", OutputType::Column(ColumnType::Str), false, true),
        OutputColumn::fixed("product", "product", OutputType::Column(ColumnType::Str), false, true),
        OutputColumn::fixed("revenue", "revenue", OutputType::Column(ColumnType::Float), false, true),
        OutputColumn::fixed("quantity", "quantity", OutputType::Column(ColumnType::Int), false, true),
        OutputColumn::fixed("invoice", "invoice", OutputType::Column(ColumnType::Int), true, true),
        OutputColumn::fixed("date", "order date", OutputType::Column(ColumnType::DateTime), false, true),
    ];
    let json = r#"{"order":"row_by_row","data_processing_pipeline":[{"select":[{"name":"country"},{"name":"city"},{"name":"product"},{"name":"revenue"},{"name":"quantity"},{"name":"invoice"},{"name":"order date"}],"order_by":[{"name":"order date","direction":"desc"},{"name":"revenue","direction":"asc"}],"where":[{"name":"quantity","op":">","value":"1000"},{"name":"invoice","op":"is_defined"},{"name":"segment","op":"!=","value":"test"}],"limit":50}]}"#;
    let query = Query::<Row>::fixed(
        named("sales"),
        json,
        Cow::Borrowed(SHAPE),
        |cells| {
            Ok(Row {
                country: cells.next()?,
                city: cells.next()?,
                product: cells.next()?,
                revenue: cells.next()?,
                quantity: cells.next()?,
                invoice: cells.next()?,
                date: cells.next()?,
            })
        },
        Cow::Borrowed(&[]),
    );
    sent(&query)
}
// Query.
pub fn monthly_1000(from: DateTime) -> (String, Shape) {
    #[derive(Debug, Clone, PartialEq)]
    pub struct Row {
        pub brand: String,
        pub month_date: SlotValue,
        pub sold: i64,
        pub max_shipped: Option<DateTime>,
        pub count: i64,
    }
    const SHAPE: &[OutputColumn] = &[
        OutputColumn::fixed("brand", "brand", OutputType::Column(ColumnType::Str), false, true),
        OutputColumn::fixed("month_date", "month(order date)", OutputType::Slot(TimeSlot::Month), false, false),
        OutputColumn::fixed("sold", "sum(quantity)", OutputType::Column(ColumnType::Int), false, false),
        OutputColumn::fixed("max_shipped", "max(shipped)", OutputType::Column(ColumnType::DateTime), true, false),
        OutputColumn::fixed("count", "count()", OutputType::Column(ColumnType::Int), false, false),
    ];
    const TEMPLATE: &Template = &Template {
        head: Cow::Borrowed(
            r#"{"order":"row_by_row","data_processing_pipeline":[{"group_by":["brand",{"name":"order date","timeslot":"month"}],"select":[{"name":"quantity","agg_function":"sum"},{"name":"shipped","agg_function":"max"},{"name":"$$count$$","agg_function":"sum"}],"order_by":[{"name":"order date","timeslot":"month","direction":"asc"},{"name":"quantity","agg_function":"sum","direction":"desc"}]"#,
        ),
        conditions: Cow::Borrowed(&[
            Cow::Borrowed(&[Part::Text(Cow::Borrowed(r#"{"name":"quantity","op":">","value":"1000"}"#))]),
            Cow::Borrowed(&[
                Part::Text(Cow::Borrowed(r#"{"name":"order date","op":">=","value":""#)),
                Part::Value(0),
                Part::Text(Cow::Borrowed(r#""}"#)),
            ]),
        ]),
        limit: None,
    };
    let values = [Rendered::scalar(value::datetime_value(&from)).of("date")];
    let query = Query::<Row>::with_values(
        &values,
        Unrendered::new(
            named("sales"),
            TEMPLATE,
            Cow::Borrowed(SHAPE),
            |cells| {
                Ok(Row {
                    brand: cells.next()?,
                    month_date: cells.next()?,
                    sold: cells.next()?,
                    max_shipped: cells.next()?,
                    count: cells.next()?,
                })
            },
            Cow::Borrowed(&[]),
        ),
    );
    sent(&query)
}
