//! Loading rows from memory: replace, insert, update by key and delete, and what happens to an invalid row.
//!
//! `cargo run --example load_rows` needs no account and no network.

use std::error::Error;

use serde_json::json;
use serenytics::SerdeRow;
use serenytics::prelude::*;
use serenytics_local::Local;

#[derive(Source)]
#[source(name = "orders")]
struct Orders {
    id: i64,
    country: String,
    revenue: Option<f64>,
}

/// A type from another part of your program, which does not derive `Source`.
#[derive(serde::Serialize)]
struct Order {
    id: i64,
    country: &'static str,
    revenue: f64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let client = engine.client();
    let orders = client.get_or_create_storage("orders").await?;

    // Replace all rows. The iterator is sent as a stream, so it can be larger than memory.
    let rows = (1..=1_000).map(|id| Orders { id, country: "FR".to_owned(), revenue: Some(10.0) });
    orders.reload(rows).send().await?;
    assert_eq!(state(&client).await?, (1_000, Some(10_000.0)));

    // Add rows: structs that derive `Source`, JSON objects, or any `Serialize` value in a `SerdeRow`.
    orders.insert([json!({"id": 1_001, "country": "US", "revenue": 5.0})]).await?;
    orders.insert([SerdeRow(Order { id: 1_002, country: "DE", revenue: 7.0 })]).await?;
    assert_eq!(state(&client).await?, (1_002, Some(10_012.0)));

    // Change several rows in one atomic call.
    orders
        .batch()
        .insert_or_update("id", [Orders { id: 1, country: "FR".to_owned(), revenue: Some(30.0) }])
        .delete("id", [2, 3])
        .send()
        .await?;
    assert_eq!(state(&client).await?, (1_000, Some(10_012.0)));

    // Replace the rows that have the same key and insert the others, from an iterator of any length.
    let changes = (1..=500).map(|id| Orders { id, country: "IT".to_owned(), revenue: None });
    orders.update("id", changes).send().await?;
    let q = query! { from Orders where country == "IT" select count() };
    assert_eq!(client.fetch_one(&q).await?.count, 500);

    // An invalid row is an error that names the row and the column. Nothing is loaded.
    let before = state(&client).await?;
    let invalid = [Orders { id: 7, country: "FR".to_owned(), revenue: Some(f64::NAN) }];
    let error = orders.insert(invalid).await.expect_err("NaN cannot be loaded");
    println!("expected error: {error}");
    assert!(error.to_string().contains("revenue"));
    assert_eq!(state(&client).await?, before);
    Ok(())
}

/// Returns the number of rows and their total revenue.
async fn state(client: &Client) -> Result<(i64, Option<f64>), serenytics::Error> {
    let row = client.fetch_one(&query! { from Orders select count(), sum(revenue) as total }).await?;
    println!("{} rows, revenue {:?}", row.count, row.total);
    Ok((row.count, row.total))
}
