//! Logging in: an API key for a login and a password.

use serenytics_core::Client;

use crate::{Outcome, TestServer, error_of};

#[tokio::test]
async fn log_in_returns_a_key_that_works() -> Outcome {
    let served = TestServer::open(|builder| builder.user("ada", "canary: é of ada")).await?;
    let builder = Client::builder().url(served.server.url());
    let key = builder.clone().log_in("ada", "canary: é of ada").await?;
    assert!(!format!("{key:?}").contains(key.expose_secret()));
    builder.clone().api_key(&key).build()?.sources().await?;
    let other = builder.clone().log_in("ada", "canary: é of ada").await?;
    assert_ne!(key.expose_secret(), other.expose_secret());

    for (login, password) in [("ada", "canary: e of ada"), ("bob", "canary: é of ada"), ("", "")] {
        let error = error_of(builder.clone().log_in(login, password).await);
        assert!(error.is_unauthorized() && error.status() == Some(401), "{error}");
        let printed = format!("{error} {error:?}");
        assert!(printed.contains("check the login and the password") && !printed.contains("canary"), "{printed}");
    }
    let error = error_of(builder.clone().log_in("a:b", "canary").await);
    assert!(error.status().is_none() && !error.to_string().contains("canary"), "{error}");
    let error = error_of(Client::builder().url("no URL").log_in("ada", "canary").await);
    assert!(error.to_string().contains("https://api.serenytics.com"), "{error}");
    Ok(())
}
