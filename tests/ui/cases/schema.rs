//! The source that the cases query.

use serenytics::prelude::*;

#[derive(Source)]
#[source(name = "sales")]
pub struct Sales {
    pub country: String,
    pub revenue: f64,
    pub quantity: i64,
    pub invoice: Option<i64>,
    #[column(name = "order date")]
    pub date: DateTime,
    pub limit: i32,
}
