//! The blocking client: the same calls, which wait.

use serde_json::json;
use serenytics::blocking;
use serenytics::prelude::*;
use serenytics_local::Local;

use crate::{Outcome, SALES, SALES_JSON, Sale, ordered, refused, sale, three_sales};

/// An engine that runs in a runtime of its own, as a server would.
struct Served {
    runtime: tokio::runtime::Runtime,
    local: Local,
    client: blocking::Client,
    folder: tempfile::TempDir,
}

fn serve() -> Result<Served, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let local = runtime.block_on(Local::open(folder.path().join("data")))?;
    let client = Client::builder().url(local.url()).api_key(local.api_key()).build_blocking()?;
    Ok(Served { runtime, local, client, folder })
}

#[test]
fn a_program_without_async_code_does_everything() -> Outcome {
    let served = serve()?;
    let client = &served.client;
    assert!(client.find_source("sales")?.is_none() && client.sources()?.is_empty());
    let mut sales = client.get_or_create_storage("sales")?;
    sales.insert(three_sales())?;
    sales.batch().insert([sale("IT", 4.0, Some(4))]).delete("country", ["FR"]).send()?;
    sales.push(json!({"country": "ES", "revenue": 5}))?;
    assert_eq!(sales.row_count()?, 4);
    assert_eq!(client.fetch(&SALES)?.len(), 4);
    assert_eq!(client.fetch_one(&query! { from Sale select count() })?.count, 4);
    assert_eq!(client.fetch_optional(&query! { from Sale where country == "ES" })?.map(|row| row.revenue), Some(5.0));
    assert_eq!(client.fetch_raw(&sales, &serde_json::from_str(SALES_JSON)?)?.rows.len(), 4);
    assert!(sales.value_formula("sum([revenue])")?.is_some());

    sales.reload((0..20_000).map(|number| sale("FR", f64::from(number), Some(i64::from(number))))).send()?;
    let rows = client.stream(&SALES)?.collect::<Result<Vec<Sale>, _>>()?;
    assert_eq!(rows.len(), 20_000);
    let copy = client.create_storage("copy")?;
    copy.reload_from_stream(client.stream(&SALES)?).send()?;
    assert_eq!(client.fetch_from(&copy, &SALES)?.len(), 20_000);
    copy.update("invoice", [sale("DE", 1.0, Some(1))]).timeout(std::time::Duration::from_secs(60)).send()?;
    assert_eq!(copy.row_count()?, 20_000);

    let path = served.folder.path().join("sales.csv.gz");
    sales.export().to_file(&path)?;
    copy.reload_from_csv(&path).declared_by::<Sale>().send()?;
    assert_eq!(ordered(client.fetch_from(&copy, &SALES)?), ordered(rows));
    assert_eq!(copy.export().rows::<Sale, Vec<serde_json::Value>>()?.count(), 20_000);

    sales.set_property("a", 1);
    sales.save()?;
    assert_eq!(client.source("sales")?.property("a"), Some(&json!(1)));
    assert!(refused(client.source("sale")).is_not_found());
    copy.delete()?;
    served.runtime.block_on(served.local.shutdown());
    Ok(())
}

#[cfg(feature = "arrow")]
#[test]
fn arrow_waits_too() -> Outcome {
    let served = serve()?;
    let sales = served.client.get_or_create_storage("sales")?;
    sales.insert(three_sales())?;
    let batches = served.client.stream_arrow(&SALES)?.collect::<Result<Vec<_>, _>>()?;
    sales.reload_from_arrow(batches).send()?;
    assert_eq!(served.client.fetch_arrow(&SALES)?[0].num_rows(), 3);
    assert_eq!(sales.export().arrow()?.count(), 1);
    Ok(())
}

#[test]
fn a_call_from_async_code_is_an_error_and_no_panic() -> Outcome {
    let served = serve()?;
    let client = served.client.clone();
    let error = served.runtime.block_on(async move { refused(client.sources()) });
    assert!(error.to_string().contains("use the async client"), "{error}");
    // Neither is its end.
    let client = Client::builder().url(served.local.url()).api_key("k").build_blocking()?;
    served.runtime.block_on(async move { drop(client) });
    Ok(())
}
