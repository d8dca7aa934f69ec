//! Filters that depend on run-time values: optional conditions, lists, and conditions built in a loop.
//!
//! `cargo run --example run_time_filters` needs no account and no network.

use std::error::Error;

use serenytics::builder::Filter;
use serenytics::prelude::*;
use serenytics_local::Local;

#[derive(Source)]
#[source(name = "sales")]
struct Sales {
    country: String,
    product: String,
    revenue: f64,
}

/// The fields of a search form. A user can leave each of them empty.
#[derive(Default)]
struct Form {
    countries: Vec<String>,
    minimum: Option<f64>,
    excluded_products: Vec<&'static str>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let client = engine.client();
    let sales = client.get_or_create_storage("sales").await?;
    sales.insert([sale("FR", "tea", 40.0), sale("FR", "coffee", 15.0), sale("US", "tea", 60.0)]).await?;

    let everything = Form::default();
    assert_eq!(total(&client, &everything).await?, Some(115.0));

    let large = Form { minimum: Some(20.0), ..Form::default() };
    assert_eq!(total(&client, &large).await?, Some(100.0));

    let form = Form { countries: vec!["FR".to_owned()], excluded_products: vec!["coffee"], ..Form::default() };
    assert_eq!(total(&client, &form).await?, Some(40.0));
    Ok(())
}

/// Returns the revenue of the sales that match the form, or `None` if no sale does.
async fn total(client: &Client, form: &Form) -> Result<Option<f64>, serenytics::Error> {
    let minimum = form.minimum;
    let q = query! {
        from Sales
        where revenue >= {minimum}?, ..{conditions(form)}
        select sum(revenue) as total
    };
    println!("{q}");
    let total = client.fetch_one(&q).await?.total;
    println!("-> {total:?}\n");
    Ok(total)
}

/// Builds a list of conditions whose length is only known at run time.
fn conditions(form: &Form) -> Filter<Sales> {
    let mut filter = Filter::default();
    if !form.countries.is_empty() {
        filter = filter.and(Sales::filter(|s| s.country.is_in(&form.countries)));
    }
    for product in &form.excluded_products {
        filter = filter.and(Sales::filter(|s| s.product.ne(product)));
    }
    filter
}

fn sale(country: &str, product: &str, revenue: f64) -> Sales {
    Sales { country: country.to_owned(), product: product.to_owned(), revenue }
}
