//! Exports: files, typed rows, Arrow batches, and loads of what was exported.

use serde_json::{Value, json};
use serenytics::prelude::*;
use serenytics_core::{ExportFormat, SourceType};

use crate::{Engine, Outcome, SALES, Sale, ordered, sale, three_sales};

#[derive(Debug, Clone, PartialEq, Row)]
struct Exported {
    invoice: Option<i64>,
    country: String,
}

#[tokio::test]
async fn export_to_file_can_be_loaded_again() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let copy = engine.client.get_or_create_storage("copy").await?;
    for name in ["sales.csv", "sales.csv.gz"] {
        let path = engine.folder.path().join(name);
        let exported = sales.export().separator(';').to_file(&path).await?;
        assert_eq!(
            (exported.bytes, exported.format.word()),
            (std::fs::metadata(&path)?.len(), &name["sales.".len()..])
        );
        copy.reload_from_csv(&path).separator(';').schema::<Sale>().send().await?;
        assert_eq!(ordered(engine.client.fetch_from(&copy, &SALES).await?), ordered(three_sales()), "{name}");
    }
    let path = engine.folder.path().join("sales.parquet");
    assert_eq!(sales.export().to_file(&path).await?.format, ExportFormat::Parquet);
    assert_eq!(std::fs::read(&path)?[..4], *b"PAR1");
    Ok(())
}

#[tokio::test]
async fn export_to_rows_returns_typed_rows() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let mut rows = sales.export().rows::<Sale, Exported>().await?;
    let mut found = Vec::new();
    while let Some(row) = rows.try_next().await? {
        found.push(row);
    }
    found.sort_by_key(|row| row.country.clone());
    let mut expected: Vec<_> =
        three_sales().into_iter().map(|sale| Exported { invoice: sale.invoice, country: sale.country }).collect();
    expected.sort_by_key(|row| row.country.clone());
    assert_eq!(found, expected);

    let many = (0..100_000).map(|number| sale("FR", f64::from(number), Some(i64::from(number))));
    sales.reload(many).send().await?;
    let mut rows = sales.export().rows::<Sale, Vec<Value>>().await?;
    let (mut count, mut sum) = (0, 0);
    while let Some(row) = rows.try_next().await? {
        count += 1;
        sum += row[2].as_i64().ok_or("no invoice")?;
    }
    assert_eq!((count, sum), (100_000, 4_999_950_000));
    Ok(())
}

#[cfg(feature = "arrow")]
#[tokio::test]
async fn export_to_arrow_can_be_loaded_again() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    sales.reload((0..50_000).map(|number| sale("FR", f64::from(number), Some(i64::from(number))))).send().await?;
    let mut batches = sales.export().arrow().await?;
    let mut kept = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        kept.push(batch);
    }
    assert!(kept.len() > 3);
    let copy = engine.client.get_or_create_storage("copy").await?;
    copy.reload_from_arrow(kept).send().await?;
    let mut expected = engine.client.fetch(&SALES).await?;
    let mut found = engine.client.fetch_from(&copy, &SALES).await?;
    expected.sort_by_key(|sale| sale.invoice);
    found.sort_by_key(|sale| sale.invoice);
    assert!(found == expected);
    let empty = engine.client.get_or_create_storage("empty").await?;
    let mut none = empty.export().arrow().await?;
    assert!(none.schema().fields().is_empty() && none.try_next().await?.is_none());
    Ok(())
}

#[tokio::test]
async fn export_of_a_join_contains_the_columns_of_its_sources() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    sales.insert([sale("FR", 1.0, Some(1)), sale("XX", 2.0, Some(2))]).await?;
    let regions = engine.client.get_or_create_storage("regions").await?;
    regions.insert([json!({"country": "FR", "name": "Europe"})]).await?;
    let (left, right) = (sales.uuid(), regions.uuid());
    let body = json!({"name": "both", "type": "InnerJoin", "jsonContent": {"joinConfig": [
        {"uuid": left, "prefix": "s"},
        {"uuid": right, "prefix": "r", "on": [{"left": format!("{left}.country"), "right": "country"}]},
    ]}});
    let http = reqwest::Client::new();
    let url = format!("{}/api/data_source", engine.local.url().trim_end_matches('/'));
    let made = http.post(url).header("x-api-key", engine.local.api_key()).body(body.to_string()).send().await?;
    assert!(made.status().is_success());
    let join = engine.client.source("both").await?;
    assert_eq!(join.source_type(), &SourceType::InnerJoin);
    let data = join.get_data().await?;
    assert_eq!((data.rows.len(), data.columns.len()), (1, 5));
    let path = engine.folder.path().join("both.csv");
    join.export().to_file(&path).await?;
    assert!(std::fs::read_to_string(&path)?.contains("Europe"));
    #[cfg(feature = "arrow")]
    {
        let mut batches = join.export().arrow().await?;
        let batch = batches.try_next().await?.ok_or("no batch")?;
        assert_eq!((batch.num_rows(), batch.num_columns()), (1, 5));
    }
    Ok(())
}
