//! Named row types: a query written as a function, and a query that fills a struct of your own.
//!
//! `cargo run --example row_structs` needs no account and no network.

use std::error::Error;

use serenytics::prelude::*;
use serenytics_local::Local;

#[derive(Source)]
#[source(name = "sales")]
struct Sales {
    country: String,
    revenue: f64,
    invoice: Option<i64>,
}

query! {
    /// Returns a query for the countries with the highest revenue.
    ///
    /// The macro writes the struct `TopCountry` with the fields `country` and `total`.
    #[derive(serde::Serialize)]
    fn top_countries(minimum: f64, limit: u32) -> Query<TopCountry> {
        from Sales
        where revenue >= {minimum}
        group_by country
        select sum(revenue) as total
        order_by total desc
        limit {limit}
    }
}

/// An invoice. The fields have the names and the types of the query's outputs.
#[derive(Debug, PartialEq, Row)]
struct Invoice {
    invoice: Option<i64>,
    revenue: f64,
}

impl Invoice {
    fn is_paid(&self) -> bool {
        self.invoice.is_some()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let client = engine.client();
    let sales = client.get_or_create_storage("sales").await?;
    sales
        .insert([
            Sales { country: "FR".to_owned(), revenue: 120.0, invoice: Some(1) },
            Sales { country: "US".to_owned(), revenue: 15.0, invoice: Some(2) },
            Sales { country: "US".to_owned(), revenue: 90.0, invoice: None },
        ])
        .await?;

    // The function can be called anywhere, and its rows can be stored, compared and serialized.
    let countries: Vec<TopCountry> = client.fetch(&top_countries(10.0, 2)).await?;
    let json = serde_json::to_string(&countries)?;
    println!("{json}");
    assert_eq!(json, r#"[{"country":"FR","total":120.0},{"country":"US","total":105.0}]"#);

    // `into` fills a struct that derives `Row`, which can have methods.
    let q = query! { from Sales where country == "US" select invoice, revenue order_by revenue into Invoice };
    let invoices: Vec<Invoice> = client.fetch(&q).await?;
    println!("{invoices:?}");
    assert_eq!(invoices[0], Invoice { invoice: Some(2), revenue: 15.0 });
    assert_eq!(invoices.iter().filter(|invoice| invoice.is_paid()).count(), 1);
    Ok(())
}
