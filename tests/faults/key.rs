//! The API key: in the header of calls to the server, and nowhere else.

use serenytics::Client;

use crate::proxy::{Fault, Request};
use crate::{KEY, Outcome, Setup, printed, refused, revenues};

#[tokio::test]
async fn errors_never_hold_the_key() -> Outcome {
    let echo = |request: &Request| request.headers.lines().find(|line| line.contains(KEY)).unwrap_or(KEY).to_owned();
    let statuses =
        ["400 Bad Request", "401 Unauthorized", "404 Not Found", "500 Internal Server Error", "302 Found", "200 OK"];
    for status in statuses {
        let forms: [fn(&str) -> String; 4] = [
            |key| format!("<h1>{key}</h1>"),
            |key| format!("{{\"status\":\"error\",\"errors\":[\"{key}\"]}}"),
            |key| format!("\"{key}\""),
            |key| {
                format!(
                    "{{\"status\":\"ok\",\"columns_titles\":[{{\"name\":\"{key}\",\"type\":\"{key}\"}}],\"data\":[[\"{key}\"]]}}"
                )
            },
        ];
        for form in forms {
            let fault = move |request: &Request| match request.is_query() {
                true => {
                    let location = format!("location: http://{KEY}/{KEY}?{KEY}\r\n");
                    Fault::Instead(status, location, form(&echo(request)).into_bytes())
                }
                false => Fault::None,
            };
            let setup = Setup::start(fault).await?;
            let error = refused(revenues(&setup.client()).await);
            assert!(!printed(&error).contains(KEY), "{status}: {}", printed(&error));
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_call_has_the_key_in_its_header_and_nowhere_else() -> Outcome {
    let setup = Setup::start(|_| Fault::None).await?;
    let client = setup.client();
    let sales = client.source("sales").await?;
    sales.insert([crate::sale("IT", 1.0)]).await?;
    revenues(&client).await?;
    let seen = setup.proxy.seen();
    assert!(seen.len() >= 3, "{seen:?}");
    for request in seen {
        assert_eq!(request.headers.matches(KEY).count(), 1, "{request:?}");
        assert!(!request.path.contains(KEY) && !String::from_utf8_lossy(&request.body).contains(KEY), "{request:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_panic_never_shows_the_key() -> Outcome {
    let client = Client::builder().url("http://127.0.0.1:1").api_key(KEY).build()?;
    let error = refused(revenues(&client).await);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| panic!("{client:?} {error:?}")));
    let told = panicked.err().and_then(|told| told.downcast::<String>().ok()).ok_or("no panic")?;
    assert!(!told.contains(KEY), "{told}");
    Ok(())
}
