//! Logging in: an API key by a login and a password.

use serenytics_core::Client;

use crate::{Outcome, Served, refused};

#[tokio::test]
async fn a_user_logs_in_and_gets_a_key_that_works() -> Outcome {
    let served = Served::open(|builder| builder.user("ada", "canary: é of ada")).await?;
    let builder = Client::builder().url(served.server.url());
    let key = builder.clone().log_in("ada", "canary: é of ada").await?;
    assert!(!format!("{key:?}").contains(key.expose_secret()));
    builder.clone().api_key(&key).build()?.sources().await?;
    let other = builder.clone().log_in("ada", "canary: é of ada").await?;
    assert_ne!(key.expose_secret(), other.expose_secret());

    for (login, password) in [("ada", "canary: e of ada"), ("bob", "canary: é of ada"), ("", "")] {
        let error = refused(builder.clone().log_in(login, password).await);
        assert!(error.is_unauthorized() && error.status() == Some(401), "{error}");
        let printed = format!("{error} {error:?}");
        assert!(printed.contains("check the login and the password") && !printed.contains("canary"), "{printed}");
    }
    let error = refused(builder.clone().log_in("a:b", "canary").await);
    assert!(error.status().is_none() && !error.to_string().contains("canary"), "{error}");
    let error = refused(Client::builder().url("no URL").log_in("ada", "canary").await);
    assert!(error.to_string().contains("https://api.serenytics.com"), "{error}");
    Ok(())
}
