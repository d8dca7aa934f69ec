//! Loading a CSV file: separator, column types, gzip, and the error for an invalid value.
//!
//! `cargo run --example load_csv` needs no account and no network.

use std::error::Error;

use serenytics::prelude::*;
use serenytics_local::Local;

#[derive(Source)]
#[source(name = "customers")]
struct Customers {
    name: String,
    /// A string, although it looks like an integer: `02100` must keep its first digit.
    zip: String,
    orders: Option<i64>,
    since: DateTime,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path().join("data")).await?;
    let client = engine.client();
    let customers = client.get_or_create_storage("customers").await?;

    let file = folder.path().join("customers.csv");
    std::fs::write(&file, "name;zip;orders;since\nAda;02100;3;2024-01-31\nGrace;75011;;2024-02-29 09:30:00\n")?;

    // `schema` sets the column types that the struct declares. Without it the server infers them. A `.csv.gz` file
    // is loaded by the same call.
    customers.reload_from_csv(&file).separator(';').schema::<Customers>().send().await?;

    let q = query! { from Customers select name, zip, orders, since order_by name };
    let rows = client.fetch(&q).await?;
    for row in &rows {
        println!("{:6} {} {:?} {}", row.name, row.zip, row.orders, row.since);
    }
    assert_eq!((rows[0].zip.as_str(), rows[0].orders), ("02100", Some(3)));
    // An empty field is NULL.
    assert_eq!(rows[1].orders, None);
    assert_eq!(rows[1].since, "2024-02-29T09:30:00".parse()?);

    // An invalid value is reported with its line and column. The storage keeps the rows that it had.
    std::fs::write(&file, "name;zip;orders;since\nAda;02100;three;2024-01-31\n")?;
    let load = customers.reload_from_csv(&file).separator(';').schema::<Customers>().send();
    let error = load.await.expect_err("`three` is not an integer");
    println!("expected error: {error}");
    assert_eq!(customers.row_count().await?, 2);
    Ok(())
}
