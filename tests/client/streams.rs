//! Streams of rows, and queries for a single row.

use serenytics::prelude::*;

use crate::{Engine, Outcome, SALES, Sale, error_of, sale};

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
