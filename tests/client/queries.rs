//! Queries: typed rows, other sources, drift, untyped results, and value formulas.

use std::borrow::Cow;

use serde_json::{Value, json};
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::query::Query;
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::source::named;
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::Pipeline;

use crate::{Engine, Outcome, SALES, SALES_JSON, error_of, map, ordered, sale, three_sales};

#[tokio::test]
async fn query_returns_the_inserted_rows() -> Outcome {
    let engine = Engine::open().await?;
    engine.sales().await?;
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), ordered(three_sales()));
    Ok(())
}

#[tokio::test]
async fn query_returns_many_rows_in_many_chunks() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    let rows: Vec<_> = (0..20_000).map(|n| sale(&format!("country {n:05}"), n as f64 / 8.0, Some(n))).collect();
    sales.insert(rows.clone()).await?;
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), rows);
    assert_eq!(sales.row_count().await?, 20_000);
    Ok(())
}

#[tokio::test]
async fn query_on_an_ambiguous_name_is_an_error() -> Outcome {
    let engine = Engine::open().await?;
    engine.sales().await?;
    engine.client.create_storage("sales").await?;
    let error = error_of(engine.client.fetch(&SALES).await);
    assert!(error.to_string().contains("2 sources are named `sales`"), "{error}");
    Ok(())
}

#[tokio::test]
async fn query_on_an_empty_storage_returns_no_rows() -> Outcome {
    let engine = Engine::open().await?;
    engine.client.get_or_create_storage("sales").await?;
    assert!(engine.client.fetch(&SALES).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn fetch_from_runs_a_query_on_another_source() -> Outcome {
    let engine = Engine::open().await?;
    engine.sales().await?;
    let staging = engine.client.get_or_create_storage("sales staging").await?;
    staging.insert([sale("IT", 1.0, Some(2))]).await?;
    assert_eq!(engine.client.fetch_from(&staging, &SALES).await?, [sale("IT", 1.0, Some(2))]);
    assert_eq!(engine.client.fetch(&SALES).await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn fetch_raw_runs_an_untyped_query() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let mut options: Pipeline = serde_json::from_str(SALES_JSON)?;
    options.data_processing_pipeline[0].conditions = serde_json::from_value(json!([
        {"name": "country", "op": "in", "value": "[\"DE\",\"IT\"]"},
    ]))?;
    let answer = engine.client.fetch_raw(&sales, &options).await?;
    let names: Vec<_> = answer.columns.iter().map(|title| title.name.as_str()).collect();
    assert_eq!(names, ["country", "revenue", "invoice"]);
    assert_eq!(answer.rows, [vec![json!("DE"), json!(3.0), json!(null)]]);
    options.data_processing_pipeline[0].select = serde_json::from_value(json!(["contry"]))?;
    let error = error_of(engine.client.fetch_raw(&sales, &options).await);
    assert!(error.is_rejected() && error.to_string().contains("contry"), "{error}");
    Ok(())
}

#[tokio::test]
async fn drift_is_an_error_rather_than_wrong_data() -> Outcome {
    const COUNTRY: &str = r#"{"order":"row_by_row","data_processing_pipeline":[{"select":["country"]}]}"#;
    const AS_DATE: &[OutputColumn] =
        &[OutputColumn::fixed("country", "country", OutputType::Column(ColumnType::DateTime), false, true)];
    const FILLED: &[OutputColumn] =
        &[OutputColumn::fixed("invoice", "invoice", OutputType::Column(ColumnType::Int), false, true)];
    fn text(cells: &mut CellReader<'_>) -> Result<String, CellError> {
        cells.next()
    }
    fn integer(cells: &mut CellReader<'_>) -> Result<i64, CellError> {
        cells.next()
    }
    let engine = Engine::open().await?;
    engine.sales().await?;
    let query = Query::fixed(named("sales"), COUNTRY, Cow::Borrowed(AS_DATE), text, Cow::Borrowed(&[]));
    let error = error_of(engine.client.fetch(&query).await);
    assert!(error.is_decode(), "{error}");
    assert!(
        error.to_string().contains("column `country` is declared as datetime, but the server returned str"),
        "{error}"
    );

    let invoices = COUNTRY.replace("country", "invoice").leak();
    let query = Query::fixed(named("sales"), invoices, Cow::Borrowed(FILLED), integer, Cow::Borrowed(&[]));
    let error = error_of(engine.client.fetch(&query).await);
    assert!(error.to_string().contains("column `invoice`: expected a 64-bit integer, found `null`"), "{error}");
    Ok(())
}

#[tokio::test]
async fn query_finds_a_source_that_was_created_again() -> Outcome {
    let engine = Engine::open().await?;
    let first = engine.sales().await?;
    assert_eq!(engine.client.fetch(&SALES).await?.len(), 3);
    // Another client, so that this one still knows the old uuid.
    let other = engine.local.client();
    other.source("sales").await?.delete().await?;
    let second = other.get_or_create_storage("sales").await?;
    second.insert([map(json!({"country": "IT", "revenue": 1.0, "invoice": 3}))]).await?;
    assert_ne!(first.uuid(), second.uuid());
    assert_eq!(engine.client.fetch(&SALES).await?, [sale("IT", 1.0, Some(3))]);

    other.source("sales").await?.delete().await?;
    let error = error_of(engine.client.fetch(&SALES).await);
    assert!(error.is_not_found() && error.to_string().contains("no source named `sales`"), "{error}");
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
