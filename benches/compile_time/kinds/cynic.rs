//! The queries written with cynic, for a schema of 30 fields.

use cynic::QueryBuilder;

#[cynic::schema("sales")]
mod schema {}

#[derive(cynic::Scalar, Debug, Clone, PartialEq)]
pub struct DateTime(pub String);

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq)]
pub enum Order {
    RevenueDesc,
    DateDesc,
    MonthAsc,
}
// Query.
pub fn grouped_1000() -> String {
    #[derive(cynic::QueryFragment, Debug, Clone, PartialEq)]
    #[cynic(graphql_type = "Totals")]
    pub struct Row {
        pub country: String,
        pub channel: String,
        pub sum_revenue: f64,
        pub avg_rating: Option<f64>,
        pub count: i32,
    }
    #[derive(cynic::QueryFragment, Debug, Clone, PartialEq)]
    #[cynic(graphql_type = "Query")]
    pub struct Rows {
        #[arguments(quantityAbove: 1000, countries: ["FR", "US"], groupBy: ["country", "channel"], order: [REVENUE_DESC], limit: 100)]
        pub totals: Vec<Row>,
    }
    Rows::build(()).query
}
// Query.
pub fn valued_1000(least: f64, countries: &[&str], rows: i32) -> String {
    #[derive(cynic::QueryVariables)]
    pub struct Values<'a> {
        pub least: f64,
        pub countries: Option<Vec<&'a str>>,
        pub rows: i32,
    }
    #[derive(cynic::QueryFragment, Debug, Clone, PartialEq)]
    #[cynic(graphql_type = "Totals")]
    pub struct Row {
        pub product: String,
        pub sum_revenue: f64,
        pub dcount_invoice: i32,
    }
    #[derive(cynic::QueryFragment, Debug, Clone, PartialEq)]
    #[cynic(graphql_type = "Query", variables = "Values")]
    pub struct Rows {
        #[arguments(quantityAbove: 1000, revenueFrom: $least, countries: $countries, groupBy: ["product"], limit: $rows)]
        pub totals: Vec<Row>,
    }
    Rows::build(Values { least, countries: Some(countries.to_vec()), rows }).query
}
// Query.
pub fn listed_1000() -> String {
    #[derive(cynic::QueryFragment, Debug, Clone, PartialEq)]
    #[cynic(graphql_type = "Sales")]
    pub struct Row {
        pub country: String,
        pub city: String,
        pub product: String,
        pub revenue: f64,
        pub quantity: i32,
        pub invoice: Option<i32>,
        pub date: DateTime,
    }
    #[derive(cynic::QueryFragment, Debug, Clone, PartialEq)]
    #[cynic(graphql_type = "Query")]
    pub struct Rows {
        #[arguments(quantityAbove: 1000, hasInvoice: true, segmentNot: "test", order: [DATE_DESC], limit: 50)]
        pub sales: Vec<Row>,
    }
    Rows::build(()).query
}
// Query.
pub fn monthly_1000(from: DateTime) -> String {
    #[derive(cynic::QueryVariables)]
    pub struct Values {
        pub from: DateTime,
    }
    #[derive(cynic::QueryFragment, Debug, Clone, PartialEq)]
    #[cynic(graphql_type = "Totals")]
    pub struct Row {
        pub brand: String,
        pub month: DateTime,
        pub sum_quantity: i32,
        pub max_shipped: Option<DateTime>,
        pub count: i32,
    }
    #[derive(cynic::QueryFragment, Debug, Clone, PartialEq)]
    #[cynic(graphql_type = "Query", variables = "Values")]
    pub struct Rows {
        #[arguments(quantityAbove: 1000, dateFrom: $from, groupBy: ["brand", "month"], order: [MONTH_ASC])]
        pub totals: Vec<Row>,
    }
    Rows::build(Values { from }).query
}
