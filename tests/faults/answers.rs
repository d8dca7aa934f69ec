//! Responses that are damaged, rejected, late or undeclared: each is an error that says so, and
//! never wrong data.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use serenytics::{Source, query};

use crate::proxy::{Fault, Request, passed_on};
use crate::{KEY, Outcome, Setup, all, client, error_of, revenues};

#[tokio::test]
async fn response_truncated_at_any_byte_is_an_error() -> Outcome {
    let setup = Setup::start(|_| Fault::None).await?;
    assert_eq!(revenues(&setup.client()).await?, all());
    let seen = setup.proxy.seen();
    let query = seen.iter().find(|request| request.is_query()).ok_or("the query was not seen")?;
    let whole = passed_on(setup.server.url().trim_start_matches("http://"), query).await?.len();
    assert!(whole > 200, "{whole}");

    let setup = &setup;
    // Each query is tried several times, so not all are sent at the same time.
    let cuts = stream::iter(0..whole).map(|length| async move {
        let fault = move |request: &Request| if request.is_query() { Fault::Cut(length) } else { Fault::None };
        let proxy = crate::Proxy::start(setup.server.url(), fault).await?;
        let error = error_of(revenues(&client(&proxy.url)).await);
        assert!(error.is_connection() || error.is_decode(), "{length} of {whole}: {error:?}");
        Ok::<_, std::io::Error>(())
    });
    let tried = cuts.buffer_unordered(40).try_fold(0, |tried, ()| async move { Ok(tried + 1) }).await?;
    assert_eq!(tried, whole);
    Ok(())
}

/// A change to a body.
type Damage = fn(&str) -> Vec<u8>;

#[tokio::test]
async fn damaged_body_is_an_error() -> Outcome {
    let damages: [(Damage, &str); 6] = [
        (|body| body.as_bytes()[..body.len() / 2].to_vec(), "truncated"),
        (|body| body.replace("FR", "\u{1}").replace('\u{1}', "F\u{2}").into_bytes().replaced(2, 0xff), "UTF-8"),
        (|_| br#"{"status":"error","errors":["the warehouse is being rebuilt"]}"#.to_vec(), "the warehouse is being"),
        (|body| body.replace("\"FR\"", "null").into_bytes(), "null"),
        (|body| body.replace("12.5", "\"twelve\"").into_bytes(), "revenue"),
        (|body| body.replace("\"float\"", "\"datetime\"").into_bytes(), "revenue"),
    ];
    for (damage, expected) in damages {
        let fault = move |request: &Request| if request.is_query() { Fault::Body(damage) } else { Fault::None };
        let setup = Setup::start(fault).await?;
        let error = error_of(revenues(&setup.client()).await);
        assert!(error.to_string().contains(expected), "{expected:?} is not in: {error}");
    }
    Ok(())
}

/// Replaces bytes.
trait Replaced {
    fn replaced(self, old: u8, new: u8) -> Self;
}

impl Replaced for Vec<u8> {
    fn replaced(mut self, old: u8, new: u8) -> Self {
        self.iter_mut().filter(|byte| **byte == old).for_each(|byte| *byte = new);
        self
    }
}

/// The same storage with nullable columns.
#[derive(Source)]
#[source(name = "sales")]
#[allow(dead_code)]
struct MaybeSale {
    country: Option<String>,
    revenue: Option<f64>,
}

#[tokio::test]
async fn bare_nan_is_null() -> Outcome {
    let fault = |request: &Request| match request.is_query() {
        true => Fault::Body(|body| body.replace("12.5", "NaN").into_bytes()),
        false => Fault::None,
    };
    let setup = Setup::start(fault).await?;
    let rows = setup.client().fetch(&query! { from MaybeSale select country, revenue order_by revenue desc }).await?;
    let rows: Vec<_> = rows.into_iter().map(|row| (row.country, row.revenue)).collect();
    assert_eq!(rows[0], (Some("FR".to_owned()), None));
    let error = error_of(revenues(&setup.client()).await);
    assert!(error.is_decode() && error.to_string().contains("revenue"), "{error}");
    Ok(())
}

#[tokio::test]
async fn wrong_key_and_unknown_source_are_errors() -> Outcome {
    let setup = Setup::start(|_| Fault::None).await?;
    let other = serenytics::Client::builder().url(&setup.proxy.url).api_key("another").build()?;
    let error = error_of(revenues(&other).await);
    assert!(error.is_unauthorized() && error.to_string().contains("check your API key"), "{error}");
    let error = error_of(setup.client().source_by_uuid("00000000-0000-0000-0000-000000000000").await);
    assert!(error.is_not_found() && error.status() == Some(404), "{error:?}");
    let sales = setup.direct().source("sales").await?;
    let deleted = setup.client().source("sales").await?;
    sales.delete().await?;
    let error = error_of(deleted.row_count().await);
    assert!(error.is_not_found(), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn html_error_page_is_truncated_in_the_error() -> Outcome {
    let page = format!("<html><h1>Internal error</h1>{}</html>", "<p>x</p>".repeat(5000));
    let fault = move |request: &Request| match request.is_query() {
        true => Fault::Instead("500 Internal Server Error", "content-type: text/html\r\n".into(), page.clone().into()),
        false => Fault::None,
    };
    let setup = Setup::start(fault).await?;
    let error = error_of(revenues(&setup.client()).await);
    let text = error.to_string();
    assert!(error.status() == Some(500) && text.contains("Internal error") && text.len() < 3000, "{text}");
    Ok(())
}

#[tokio::test]
async fn redirect_of_a_call_is_not_followed() -> Outcome {
    let other = Setup::start(|_| Fault::None).await?;
    let location = format!("location: {}/api/data_source\r\n", other.proxy.url);
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = location.clone();
        let setup = Setup::start(move |_| Fault::Instead(status, location.clone(), Vec::new())).await?;
        let error = error_of(revenues(&setup.client()).await);
        assert!(error.to_string().contains("redirect"), "{error}");
        let sales = setup.direct().source("sales").await?;
        let through = setup.client();
        assert!(error_of(through.source_by_uuid(sales.uuid()).await).to_string().contains("redirect"));
    }
    assert!(other.proxy.seen().is_empty(), "{:?}", other.proxy.seen());
    Ok(())
}

/// Creates a fault for each request.
type CreateFault = fn() -> Fault;

#[tokio::test]
async fn timeouts_end_stalled_and_slow_responses() -> Outcome {
    let faults: [(CreateFault, &str); 3] = [
        (|| Fault::Stall(0), "before the first byte"),
        (|| Fault::Stall(150), "in the middle"),
        (|| Fault::Slow(1, Duration::from_millis(40)), "all along"),
    ];
    for (fault, when) in faults {
        let setup = Setup::start(move |request| if request.is_query() { fault() } else { Fault::None }).await?;
        let started = Instant::now();
        let error = error_of(revenues(&setup.client().with_timeout(Duration::from_secs(2))).await);
        assert!(error.is_timeout(), "{when}: {error:?}");
        assert!(started.elapsed() < Duration::from_secs(10), "{when}");
    }
    let setup = Setup::start(|_| Fault::Stall(0)).await?;
    let client = serenytics::Client::builder().url(&setup.proxy.url).api_key(KEY);
    let error = error_of(revenues(&client.read_timeout(Duration::from_millis(300)).build()?).await);
    assert!(error.is_timeout(), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn response_in_small_chunks_is_the_same() -> Outcome {
    for size in [1, 7, 64] {
        let fault = move |request: &Request| match request.is_query() {
            true => Fault::Slow(size, Duration::from_micros(100)),
            false => Fault::None,
        };
        let setup = Setup::start(fault).await?;
        assert_eq!(revenues(&setup.client()).await?, all());
    }
    Ok(())
}
