//! Proxies that are not reachable, or cannot reach the server: the error names the proxy.

use std::time::Duration;

use super::printed;
use super::server::{CANARY, Reply, TestServer, ok};
use crate::Client;

async fn error_through(url: &str, proxy: &str) -> String {
    let client = Client::builder().url(url).api_key(CANARY).proxy(proxy).build().unwrap();
    let error = client.with_timeout(Duration::from_millis(400)).sources().await.unwrap_err();
    assert!(!printed(&error).contains("canary"), "{}", printed(&error));
    error.to_string()
}

#[tokio::test]
async fn unreachable_proxy_is_named() {
    for server in ["http://api.invalid", "https://api.invalid"] {
        for (proxy, shown) in [
            ("http://me:canary@127.0.0.1:1", "http://127.0.0.1:1"),
            ("http://proxy.invalid:3128", "http://proxy.invalid:3128"),
        ] {
            let message = error_through(server, proxy).await;
            let expected = format!("cannot connect to the proxy {shown}, on the way to {server}: ");
            assert!(message.contains(&expected), "{message}");
        }
    }
}

#[tokio::test]
async fn proxy_that_cannot_reach_the_server_is_named() {
    let proxy = TestServer::start(|_, _| Reply::Answer(502, "", String::new())).await;
    let message = error_through("https://api.invalid", &proxy.url).await;
    let expected = format!("cannot connect to https://api.invalid through the proxy {}: ", proxy.url);
    assert!(message.contains(&expected), "{message}");
}

#[tokio::test]
async fn unreachable_server_is_named_without_a_proxy() {
    let proxy = TestServer::start(|_, _| ok(r#"{"num_results":0,"objects":[]}"#)).await;
    let client = Client::builder().url("http://api.invalid").api_key(CANARY).proxy(&proxy.url).build().unwrap();
    assert!(client.sources().await.unwrap().is_empty());
    let client = Client::builder().url("http://127.0.0.1:1").api_key(CANARY).no_proxy().build().unwrap();
    let error = client.with_timeout(Duration::from_millis(400)).sources().await.unwrap_err();
    assert!(error.to_string().contains("cannot connect to http://127.0.0.1:1: "), "{error}");
}
