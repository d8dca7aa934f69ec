//! Pushes: single rows appended with a storage's token.

use serde_json::json;
use serenytics_core::Client;

use crate::{Engine, Outcome, SALES, error_of, ordered, sale, three_sales};

#[tokio::test]
async fn push_needs_only_the_token() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    sales.push(sale("IT", 7.0, None)).await?;
    let token = sales.config()["token"].as_str().ok_or("no token")?;
    let builder = Client::builder().url(engine.local.url());
    let pusher = builder.clone().pusher(sales.uuid(), token)?;
    pusher.push(json!({"country": "ES", "revenue": 8})).await?;
    let mut expected = three_sales();
    expected.extend([sale("IT", 7.0, None), sale("ES", 8.0, None)]);
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), ordered(expected));

    let stranger = builder.clone().pusher(sales.uuid(), "canary-of-a-token")?;
    let error = error_of(stranger.push(json!({"country": "ES"})).await);
    assert!(error.is_unauthorized() && error.to_string().contains("check the token"), "{error}");
    assert!(!format!("{error} {error:?} {stranger:?}").contains("canary"), "{error:?}");
    let error = error_of(pusher.push(json!({"Country": "ES"})).await);
    assert!(error.to_string().contains("nothing was sent: the column `Country` has to be called `country`"), "{error}");
    assert!(error_of(builder.pusher(sales.uuid(), " ")).to_string().contains("no token"));
    Ok(())
}
