//! Data sources: finding by name and uuid, listing, creating, describing, saving and deleting.

use serde_json::json;
use serenytics_core::{Client, SourceType};
use serenytics_query::vocabulary::ColumnType;

use crate::{Engine, Outcome, SALES, error_of, map, ordered, three_sales};

#[tokio::test]
async fn source_is_found_by_name_by_uuid_and_in_the_list() -> Outcome {
    let engine = Engine::open().await?;
    let client = &engine.client;
    assert!(client.sources().await?.is_empty());
    assert!(client.find_source("sales").await?.is_none());

    let made = client.get_or_create_storage("sales").await?;
    assert_eq!((made.name(), made.source_type()), ("sales", &SourceType::Storage));
    let other = client.get_or_create_storage("Übersicht & \"mehr\"").await?;
    for found in [
        client.get_or_create_storage("sales").await?,
        client.source("sales").await?,
        client.find_source("sales").await?.ok_or("no source")?,
        client.source_by_uuid(made.uuid()).await?,
    ] {
        assert_eq!(found.uuid(), made.uuid());
        assert_eq!(found.config(), made.config());
    }
    assert_eq!(client.source(other.name()).await?.uuid(), other.uuid());
    let mut names: Vec<_> = client.sources().await?.iter().map(|source| source.name().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["sales", "Übersicht & \"mehr\""]);
    engine.local.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn unknown_source_error_suggests_a_name() -> Outcome {
    let engine = Engine::open().await?;
    engine.client.get_or_create_storage("sales").await?;
    let error = error_of(engine.client.source("sale").await);
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "there is no source named `sale`; did you mean `sales`?");
    for uuid in ["00000000-0000-4000-8000-000000000000", "no uuid", "../task/1", ""] {
        let error = error_of(engine.client.source_by_uuid(uuid).await);
        assert!(error.is_not_found(), "{uuid}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn source_returns_its_columns_and_row_count() -> Outcome {
    let engine = Engine::open().await?;
    let empty = engine.client.get_or_create_storage("empty").await?;
    assert_eq!((empty.columns().await?.len(), empty.row_count().await?), (0, 0));
    let sales = engine.sales().await?;
    let columns = sales.columns().await?;
    let types: Vec<_> = columns.iter().map(|title| (title.name.as_str(), title.column_type())).collect();
    assert_eq!(
        types,
        [("country", Some(ColumnType::Str)), ("revenue", Some(ColumnType::Float)), ("invoice", Some(ColumnType::Int)),]
    );
    assert_eq!(sales.row_count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn deleted_source_is_not_found() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    sales.clone().delete().await?;
    assert!(engine.client.find_source("sales").await?.is_none());
    for error in [
        error_of(sales.columns().await),
        error_of(sales.row_count().await),
        error_of(sales.insert(three_sales()).await),
        error_of(engine.client.source_by_uuid(sales.uuid()).await),
        error_of(sales.delete().await),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn wrong_api_key_is_an_unauthorized_error() -> Outcome {
    let engine = Engine::open().await?;
    let client = Client::builder().url(engine.local.url()).api_key("canary-of-a-key").build()?;
    let error = error_of(client.sources().await);
    assert!(error.is_unauthorized() && error.status() == Some(401), "{error}");
    assert!(error.to_string().contains("check your API key"), "{error}");
    assert!(!format!("{error} {error:?} {client:?}").contains("canary"));
    Ok(())
}

#[tokio::test]
async fn stopped_server_is_a_connection_error() -> Outcome {
    let engine = Engine::open().await?;
    engine.local.shutdown().await;
    let client = engine.client.with_timeout(std::time::Duration::from_millis(300));
    let error = error_of(client.sources().await);
    assert!(error.is_connection(), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn users_metadata_is_reloaded_from_a_source_of_logins() -> Outcome {
    let engine = Engine::open().await?;
    let users = engine.client.get_or_create_storage("users").await?;
    users.insert([json!({"login": "ada", "region": "north"})]).await?;
    users.reload_users_metadata().await?;
    Ok(())
}

#[tokio::test]
async fn properties_are_set_and_saved() -> Outcome {
    let engine = Engine::open().await?;
    let mut sales = engine.sales().await?;
    assert_eq!(sales.property("server_ip"), None);
    sales.set_property("server_ip", "sql.example.com");
    sales.set_property("deep", json!({"a": [1, null]}));
    sales.set_name("sold");
    sales.save().await?;
    assert!(engine.client.find_source("sales").await?.is_none());
    let mut found = engine.client.source("sold").await?;
    assert_eq!(found.property("server_ip"), Some(&json!("sql.example.com")));
    assert_eq!(found.config(), sales.config());
    found.set_property("server_ip", 3);
    found.refresh().await?;
    assert_eq!(found.property("server_ip"), Some(&json!("sql.example.com")));
    found.invalidate_cache().await?;
    assert_eq!(found.row_count().await?, 3);

    let made = engine.client.create_storage("sold").await?;
    assert_ne!(made.uuid(), found.uuid());
    assert_eq!(ordered(engine.client.fetch_from(&found, &SALES).await?), ordered(three_sales()));
    made.insert([map(json!({"a": 1}))]).await?;
    made.delete().await?;
    for error in
        [error_of(found.clone().delete().await.and(found.save().await)), error_of(found.invalidate_cache().await)]
    {
        assert!(error.is_not_found(), "{error}");
    }
    Ok(())
}
