//! Queries that are built at run time: the same bytes, and the same problems.

#![deny(warnings)]
#[path = "../schema.rs"]
mod schema;
use schema::Sales;
use serenytics::builder::{count, output};
use serenytics::prelude::*;
use serenytics::problem::Problems;

#[derive(Debug, Row)]
pub struct Total {
    pub country: String,
    pub total: f64,
    pub count: i64,
}

fn main() -> Result<(), Problems> {
    let written = query! {
        from Sales where revenue > {20.0}, country in ["FR", "US"] group_by country
        select sum(revenue) as total, count() order_by total desc, country limit 10
    };
    let built = Sales::query()
        .filter(|s| s.revenue.gt(20.0))
        .filter(|s| s.country.is_in(["FR", "US"]))
        .group_by(|s| s.country)
        .select(|s| s.revenue.sum().named("total"))
        .select(|_| count())
        .order_by(|_| output("total").desc())
        .order_by(|s| s.country)
        .limit(10_u8);
    assert_eq!(built.clone().build::<Total>()?.to_json(), written.to_json());
    assert_eq!(built.build::<Vec<serde_json::Value>>()?.shape(), written.shape());

    let codes = |built: Result<Query<Total>, Problems>| -> Vec<_> {
        built.unwrap_err().iter().map(|problem| problem.code.text()).collect::<Vec<_>>()
    };
    assert_eq!(codes(Sales::query().select(|s| s.country).select(|_| count()).build()), ["SRN026"]);
    assert_eq!(codes(Sales::query().select(|s| s.country).limit(0).build()), ["SRN014"]);
    assert_eq!(codes(Sales::query().select(|s| s.country).limit(u64::MAX).build()), ["SRN041"]);
    assert_eq!(codes(Sales::query().filter(|s| s.revenue.eq(f64::NAN)).build()), ["SRN040"]);
    assert_eq!(codes(Sales::query().select(|s| s.country).build()), ["SRN042"]);
    let swapped = Sales::query().group_by(|s| s.country).select(|_| count()).select(|s| s.revenue.sum().named("total"));
    let problems = swapped.build::<Total>().unwrap_err();
    assert!(problems[0].message.contains("expected the field `count`, found `total`"), "{}", problems[0]);
    for filter in [
        Sales::filter(|s| s.quantity.is_in(Some(3))),
        Sales::filter(|s| s.country.not_in(&None::<String>)),
        Sales::filter(|s| s.revenue.is_in("3".parse::<f64>())),
    ] {
        assert_eq!(filter.problems()[0].code.text(), "SRN051", "{:?}", filter.problems());
        assert!(Sales::query().and(filter).build::<Vec<serde_json::Value>>().is_err());
    }
    assert!(Sales::filter(|s| s.quantity.is_in(Some(3).into_iter())).problems().is_empty());
    Ok(())
}
