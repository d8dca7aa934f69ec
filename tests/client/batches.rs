//! Batches: inserts, updates and deletes in one call.

use std::collections::BTreeMap;

use serde_json::json;
use serenytics::{LoadRow, SerdeRow};
use serenytics_core::DataSource;

use crate::{Engine, Outcome, SALES, Sale, error_of, map, ordered, sale, three_sales};

/// Creates the storage `sales` with three rows, numbered by invoice.
async fn numbered(engine: &Engine) -> Result<DataSource, Box<dyn std::error::Error>> {
    let sales = engine.client.get_or_create_storage("sales").await?;
    sales.insert([sale("FR", 1.0, Some(1)), sale("DE", 2.0, Some(2)), sale("US", 3.0, Some(3))]).await?;
    Ok(sales)
}

#[tokio::test]
async fn batch_inserts_updates_and_deletes_atomically() -> Outcome {
    let engine = Engine::open().await?;
    let sales = numbered(&engine).await?;
    sales
        .batch()
        .insert([sale("IT", 4.0, Some(4))])
        .insert_or_update("invoice", [json!({"country": "de", "revenue": 20, "invoice": 2})])
        .insert_or_update("invoice", [sale("ES", 5.0, Some(5))])
        .delete("invoice", [1, 99])
        .delete("country", ["US"])
        .send()
        .await?;
    let expected = [sale("ES", 5.0, Some(5)), sale("IT", 4.0, Some(4)), sale("de", 20.0, Some(2))];
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), expected);
    sales.batch().send().await?;
    sales.batch().insert(Vec::<Sale>::new()).delete("invoice", Vec::<i64>::new()).send().await?;
    assert_eq!(sales.row_count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn batch_with_an_invalid_row_changes_nothing() -> Outcome {
    let engine = Engine::open().await?;
    let sales = numbered(&engine).await?;
    let before = ordered(engine.client.fetch(&SALES).await?);
    let batch = sales.batch().delete("invoice", [1]).insert([json!({"country": "IT", "revenue": "3,4"})]);
    let error = error_of(batch.send().await);
    assert!(error.is_rejected() && error.to_string().contains("3,4"), "{error}");
    for (batch, expected) in [
        (sales.batch().delete("invoice", [json!(null)]), "key 1, null: a key must be a number or a string"),
        (sales.batch().insert([json!([1])]), "row 1, a row must be a JSON object"),
        (
            sales.batch().insert([json!({"a": 1}), json!({"Prénom": 1})]),
            "row 2, the column `Prénom` has to be called `prenom`",
        ),
        (sales.batch().insert([json!({"a": 1})]).max_request_size(10), "needs a call of"),
    ] {
        let error = error_of(batch.send().await);
        let text = error.to_string();
        assert!(text.starts_with("nothing was sent: ") && text.contains(expected), "{error}");
    }
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), before);
    Ok(())
}

#[derive(serde::Serialize)]
struct Order {
    country: &'static str,
    revenue: f32,
    invoice: Option<u32>,
}

#[tokio::test]
async fn batch_accepts_rows_in_many_forms() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    let order = Order { country: "FR", revenue: 0.5, invoice: Some(1) };
    let tree = BTreeMap::from([("country", json!("DE")), ("revenue", json!(2.5))]);
    sales
        .batch()
        .insert([&order].map(SerdeRow))
        .insert([&tree])
        .insert([&json!({"country": "US", "revenue": 1})])
        .insert(&three_sales()[..1])
        .send()
        .await?;
    let expected = [sale("DE", 2.5, None), sale("FR", 0.5, Some(1)), sale("FR", 12.5, Some(1)), sale("US", 1.0, None)];
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), expected);

    let error = error_of(sales.insert([SerdeRow(&Order { revenue: f32::NAN, ..order })]).await);
    assert!(
        error.to_string().contains("nothing was sent: row 1, column `revenue`: NaN is not a finite number"),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn batch_that_is_too_large_is_rejected_or_split() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    let text = "x".repeat(1 << 20);
    let rows = || (0..70).map(|invoice| sale(&text, 1.0, Some(invoice)));
    let error = error_of(sales.insert(rows()).await);
    assert_eq!(error.status(), Some(413), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("the batch has 70 rows and keys in 73") && message.contains("`.max_request_size(bytes)`"),
        "{message}"
    );
    assert_eq!(sales.row_count().await?, 0);
    sales.batch().insert(rows()).max_request_size(32 << 20).send().await?;
    assert_eq!(sales.row_count().await?, 70);

    let last = std::iter::once(map(json!({"country": 1, "revenue": "no number"})));
    let some = (0..20).map(|invoice| map(json!({"country": "x".repeat(100), "revenue": 1, "invoice": invoice})));
    let error = error_of(sales.batch().insert(some.chain(last)).max_request_size(1000).send().await);
    let message = error.to_string();
    assert!(message.contains("no number") && message.contains("the calls before it applied the first "), "{message}");
    assert!(sales.row_count().await? > 70);
    Ok(())
}

/// A reference to a row is also a row.
#[test]
fn load_row_is_implemented_for_references() {
    fn is_row<R: LoadRow>() {}
    is_row::<&Sale>();
    is_row::<SerdeRow<&Order>>();
    is_row::<&serde_json::Value>();
}
