//! Sources, rows and queries of every form.

pub(crate) mod schema {
    //! The sources.

    use analytics::{DateTime, Row, Source};

    /// Sales.
    #[derive(Debug, Clone, PartialEq, Source)]
    #[source(name = "sales", crate = analytics)]
    pub(crate) struct Sales {
        /// A country.
        pub(crate) country: String,
        pub(crate) revenue: f64,
        pub(crate) invoice: Option<i64>,
        #[column(name = "order date")]
        pub(crate) date: DateTime,
        #[column(measure)]
        pub(crate) margin: f64,
        #[column(formula = "sum([margin]) / sum([revenue])")]
        pub(crate) ratio: Option<f64>,
        #[column(type = "float")]
        pub(crate) price: Price,
    }

    /// The type of a column by another name.
    pub(crate) type Price = f64;

    /// A row.
    #[derive(Debug, Clone, PartialEq, Row)]
    #[row(crate = analytics)]
    pub(crate) struct CountryTotal {
        pub(crate) country: String,
        pub(crate) total: f64,
    }

    #[derive(Source)]
    #[source(name = "unused", crate = analytics)]
    struct Unused {
        country: String,
    }
}

use analytics::builder::count;
use analytics::{query, DateTime, Query, Row, Source};
use schema::{CountryTotal, Sales};

#[derive(Source)]
#[source(name = "private", crate = analytics)]
struct Private {
    country: String,
    whole: i64,
}

query! {
    /// Countries by revenue.
    pub(crate) fn top_countries(least: f64, countries: &[&str]) -> Query<TopCountry> {
        from Sales
        where revenue > {least}, country in {countries}
        group_by country
        select sum(revenue) as total, count()
        order_by total desc
    }
}

#[derive(Row)]
#[row(crate = analytics)]
struct Count {
    country: String,
    count: i64,
}

pub(crate) fn check() {
    let filter = Sales::filter(|s| s.revenue.gt(3));
    let names = vec!["FR"];
    let list = Some(vec![1_i64]);
    let one = query! {
        from Sales
        where country in {&names}, ..{&filter}, invoice in {list}?, revenue > {3.5}, country in ["FR", {names[0]}]
        limit {3}
    };
    let two: Query<CountryTotal> =
        query! { from Sales group_by country select sum(revenue) as total into CountryTotal };
    let three = query! { from Private where country in ["FR"] select country, whole };
    let four = query! { from Sales where date > {DateTime::MIN} group_by month(date) select sum(price) };
    let five = query! { from Sales select ratio };
    let six = Sales::query().group_by(|s| s.country).select(|_| count()).build::<Count>();
    let six = six.map(|query| query.to_json()).unwrap_or_default();
    let row = Count { country: "FR".to_owned(), count: 3 };
    assert_eq!((row.country.as_str(), row.count), ("FR", 3));
    assert_eq!(Sales::schema().columns.len(), 7);
    let written = [one.to_json(), two.to_json(), three.to_json(), four.to_json(), five.to_json(), six];
    assert!(written.iter().all(|json| json.contains("data_processing_pipeline")));
    assert!(top_countries(20.0, &names).to_json().contains("FR"));

    #[derive(Source)]
    #[source(name = "local", crate = analytics)]
    struct Local {
        country: String,
    }
    assert!(query! { from Local select country }.to_json().contains("country"));
}
