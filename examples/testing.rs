//! Testing your own code: the function under test accepts a `Client`, and its tests run it on the embedded engine.
//!
//! `cargo test --example testing` runs the tests. They need no account, no network and no mock.

use std::error::Error;

use serenytics::prelude::*;
use serenytics_local::Local;

#[derive(Source)]
#[source(name = "sales")]
struct Sales {
    country: String,
    revenue: f64,
}

/// The function under test: returns the country with the highest revenue.
async fn best_country(client: &Client) -> Result<Option<String>, serenytics::Error> {
    let q = query! { from Sales group_by country select sum(revenue) as total order_by total desc limit 1 };
    Ok(client.fetch_optional(&q).await?.map(|row| row.country))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let world = World::with_sales(&[("FR", 10.0), ("US", 25.0), ("FR", 20.0)]).await?;
    println!("{:?}", best_country(&world.client).await?);
    Ok(())
}

/// An engine with its own temporary data folder. Each test opens one, so tests can run in parallel.
struct World {
    client: Client,
    _engine: Local,
    // Fields are dropped in order: the folder is removed after the engine has stopped.
    _folder: tempfile::TempDir,
}

impl World {
    async fn with_sales(sales: &[(&str, f64)]) -> Result<World, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let engine = Local::open(folder.path()).await?;
        let client = engine.client();
        let rows = sales.iter().map(|(country, revenue)| Sales { country: (*country).to_owned(), revenue: *revenue });
        client.get_or_create_storage("sales").await?.reload(rows).send().await?;
        Ok(World { client, _engine: engine, _folder: folder })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn best_country_sums_the_revenue_of_each_country() -> Result<(), Box<dyn Error>> {
        let world = World::with_sales(&[("FR", 10.0), ("US", 25.0), ("FR", 20.0)]).await?;
        assert_eq!(best_country(&world.client).await?.as_deref(), Some("FR"));
        Ok(())
    }

    #[tokio::test]
    async fn best_country_is_none_without_sales() -> Result<(), Box<dyn Error>> {
        let world = World::with_sales(&[]).await?;
        assert_eq!(best_country(&world.client).await?, None);
        Ok(())
    }

    /// Detects a renamed column in CI, before production does. Run it with a client of your account.
    #[tokio::test]
    async fn declaration_matches_the_server() -> Result<(), Box<dyn Error>> {
        let world = World::with_sales(&[("FR", 10.0)]).await?;
        let drift = world.client.drift::<Sales>().await?;
        assert!(drift.is_empty(), "{drift:?}");
        Ok(())
    }
}
