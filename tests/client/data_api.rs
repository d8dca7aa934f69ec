//! The data API: what a data API key can read.

use serde_json::json;
use serenytics::wire::{Pipeline, Stage};
use serenytics_core::Client;
use serenytics_query::vocabulary::ColumnType;

use crate::{Outcome, TestServer, error_of};

#[tokio::test]
async fn data_api_key_reads_only_its_sources() -> Outcome {
    let served = TestServer::open(|builder| builder.data_api_key("reader-7f3a91").data_api_source("sales")).await?;
    let sales = served.sales().await?;
    let hidden = served.client.get_or_create_storage("wages").await?;
    let client = Client::builder().url(served.server.url()).api_key("reader-7f3a91").build()?;
    let data_api = client.data_api();
    let sources: Vec<_> = data_api.sources().await?.into_iter().map(|source| (source.uuid, source.name)).collect();
    assert_eq!(sources, [(sales.uuid().to_owned(), "sales".to_owned())]);
    let columns = data_api.columns(sales.uuid()).await?;
    let columns: Vec<_> = columns.iter().map(|title| (title.name.as_str(), title.column_type())).collect();
    let expected =
        [("country", Some(ColumnType::Str)), ("revenue", Some(ColumnType::Float)), ("invoice", Some(ColumnType::Int))];
    assert_eq!(columns, expected);

    let all = data_api.query(sales.uuid(), &Pipeline::default()).await?;
    assert_eq!((all.columns.len(), all.rows.len()), (3, 3));
    let stage: Stage = serde_json::from_value(json!({
        "select": ["country", "revenue"], "where": [{"name": "revenue", "op": ">", "value": "1"}], "order_by": ["revenue"],
    }))?;
    let query = Pipeline { data_processing_pipeline: vec![stage], ..Pipeline::default() };
    assert_eq!(json!(data_api.query(sales.uuid(), &query).await?.rows), json!([["DE", 3.0], ["FR", 12.5]]));
    let mut csv = Vec::new();
    let written = data_api.query_csv(sales.uuid(), &query, &mut csv).await?;
    assert_eq!(String::from_utf8(csv)?, "country,revenue\nDE,3.0\nFR,12.5\n");
    assert_eq!(written, 31);

    for error in [
        error_of(data_api.columns(hidden.uuid()).await),
        error_of(data_api.query(hidden.uuid(), &query).await),
        error_of(data_api.query_csv(hidden.uuid(), &query, &mut Vec::new()).await),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
    for error in [error_of(client.sources().await), error_of(served.client.data_api().sources().await)] {
        assert!(error.is_unauthorized(), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn data_api_reports_an_empty_storage_in_both_formats() -> Outcome {
    let served = TestServer::open(|builder| builder.data_api_key("reader-7f3a91").data_api_source("empty")).await?;
    let empty = served.client.get_or_create_storage("empty").await?;
    let data_api = Client::builder().url(served.server.url()).api_key("reader-7f3a91").build()?.data_api();
    let query = Pipeline::default();
    let mut csv = Vec::new();
    for error in [
        error_of(data_api.columns(empty.uuid()).await),
        error_of(data_api.query(empty.uuid(), &query).await),
        error_of(data_api.query_csv(empty.uuid(), &query, &mut csv).await),
    ] {
        assert!(error.is_rejected() && error.to_string().contains("Storage source is empty"), "{error}");
    }
    assert!(csv.is_empty());
    Ok(())
}
