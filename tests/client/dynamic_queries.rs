//! Queries without the macro: filters, the builder, JSON pipelines, value formulas and joins.

use serde_json::{Value, json};
use serenytics::builder::{Filter, count, output};
use serenytics::prelude::*;
use serenytics::schema::{Schema, SourceRef};
use serenytics::wire::Pipeline;
use serenytics_core::DataSource;

use crate::{Engine, Outcome};

/// The storage `sales`, with a value formula.
#[derive(Source)]
#[source(name = "sales")]
struct Sales {
    country: String,
    revenue: f64,
    invoice: Option<i64>,
    #[column(formula = "sum([revenue]) / count()")]
    mean: Option<f64>,
}

#[derive(Debug, PartialEq, Row)]
struct Total {
    country: String,
    total: f64,
    count: i64,
}

#[tokio::test]
async fn built_query_returns_rows() -> Outcome {
    let engine = Engine::open().await?;
    engine.sales().await?;
    let mut query = Sales::query().group_by(|s| s.country).select(|s| s.revenue.sum().named("total"));
    for country in ["FR", "DE"] {
        query = query.filter(|s| s.country.ne(format!("not {country}")));
    }
    let query = query.select(|_| count()).order_by(|_| output("total").desc()).limit(2).build::<Total>()?;
    let total = |country: &str, total| Total { country: country.to_owned(), total, count: 1 };
    assert_eq!(engine.client.fetch(&query).await?, [total("FR", 12.5), total("DE", 3.0)]);

    let cells = Sales::query().filter(|s| s.invoice.is_not_defined()).build::<Vec<Value>>()?;
    assert_eq!(engine.client.fetch(&cells).await?, [[json!("DE"), json!(3.0), Value::Null]]);
    Ok(())
}

#[tokio::test]
async fn filter_is_spliced_into_a_query() -> Outcome {
    let engine = Engine::open().await?;
    engine.sales().await?;
    let positive = Sales::filter(|s| s.revenue.gt(0));
    let rows = engine.client.fetch(&query! { from Sales where ..{&positive}, country != "FR" select country }).await?;
    assert_eq!(rows.iter().map(|row| row.country.as_str()).collect::<Vec<_>>(), ["DE"]);
    let everything = query! { from Sales where ..{None::<Filter<Sales>>}? select count() };
    assert_eq!(engine.client.fetch(&everything).await?[0].count, 3);
    Ok(())
}

#[tokio::test]
async fn value_formula_in_a_query_is_one_number() -> Outcome {
    let engine = Engine::open().await?;
    engine.sales().await?;
    let rows = engine.client.fetch(&query! { from Sales where revenue > 0 select mean }).await?;
    assert_eq!(rows.iter().map(|row| row.mean).collect::<Vec<_>>(), [Some(7.75)]);
    let of_nothing = query! { from Sales where country == "XX" select mean as average };
    assert_eq!(engine.client.fetch(&of_nothing).await?[0].average, None);
    Ok(())
}

#[tokio::test]
async fn pipeline_from_json_is_checked_and_runs() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let rows =
        run(&engine, &sales, json!({"select": ["country"], "where": [{"name": "invoice", "op": "==", "value": 1}]}));
    assert_eq!(rows.await?, [[json!("FR")]]);
    let error = run(&engine, &sales, json!({"select": ["contry"]})).await.unwrap_err();
    assert!(error.to_string().contains("did you mean `country`?"), "{error}");
    Ok(())
}

#[tokio::test]
async fn join_is_queried_by_the_columns_of_its_storages() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let regions = engine.client.get_or_create_storage("regions").await?;
    let region = |code: &str, name: &str| crate::map(json!({"code": code, "name": name}));
    regions.insert([region("FR", "west"), region("DE", "middle"), region("IT", "south")]).await?;
    let (left, right) = (sales.uuid(), regions.uuid());
    let config = json!([
        {"uuid": left, "prefix": "sales"},
        {"uuid": right, "prefix": "regions", "on": [{"left": format!("{left}.country"), "right": "code"}]},
    ]);
    let body = json!({"name": "sales by region", "type": "InnerJoin", "jsonContent": {"joinConfig": config}});
    let request = reqwest::Client::new().post(format!("{}/api/data_source", engine.local.url()));
    let request = request.header("x-api-key", engine.local.api_key()).body(body.to_string());
    assert_eq!(request.send().await?.status(), 201);
    let join = engine.client.source("sales by region").await?;
    let stage = json!({
        "group_by": [format!("{right}.name")],
        "select": [{"name": format!("{left}.revenue"), "agg_function": "sum"}],
        "order_by": [{"name": format!("{right}.name")}],
    });
    let rows = run(&engine, &join, stage).await?;
    assert_eq!(rows, [[json!("middle"), json!(3.0)], [json!("west"), json!(12.5)]]);
    Ok(())
}

/// Runs a stage in JSON, checked against the live columns of its source.
async fn run(
    engine: &Engine,
    source: &DataSource,
    stage: Value,
) -> Result<Vec<Vec<Value>>, Box<dyn std::error::Error>> {
    let schema = Schema::from_titles(SourceRef::Uuid(source.uuid().to_owned().into()), &source.columns().await?);
    let pipeline = Pipeline::from_json(&json!({"data_processing_pipeline": [stage]}).to_string())?;
    Ok(engine.client.fetch(&pipeline.query(&schema)?).await?)
}
