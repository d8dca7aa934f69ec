//! The data API: what a key of its own reads.

use serde_json::json;
use serenytics::wire::{Pipeline, Stage};
use serenytics_core::Client;
use serenytics_query::vocabulary::ColumnType;

use crate::{Outcome, Served, refused};

#[tokio::test]
async fn a_key_of_the_data_api_reads_what_was_opened_to_it() -> Outcome {
    let served = Served::open(|builder| builder.data_api_key("reader-7f3a91").data_api_source("sales")).await?;
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
        refused(data_api.columns(hidden.uuid()).await),
        refused(data_api.query(hidden.uuid(), &query).await),
        refused(data_api.query_csv(hidden.uuid(), &query, &mut Vec::new()).await),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
    for error in [refused(client.sources().await), refused(served.client.data_api().sources().await)] {
        assert!(error.is_unauthorized(), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn an_empty_storage_says_so_in_both_formats() -> Outcome {
    let served = Served::open(|builder| builder.data_api_key("reader-7f3a91").data_api_source("empty")).await?;
    let empty = served.client.get_or_create_storage("empty").await?;
    let data_api = Client::builder().url(served.server.url()).api_key("reader-7f3a91").build()?.data_api();
    let query = Pipeline::default();
    let mut csv = Vec::new();
    for error in [
        refused(data_api.columns(empty.uuid()).await),
        refused(data_api.query(empty.uuid(), &query).await),
        refused(data_api.query_csv(empty.uuid(), &query, &mut csv).await),
    ] {
        assert!(error.is_rejected() && error.to_string().contains("Storage source is empty"), "{error}");
    }
    assert!(csv.is_empty());
    Ok(())
}
