//! The blocking client, for programs without async code.
//!
//! `cargo run --example blocking --features blocking` needs no account and no network.

use std::error::Error;

use serenytics::blocking;
use serenytics::prelude::*;
use serenytics_local::Local;

#[derive(Source)]
#[source(name = "sales")]
struct Sales {
    country: String,
    revenue: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    // Only the embedded engine needs a runtime. With an account, use `blocking::Client::from_env()?`.
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let engine = runtime.block_on(Local::open(folder.path()))?;
    let client = Client::builder().url(engine.url()).api_key(engine.api_key()).build_blocking()?;

    print_totals(&client)?;

    runtime.block_on(engine.shutdown());
    Ok(())
}

/// Loads three sales and prints the revenue of each country.
fn print_totals(client: &blocking::Client) -> Result<(), Box<dyn Error>> {
    let sales = client.get_or_create_storage("sales")?;
    sales.insert([
        Sales { country: "FR".to_owned(), revenue: 120.0 },
        Sales { country: "FR".to_owned(), revenue: 80.5 },
        Sales { country: "US".to_owned(), revenue: 15.0 },
    ])?;

    let q = query! { from Sales group_by country select sum(revenue) as total order_by total desc };
    let totals = client.fetch(&q)?;
    for row in &totals {
        println!("{} {:.2}", row.country, row.total);
    }
    assert_eq!(totals[0].total, 200.5);

    // A stream is an iterator.
    let mut count = 0;
    for row in client.stream(&query! { from Sales select revenue })? {
        assert!(row?.revenue > 0.0);
        count += 1;
    }
    assert_eq!(count, 3);
    Ok(())
}
