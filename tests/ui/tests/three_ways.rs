//! The same queries by the macro, by the builder and from JSON have the same bytes and the same
//! columns.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use serde_json::Value;
use serenytics::builder::{QueryBuilder, count, output};
use serenytics::prelude::*;
use serenytics::wire::Pipeline;

#[derive(Source)]
#[source(name = "sales")]
struct Sales {
    country: String,
    revenue: f64,
    quantity: Option<i64>,
    #[column(name = "order date")]
    date: DateTime,
    #[column(measure)]
    margin: f64,
    #[column(join = "182018f9")]
    region: String,
    #[column(formula = "sum([margin]) / sum([revenue])")]
    ratio: Option<f64>,
}

/// Compares the three forms of a query. The pipeline is the hand-written JSON of its stage.
fn same<R>(written: Query<R>, built: QueryBuilder<Sales>, stage: &str) {
    let built: Query<Vec<Value>> = built.build().unwrap();
    assert_eq!(written.to_json(), built.to_json());
    assert_eq!(written.shape(), built.shape());
    assert_eq!(written.measures(), built.measures());
    let text = format!(r#"{{"data_processing_pipeline": [{stage}]}}"#);
    let data = Pipeline::from_json(&text).unwrap().query(&Sales::schema()).unwrap();
    assert_eq!(written.to_json(), data.to_json());
    assert_eq!(written.measures(), data.measures());
    let types = |shape: &[serenytics::shape::OutputColumn]| -> Vec<_> {
        shape.iter().map(|column| (column.origin.clone(), column.output_type, column.nullable, column.bare)).collect()
    };
    assert_eq!(types(written.shape()), types(data.shape()));
}

#[test]
fn plain_rows() {
    same(
        query! { from Sales select country, revenue as turnover order_by turnover desc, date limit 5 },
        Sales::query()
            .select(|s| s.country)
            .select(|s| s.revenue.named("turnover"))
            .order_by(|_| output("turnover").desc())
            .order_by(|s| s.date.asc())
            .limit(5),
        r#"{"select": ["country", "revenue"], "limit": 5,
            "order_by": [{"name": "revenue", "direction": "desc"}, "order date"]}"#,
    );
}

#[test]
fn every_column() {
    same(query! { from Sales limit 3 }, Sales::query().limit(3), r#"{"limit": 3}"#);
}

#[test]
fn groups_and_time_slots() {
    same(
        query! {
            from Sales group_by country, month(date), weekday(date) select sum(revenue) as total, dcount(quantity), count()
            order_by total desc, month(date), country, count() desc
        },
        Sales::query()
            .group_by(|s| s.country)
            .group_by(|s| s.date.month())
            .group_by(|s| s.date.weekday())
            .select(|s| s.revenue.sum().named("total"))
            .select(|s| s.quantity.dcount())
            .select(|_| count())
            .order_by(|_| output("total").desc())
            .order_by(|s| s.date.month())
            .order_by(|s| s.country)
            .order_by(|_| count().desc()),
        r#"{"group_by": ["country", {"name": "order date", "timeslot": "month"}, {"name": "order date", "timeslot": "weekday"}],
            "select": [{"name": "revenue", "agg_function": "sum"}, {"name": "quantity", "agg_function": "dcount"}, {"name": "$$count$$", "agg_function": "sum"}],
            "order_by": [{"name": "revenue", "agg_function": "sum", "direction": "desc"}, {"name": "order date", "timeslot": "month", "direction": "asc"},
                         {"name": "country"}, {"name": "$$count$$", "agg_function": "sum", "direction": "desc"}]}"#,
    );
}

#[test]
fn conditions_of_every_operator() {
    same(
        query! {
            from Sales
            where revenue > 20, revenue < 2.5e10, quantity >= -3, quantity <= 9, country == "it's \"é\"", country != "",
                  country in ["FR", "a,b"], quantity !in [1, -2], quantity is_defined, quantity is_not_defined,
                  country is_empty, country is_not_empty, date >= "2013-01-31"
            select count()
        },
        Sales::query()
            .filter(|s| s.revenue.gt(20).and(s.revenue.lt(2.5e10)).and(s.quantity.ge(-3)).and(s.quantity.le(9)))
            .filter(|s| s.country.eq("it's \"é\"").and(s.country.ne("")))
            .filter(|s| s.country.is_in(["FR", "a,b"]).and(s.quantity.not_in([1, -2])))
            .filter(|s| s.quantity.is_defined().and(s.quantity.is_not_defined()))
            .filter(|s| s.country.is_empty().and(s.country.is_not_empty()))
            .filter(|s| s.date.ge(DateTime::constant(2013, 1, 31, 0, 0, 0, 0)))
            .select(|_| count()),
        r#"{"select": [{"name": "$$count$$", "agg_function": "sum"}],
            "where": [{"name": "revenue", "op": ">", "value": 20}, {"name": "revenue", "op": "<", "value": "25000000000.0"},
                {"name": "quantity", "op": ">=", "value": "-3"}, {"name": "quantity", "op": "<=", "value": 9},
                {"name": "country", "op": "==", "value": "it's \"é\""}, {"name": "country", "op": "!=", "value": ""},
                {"name": "country", "op": "in", "value": "[\"FR\", \"a,b\"]"}, {"name": "quantity", "op": "!in", "value": [1, -2]},
                {"name": "quantity", "op": "is_defined"}, {"name": "quantity", "op": "is_not_defined"},
                {"name": "country", "op": "is_empty"}, {"name": "country", "op": "is_not_empty"},
                {"name": "order date", "op": ">=", "value": "2013-01-31"}]}"#,
    );
}

#[test]
fn measures_and_joined_columns() {
    same(
        query! { from Sales where margin > 2, region == "north" group_by region select avg(margin), min(date) order_by avg(margin) },
        Sales::query()
            .filter(|s| s.margin.gt(2))
            .filter(|s| s.region.eq("north"))
            .group_by(|s| s.region)
            .select(|s| s.margin.avg())
            .select(|s| s.date.min())
            .order_by(|s| s.margin.avg()),
        r#"{"group_by": ["182018f9.region"], "select": [{"name": "margin", "agg_function": "avg"}, {"name": "order date", "agg_function": "min"}],
            "where": [{"name": "margin", "op": ">", "value": "2"}, {"name": "182018f9.region", "op": "==", "value": "north"}],
            "order_by": [{"name": "margin", "agg_function": "avg"}]}"#,
    );
}

#[test]
fn value_formulas() {
    same(
        query! { from Sales where country == "FR" select ratio },
        Sales::query().filter(|s| s.country.eq("FR")).select(|s| s.ratio),
        r#"{"select": ["sum([margin]) / sum([revenue])"], "where": [{"name": "country", "op": "==", "value": "FR"}]}"#,
    );
}

#[test]
fn keys_alone() {
    same(
        query! { from Sales group_by quarter(date) as quarter, country order_by quarter desc },
        Sales::query()
            .group_by(|s| s.date.quarter().named("quarter"))
            .group_by(|s| s.country)
            .order_by(|s| s.date.quarter().desc()),
        r#"{"group_by": [{"name": "order date", "timeslot": "quarter"}, "country"],
            "order_by": [{"name": "order date", "timeslot": "quarter", "direction": "desc"}]}"#,
    );
}
