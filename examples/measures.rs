//! Measures as code: the compiler checks the formulas, and the program saves them to the source for all dashboards.
//!
//! `cargo run --example measures` needs no account and no network.

use std::error::Error;

use serde_json::json;
use serenytics::prelude::*;
use serenytics_local::Local;

/// Orders, with the numbers that the company agreed on. Misspell a column in a formula, or remove an `Option`, and the
/// program does not compile.
#[derive(Source)]
#[source(name = "orders")]
struct Orders {
    country: String,
    price: f64,
    cost: f64,
    quantity: i64,
    /// The gain of one order.
    #[column(measure = "([price] - [cost]) * [quantity]")]
    margin: f64,
    /// In percent of the price. NULL if the price is 0.
    #[column(measure = "([price] - [cost]) / [price] * 100", name = "margin rate")]
    margin_rate: Option<f64>,
    /// 1 for orders that need an approval.
    #[column(measure = "[quantity] >= 10 or [margin] < 0")]
    needs_approval: i64,
    /// The part of the margin that orders with an approval have.
    #[column(formula = "sum_if([margin], [needs_approval]) / sum([margin])")]
    approved_part: Option<f64>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let client = engine.client();
    let orders = client.get_or_create_storage("orders").await?;
    let row = |country, price, cost, quantity| json!({"country": country, "price": price, "cost": cost, "quantity": quantity});
    orders.reload([row("FR", 20.0, 12.0, 5), row("FR", 8.0, 9.5, 2), row("US", 4.0, 3.0, 60)]).send().await?;

    // Creates the three measures. A second call finds them up to date and sends nothing.
    let applied = client.apply_measures::<Orders>().await?;
    println!("{applied}");
    assert_eq!(applied.created, ["margin", "margin rate", "needs_approval"]);
    assert!(!client.apply_measures::<Orders>().await?.has_changes());

    // Measures are columns of a query.
    let q = query! {
        from Orders
        where margin_rate > 0
        group_by country, needs_approval
        select sum(margin) as margin, max(margin_rate) as best
        order_by margin desc
    };
    let groups = client.fetch(&q).await?;
    for row in &groups {
        println!("{} {} {} {:?}", row.country, row.needs_approval, row.margin, row.best);
    }
    assert_eq!(groups.iter().map(|row| (row.needs_approval, row.margin)).collect::<Vec<_>>(), [(1, 60.0), (0, 40.0)]);

    let q = query! { from Orders select approved_part };
    let approved = client.fetch_one(&q).await?.approved_part;
    assert!(approved.is_some_and(|part| (part - 57.0 / 97.0).abs() < 1e-9), "{approved:?}");

    // Somebody edits a formula in the dashboard: drift reports it, and the next deployment corrects it.
    let mut edited = client.source("orders").await?;
    let text = serde_json::to_string(edited.property("measures").unwrap_or(&json!({})))?;
    edited.set_property("measures", serde_json::from_str::<serde_json::Value>(&text.replace(">= 10", ">= 100"))?);
    edited.save().await?;
    for difference in client.drift::<Orders>().await? {
        println!("{difference}");
        assert!(difference.is_breaking());
    }
    assert_eq!(client.apply_measures::<Orders>().await?.updated, ["needs_approval"]);
    assert!(client.drift::<Orders>().await?.is_empty());
    Ok(())
}
