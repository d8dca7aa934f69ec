//! Web apps: creating, changing, saving, sharing, warming up, and embed links.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use serenytics::TabOptions;

use crate::{Engine, Outcome, error_of, map};

#[tokio::test]
async fn web_app_is_created_changed_and_found() -> Outcome {
    let engine = Engine::open().await?;
    let client = &engine.client;
    assert!(client.web_apps().await?.is_empty());
    let mut made = client.create_web_app("Sales", map(json!({"tabs": []}))).await?;
    assert_eq!((made.name(), made.folder_name()), ("Sales", None));
    made.set_name("Sales of the year");
    made.set_folder_name("Reports");
    made.set_custom_css(".srn-widget-header { color: grey }");
    made.set_custom_html_header("<h1>Sales</h1>");
    made.config_mut().insert("newer".to_owned(), json!([1.5]));
    assert_eq!(client.web_app_by_uuid(made.uuid()).await?.name(), "Sales");
    made.save().await?;
    let found = client.web_apps().await?.pop().ok_or("no web app")?;
    assert_eq!(found.config(), made.config());
    assert_eq!((found.name(), found.folder_name()), ("Sales of the year", Some("Reports")));
    let content = json!({
        "tabs": [],
        "cssContent": ".srn-widget-header { color: grey }",
        "headerMode": "custom_html",
        "htmlHeader": "<h1>Sales</h1>",
    });
    assert_eq!((&found.config()["jsonContent"], &found.config()["newer"]), (&content, &json!([1.5])));

    found.share_with("ada").await?;
    assert_eq!(client.web_app_by_uuid(found.uuid()).await?.config()["sharings"], json!(["ada"]));
    assert!(error_of(found.share_with("").await).is_rejected());
    found.delete().await?;
    for error in [
        error_of(client.web_app_by_uuid(made.uuid()).await),
        error_of(made.data_sources().await),
        error_of(made.warm_up_cache().send().await),
        error_of(made.share_with("ada").await),
        error_of(made.save().await),
        error_of(made.delete().await),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn web_app_lists_its_sources_and_is_warmed_up() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let widget = json!({"type": "chart", "options": {"data": {"sourceUuid": sales.uuid()}}});
    let content = map(json!({"tabs": [{"widgets": [widget, widget]}]}));
    let web_app = engine.client.create_web_app("Sales", content).await?;
    let used: Vec<_> = web_app.data_sources().await?.into_iter().map(|source| (source.uuid, source.name)).collect();
    assert_eq!(used, [(sales.uuid().to_owned(), "sales".to_owned())]);

    web_app.warm_up_cache().send().await?;
    let tab = |country| TabOptions::new("t034a7b13042b529c").filter(2, "2642b931c33373c1", [country]);
    let payload = BTreeMap::from([("country", "FR")]);
    web_app.warm_up_cache().payload(&payload).tab(tab("France")).tab(tab("USA")).send().await?;
    let error = error_of(web_app.warm_up_cache().payload("FR").send().await);
    assert!(error.to_string().contains("must be a JSON object") && error.status().is_none(), "{error}");
    for error in [error_of(web_app.pdf().await), error_of(web_app.warm_up_cache().payload(&payload).pdf().await)] {
        assert_eq!(error.status(), Some(501));
        assert!(error.to_string().contains("a web app as PDF is not emulated"), "{error}");
    }
    sales.delete().await?;
    let error = error_of(web_app.warm_up_cache().send().await);
    assert!(error.is_rejected() && error.to_string().contains("does not exist"), "{error}");
    Ok(())
}

#[tokio::test]
async fn embed_link_shows_a_web_app_until_it_expires() -> Outcome {
    let engine = Engine::open().await?;
    let web_app = engine.client.create_web_app("Sales", map(json!({}))).await?;
    let payload = BTreeMap::from([("country", "FR")]);
    let link = web_app.embed_url(&payload, Duration::from_millis(1_500)).await?;
    assert_eq!(reqwest::get(&link).await?.status(), 501);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(reqwest::get(&link).await?.status(), 403);
    for error in [
        error_of(web_app.embed_url(&payload, Duration::ZERO).await),
        error_of(web_app.embed_url(&[1], Duration::from_secs(1)).await),
    ] {
        assert!(error.status().is_none(), "{error}");
    }
    assert!(web_app.embed_url(&(), Duration::MAX).await?.contains("/embed/"));
    Ok(())
}
