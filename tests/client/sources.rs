//! Data sources: found by name, by uuid and in the list, made, described and deleted.

use serenytics_core::{Client, SourceType};
use serenytics_query::vocabulary::ColumnType;

use crate::{Engine, Outcome, refused};

#[tokio::test]
async fn sources_are_found_by_name_by_uuid_and_in_the_list() -> Outcome {
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
async fn unknown_sources_are_told_with_what_was_meant() -> Outcome {
    let engine = Engine::open().await?;
    engine.client.get_or_create_storage("sales").await?;
    let error = refused(engine.client.source("sale").await);
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "there is no source named `sale`; did you mean `sales`?");
    for uuid in ["00000000-0000-4000-8000-000000000000", "no uuid", "../task/1", ""] {
        let error = refused(engine.client.source_by_uuid(uuid).await);
        assert!(error.is_not_found(), "{uuid}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_source_tells_its_columns_and_the_number_of_its_rows() -> Outcome {
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
async fn a_deleted_source_is_gone() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    sales.clone().delete().await?;
    assert!(engine.client.find_source("sales").await?.is_none());
    for error in [
        refused(sales.columns().await),
        refused(sales.row_count().await),
        refused(sales.insert(crate::three_sales()).await),
        refused(engine.client.source_by_uuid(sales.uuid()).await),
        refused(sales.delete().await),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_key_is_told() -> Outcome {
    let engine = Engine::open().await?;
    let client = Client::builder().url(engine.local.url()).api_key("canary-of-a-key").build()?;
    let error = refused(client.sources().await);
    assert!(error.is_unauthorized() && error.status() == Some(401), "{error}");
    assert!(error.to_string().contains("check your API key"), "{error}");
    assert!(!format!("{error} {error:?} {client:?}").contains("canary"));
    Ok(())
}

#[tokio::test]
async fn a_server_that_was_stopped_cannot_be_reached() -> Outcome {
    let engine = Engine::open().await?;
    engine.local.shutdown().await;
    let client = engine.client.with_timeout(std::time::Duration::from_millis(300));
    let error = refused(client.sources().await);
    assert!(error.is_connection(), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn users_metadata_are_read_again_from_a_source_of_logins() -> Outcome {
    let engine = Engine::open().await?;
    let users = engine.client.get_or_create_storage("users").await?;
    users.insert([serde_json::json!({"login": "ada", "region": "north"})]).await?;
    users.reload_users_metadata().await?;
    Ok(())
}
