//! Streams, single rows, untyped results by row and by column, value formulas, and properties of sources.

use serde_json::{Value, json};
use serenytics::prelude::*;
use serenytics_query::wire::Pipeline;

use crate::{Engine, Outcome, SALES, SALES_JSON, Sale, error_of, map, ordered, sale, three_sales};

#[tokio::test]
async fn stream_returns_all_rows() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    assert_eq!(engine.client.stream(&SALES).await?.try_next().await?, None);
    sales.insert((0..20_000).map(|number| sale("FR", f64::from(number), Some(i64::from(number))))).await?;
    let mut rows = engine.client.stream(&SALES).await?;
    let (mut count, mut sum) = (0, 0);
    while let Some(row) = rows.try_next().await? {
        count += 1;
        sum += row.invoice.unwrap_or_default();
    }
    assert_eq!((count, sum), (20_000, 199_990_000));
    assert_eq!(rows.try_next().await?, None);

    let staging = engine.client.get_or_create_storage("staging").await?;
    staging.insert([sale("IT", 1.0, Some(1))]).await?;
    let mut rows = engine.client.stream_from(&staging, &SALES).await?;
    assert_eq!(rows.try_next().await?, Some(sale("IT", 1.0, Some(1))));
    Ok(())
}

#[tokio::test]
async fn dropped_stream_leaves_the_client_usable() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    sales.insert((0..50_000).map(|number| sale("FR", f64::from(number), Some(1)))).await?;
    for _ in 0..3 {
        let mut rows = engine.client.stream(&SALES).await?;
        assert!(rows.try_next().await?.is_some());
    }
    assert_eq!(sales.row_count().await?, 50_000);
    Ok(())
}

#[tokio::test]
async fn fetch_one_and_fetch_optional_return_a_single_row() -> Outcome {
    let engine = Engine::open().await?;
    engine.sales().await?;
    let client = &engine.client;
    let count = query! { from Sale select count(), sum(revenue) };
    assert_eq!(client.fetch_one(&count).await?.count, 3);
    let german = query! { from Sale where country == "DE" };
    assert_eq!(client.fetch_optional(&german).await?.map(|row| row.revenue), Some(3.0));
    let none = query! { from Sale where country == "XX" };
    assert!(client.fetch_optional(&none).await?.is_none());
    let error = error_of(client.fetch_one(&none).await);
    assert!(error.is_not_found() && error.to_string().contains("returned no row"), "{error}");
    for error in [error_of(client.fetch_one(&SALES).await), error_of(client.fetch_optional(&SALES).await)] {
        assert!(error.to_string().contains("more than one row"), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn get_data_returns_all_rows_and_columns() -> Outcome {
    let engine = Engine::open().await?;
    let empty = engine.client.get_or_create_storage("empty").await?;
    assert!(empty.get_data().await?.columns.is_empty());
    let sales = engine.sales().await?;
    let data = sales.get_data().await?;
    assert_eq!(data.names().collect::<Vec<_>>(), ["country", "revenue", "invoice"]);
    assert_eq!(data.rows.len(), 3);
    let countries: Vec<_> = data.column("country").ok_or("no column")?.collect();
    assert!(countries.contains(&&json!("FR")) && data.column("contry").is_none());
    Ok(())
}

#[tokio::test]
async fn untyped_result_is_returned_by_rows_or_by_columns() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let mut options: Pipeline = serde_json::from_str(SALES_JSON)?;
    options.data_processing_pipeline[0].order_by =
        serde_json::from_value(json!([{"name": "revenue", "direction": "asc"}]))?;
    let rows = sales.query(&options).await?.rows;
    let error = error_of(engine.client.fetch_columns(&sales, &options).await);
    assert!(error.to_string().contains("use `fetch_raw`"), "{error}");
    options.order = None;
    assert_eq!(engine.client.fetch_raw(&sales, &options).await?.rows, rows);
    let columns = engine.client.fetch_columns(&sales, &options).await?;
    for (index, title) in columns.columns.iter().enumerate() {
        let expected: Vec<Value> = rows.iter().map(|row| row[index].clone()).collect();
        assert_eq!(columns.column(&title.name).ok_or("no column")?, expected);
    }
    options.order = Some("column_by_column".to_owned());
    assert_eq!(engine.client.fetch_columns(&sales, &options).await?, columns);
    let error = error_of(engine.client.fetch_raw(&sales, &options).await);
    assert!(error.to_string().contains("use `fetch_columns`"), "{error}");

    options.data_processing_pipeline[0].conditions =
        serde_json::from_value(json!([{"name": "country", "op": "==", "value": "XX"}]))?;
    let nothing = engine.client.fetch_columns(&sales, &options).await?;
    assert_eq!((nothing.columns.len(), nothing.cells), (3, vec![Vec::<Value>::new(); 3]));
    let empty = engine.client.get_or_create_storage("empty").await?;
    assert!(engine.client.fetch_columns(&empty, &options).await?.columns.is_empty());
    Ok(())
}

#[tokio::test]
async fn value_formula_is_a_number() -> Outcome {
    let engine = Engine::open().await?;
    let empty = engine.client.get_or_create_storage("empty").await?;
    assert_eq!(empty.value_formula("sum([revenue])").await?, None);
    let sales = engine.sales().await?;
    let expected: f64 = three_sales().iter().map(|sale| sale.revenue).sum();
    assert_eq!(sales.value_formula("sum([revenue]) / count()").await?, Some(expected / 3.0));
    let error = error_of(sales.value_formula("sum([revenu])").await);
    assert!(error.is_rejected(), "{error}");
    let error = error_of(sales.value_formula("revenue").await);
    assert!(error.to_string().contains("`revenue` is not a value formula: it returned 3 rows"), "{error}");
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
