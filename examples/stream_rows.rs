//! Streaming many rows: reading and transforming them one by one, without keeping all of them in memory.
//!
//! `cargo run --example stream_rows` needs no account and no network.

use std::error::Error;

use futures_util::TryStreamExt;
use serenytics::prelude::*;
use serenytics_local::Local;

const ROWS: i64 = 200_000;

#[derive(Source)]
#[source(name = "measurements")]
struct Measurements {
    sensor: i64,
    celsius: f64,
}

/// The same measurements in another unit.
#[derive(Source)]
#[source(name = "measurements in fahrenheit")]
struct Converted {
    sensor: i64,
    fahrenheit: f64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let client = engine.client();
    let measurements = client.get_or_create_storage("measurements").await?;
    let rows = (0..ROWS).map(|n| Measurements { sensor: n % 10, celsius: (n % 40) as f64 });
    measurements.reload(rows).send().await?;

    // `stream` returns when the first rows arrive. Each row is dropped before the next one is read.
    let q = query! { from Measurements where celsius > 30.0 select sensor, celsius };
    let mut rows = client.stream(&q).await?;
    let (mut count, mut hottest) = (0, f64::MIN);
    while let Some(row) = rows.try_next().await? {
        count += 1;
        hottest = row.celsius.max(hottest);
    }
    println!("{count} rows above 30 °C, at most {hottest} °C");
    assert_eq!((count, hottest), (ROWS * 9 / 40, 39.0));

    // A stream can be transformed and loaded into another storage on the fly.
    let converted = client.get_or_create_storage("measurements in fahrenheit").await?;
    let rows = client.stream(&query! { from Measurements select sensor, celsius }).await?;
    let rows = rows.map_ok(|row| Converted { sensor: row.sensor, fahrenheit: row.celsius * 1.8 + 32.0 });
    converted.reload_from_stream(rows).send().await?;
    let mean = client.fetch_one(&query! { from Converted select avg(fahrenheit) as mean, count() }).await?;
    println!("{} rows converted, mean {:?} °F", mean.count, mean.mean);
    assert_eq!(mean.count, ROWS);
    assert!(mean.mean.is_some_and(|mean| (mean - 67.1).abs() < 1e-6));
    Ok(())
}
