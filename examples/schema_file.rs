//! Columns from a schema file: the compiler reads the file, and the program detects later changes on the server.
//!
//! `cargo run --example schema_file` needs no account and no network. `serenytics schema pull sales` writes such a file.

use std::error::Error;

use serde_json::json;
use serenytics::prelude::*;
use serenytics_local::Local;

/// The columns are in the file, and queries see them as if they were fields.
#[derive(Source)]
#[source(file = "examples/schemas/sales.json")]
struct Sales;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let client = engine.client();
    let sales = client.get_or_create_storage("sales").await?;
    let rows = [
        json!({"country": "FR", "order date": "2024-01-31T10:00:00", "revenue": 120.0}),
        json!({"country": "FR", "order date": "2024-02-01T10:00:00", "revenue": null}),
    ];
    sales.reload(rows).send().await?;

    // `date` is the field of the column `order date`.
    let q = query! { from Sales group_by month(date) select sum(revenue) as total order_by month(date) };
    let months = client.fetch(&q).await?;
    for row in &months {
        println!("{} {:?}", row.month_date, row.total);
    }
    assert_eq!(months.iter().map(|row| row.total).collect::<Vec<_>>(), [Some(120.0), None]);

    // Nothing differs yet between the file and the server.
    assert!(client.drift::<Sales>().await?.is_empty());

    // Another program reloads the source with other columns.
    sales.reload([json!({"country": "FR", "order date": "2024-01-31T10:00:00", "turnover": 120.0})]).send().await?;
    let drift = client.drift::<Sales>().await?;
    for difference in &drift {
        println!("{}: {difference}", if difference.is_breaking() { "breaking" } else { "compatible" });
    }
    assert!(drift.iter().any(|difference| difference.is_breaking()));
    Ok(())
}
