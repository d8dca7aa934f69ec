//! Measures: queries that use them, and drift of their declarations.

use serde_json::json;
use serenytics::prelude::*;
use serenytics_core::DataSource;

use crate::{Engine, Outcome, error_of};

/// The storage `sales` with two measures.
#[derive(Source)]
#[source(name = "sales")]
struct Sales {
    country: String,
    revenue: f64,
    #[column(measure, name = "double revenue")]
    double: f64,
    #[column(measure)]
    half: Option<f64>,
}

impl Engine {
    /// Sets the measures of a source: their uuids, names and formulas.
    async fn measures(&self, source: &DataSource, measures: &[(&str, &str, &str)]) -> Outcome {
        let measures: serde_json::Map<String, serde_json::Value> = measures
            .iter()
            .map(|(uuid, name, formula)| {
                ((*uuid).to_owned(), json!({"name": name, "type": "formula", "data": {"formula": formula}}))
            })
            .collect();
        let url = format!("{}/api/data_source/{}", self.local.url(), source.uuid());
        let body = json!({"jsonContent": {"measures": measures}}).to_string();
        let request = reqwest::Client::new().put(url).header("x-api-key", self.local.api_key()).body(body);
        assert_eq!(request.send().await?.status(), 200);
        Ok(())
    }
}

const DOUBLE: (&str, &str, &str) = ("m1", "double revenue", "2 * [revenue]");
const HALF: (&str, &str, &str) = ("m2", "half", "[revenue] / 2");

#[tokio::test]
async fn measure_is_valid_in_every_clause() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    engine.measures(&sales, &[DOUBLE, HALF]).await?;
    let least = 1.0;
    let q = query! {
        from Sales where double > {least}, half < 100 select country, double, half order_by double desc limit 2
    };
    let rows = engine.client.fetch(&q).await?;
    let rows: Vec<_> = rows.iter().map(|row| (row.country.as_str(), row.double, row.half)).collect();
    assert_eq!(rows, [("FR", 25.0, Some(6.25)), ("DE", 6.0, Some(1.5))]);

    let q = query! { from Sales where revenue > 0 group_by half select sum(double) as total order_by total };
    let rows: Vec<_> = engine.client.fetch(&q).await?.iter().map(|row| (row.half, row.total)).collect();
    assert_eq!(rows, [(Some(1.5), Some(6.0)), (Some(6.25), Some(25.0))].map(|(half, total)| (half, total.unwrap())));

    let staging = engine.client.get_or_create_storage("sales staging").await?;
    staging.insert([crate::sale("IT", 4.0, None)]).await?;
    engine.measures(&staging, &[("s1", "double revenue", "[revenue] + [revenue]")]).await?;
    let q = query! { from Sales select max(double) };
    assert_eq!(engine.client.fetch_from(&staging, &q).await?[0].max_double, Some(8.0));
    assert_eq!(engine.client.fetch(&q).await?[0].max_double, Some(25.0));
    Ok(())
}

#[tokio::test]
async fn changed_measures_are_read_again() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let q = query! { from Sales select max(double) };
    let error = error_of(engine.client.fetch(&q).await);
    assert_eq!(error.to_string(), "source `sales` has no measure `double revenue`; it has none");
    engine.measures(&sales, &[DOUBLE]).await?;
    assert_eq!(engine.client.fetch(&q).await?[0].max_double, Some(25.0));
    // With a new uuid, so that the engine rejects the uuid that the client knows.
    engine.measures(&sales, &[("n1", "double revenue", "3 * [revenue]")]).await?;
    assert_eq!(engine.client.fetch(&q).await?[0].max_double, Some(37.5));
    engine.measures(&sales, &[("n1", "double", "2 * [revenue]")]).await?;
    let error = error_of(engine.client.fetch(&q).await);
    assert_eq!(
        error.to_string(),
        "source `sales` has no measure `double revenue`; did you mean `double`? it has `double`"
    );
    Ok(())
}

/// The storage `sales` with measures whose formulas are declared.
#[derive(Source)]
#[source(name = "sales")]
struct Layer {
    country: String,
    revenue: f64,
    #[column(measure = "[revenue] * 2", name = "double revenue")]
    double: f64,
    #[column(measure = "if([double revenue] > 10, 'high', 'low')")]
    level: String,
    #[column(measure = "[revenue] > 10 and [country] = 'FR'")]
    is_large: i64,
    #[column(measure)]
    other: Option<f64>,
    #[column(formula = "sum_if([double revenue], [is_large]) + sum([other]) + count()")]
    total: Option<f64>,
    #[column(formula = "count_if([level] = 'low')")]
    low: i64,
}

#[tokio::test]
async fn applied_measures_are_computed_and_keep_their_uuids() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    engine.measures(&sales, &[("m1", "double revenue", "3 * [revenue]"), ("m2", "other", "[revenue] / 2")]).await?;
    let applied = engine.client.apply_measures::<Layer>().await?;
    assert_eq!(applied.to_string(), "created `level`, `is_large`; updated `double revenue`");
    assert_eq!(engine.client.apply_measures::<Layer>().await?.unchanged, ["double revenue", "level", "is_large"]);

    let q =
        query! { from Layer where double < 100 select country, double, level, is_large order_by double desc limit 2 };
    let rows = engine.client.fetch(&q).await?;
    let rows: Vec<_> =
        rows.iter().map(|row| (row.country.as_str(), row.double, row.level.as_str(), row.is_large)).collect();
    assert_eq!(rows, [("FR", 25.0, "high", 1), ("DE", 6.0, "low", 0)]);
    let q = query! { from Layer select total };
    let total = engine.client.fetch_one(&q).await?.total;
    assert!(total.is_some_and(|total| (total - (25.0 + 7.75 + 3.0)).abs() < 1e-6), "{total:?}");
    let q = query! { from Layer where country == "nowhere" select low };
    let low: i64 = engine.client.fetch_one(&q).await?.low;
    assert_eq!(low, 0, "a count is never NULL");

    let source = engine.client.source("sales").await?;
    let measures = source.property("measures").unwrap();
    assert_eq!(measures["m1"]["data"]["formula"], "[revenue] * 2");
    assert_eq!(measures["m2"]["data"]["formula"], "[revenue] / 2", "an undeclared formula is kept");
    let breaking = engine.client.drift::<Layer>().await?.into_iter().filter(serenytics::Drift::is_breaking);
    assert_eq!(breaking.count(), 0);
    Ok(())
}

#[tokio::test]
async fn measures_are_applied_and_formulas_checked_by_the_blocking_client() -> Outcome {
    let engine = Engine::open().await?;
    engine.sales().await?;
    let client = serenytics::blocking::Client::new(engine.client.clone())?;
    let thread = std::thread::spawn(move || -> Result<(), serenytics::Error> {
        assert_eq!(client.apply_measures::<Layer>()?.created.len(), 3);
        assert!(!client.source("sales")?.apply_measures(&Layer::schema())?.has_changes());
        assert_eq!(client.value_formula::<Layer>("max([double revenue])")?, Some(25.0));
        assert!(client.value_formula::<Layer>("sum([double])").unwrap_err().is_invalid_query());
        Ok(())
    });
    // The engine answers on this thread's runtime meanwhile.
    while !thread.is_finished() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    Ok(thread.join().unwrap()?)
}

#[tokio::test]
async fn drift_compares_a_declaration_with_the_live_source() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    engine.measures(&sales, &[DOUBLE]).await?;
    let texts = |drift: Vec<serenytics::Drift>| drift.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        texts(engine.client.drift::<Sales>().await?),
        ["the source has no measure `half`", "the source has a column `invoice` of type int that is not declared",]
    );
    let file = sales.schema_file().await?;
    assert_eq!(texts(sales.drift(&file.schema()).await?), [""; 0]);
    Ok(())
}
