//! Middleware for every request: the access log, the metrics and the handling of panics.
//!
//! The log contains the route, never the path or the query, which may contain push tokens and names.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{Shared, body_stream};
use crate::access::Account;
use crate::base::{Ended, Metrics, catch_panic};
use crate::platform::HttpSettings;

/// The logged status if the client disconnects before the response, as in nginx.
const CLIENT_LEFT: u16 = 499;

/// The facts about a request that handlers find out, for the access log. It is one of the extensions of the request.
#[derive(Clone, Default)]
pub(super) struct RequestContext {
    account: Arc<OnceLock<Account>>,
}

impl RequestContext {
    /// Records the account of the request.
    pub(super) fn account(&self, account: &Account) {
        // A request has only one account, so it is set only once.
        let _ = self.account.set(account.clone());
    }
}

/// Logs and counts a request when its response is complete or dropped.
pub(super) async fn observe(
    State(metrics): Shared<Metrics>,
    State(http): State<HttpSettings>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let timeout = http.client_timeout;
    let received = Arc::new(AtomicU64::new(0));
    let mut entry = AccessLogEntry {
        metrics,
        begun: Instant::now(),
        method: method_name(request.method()),
        route,
        context: RequestContext::default(),
        received: Arc::clone(&received),
        sent: 0,
        status: CLIENT_LEFT,
        whole: false,
    };
    let mut request = body_stream::drain_on_drop(request, received, timeout);
    request.extensions_mut().insert(entry.context.clone());
    let response = next.run(request).await;
    entry.status = response.status().as_u16();
    response.map(|body| Body::new(LoggedBody { body, entry }))
}

/// Responds with an error if the handler panics.
pub(super) async fn caught(State(metrics): Shared<Metrics>, request: Request, next: Next) -> Response {
    let answered = catch_panic(&metrics, "this request", async { Ok(next.run(request).await) }).await;
    answered.unwrap_or_else(IntoResponse::into_response)
}

/// Returns the name of a standard method, or `other`: each name is a separate series in the metrics, and clients can send
/// any word.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The access log entry of a request. It is written when this is dropped, however the request ends.
struct AccessLogEntry {
    metrics: Arc<Metrics>,
    begun: Instant,
    method: &'static str,
    route: String,
    context: RequestContext,
    received: Arc<AtomicU64>,
    sent: u64,
    status: u16,
    whole: bool,
}

impl Drop for AccessLogEntry {
    fn drop(&mut self) {
        let AccessLogEntry { method, ref route, status, sent, .. } = *self;
        let (received, duration) = (self.received.load(Ordering::Relaxed), self.begun.elapsed());
        self.metrics.request(&Ended { method, route, status, duration, received, sent });
        let account = self.context.account.get().map_or("-", Account::name);
        let milliseconds = duration.as_secs_f64() * 1000.0;
        let cut = !self.whole;
        // Monitoring requests these every few seconds.
        if matches!(route.as_str(), "/health" | "/metrics") {
            tracing::debug!(method, route, status, milliseconds, received, sent, account, cut, "request");
        } else {
            tracing::info!(method, route, status, milliseconds, received, sent, account, cut, "request");
        }
    }
}

/// The body of a response, with the log entry to write at its end.
struct LoggedBody {
    body: Body,
    entry: AccessLogEntry,
}

impl HttpBody for LoggedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => self.entry.sent += frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(error)) => tracing::warn!(route = self.entry.route, %error, "a response was interrupted"),
            None => self.entry.whole = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for LoggedBody {
    fn drop(&mut self) {
        // hyper does not poll a body without content, or with a known length, to its end.
        let has_no_body = self.entry.method == "HEAD" || self.entry.status == StatusCode::NO_CONTENT.as_u16();
        self.entry.whole |= has_no_body || self.body.is_end_stream();
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware;
    use axum::routing::get;

    use super::*;
    use crate::base::{Error, run_to_completion};
    use crate::platform::test::platform;

    #[tokio::test]
    async fn panic_in_a_handler_is_a_500_and_the_server_keeps_running() {
        async fn panics() -> &'static str {
            panic!("a secret detail")
        }
        let (platform, _folder) = platform().await;
        let metrics: Arc<Metrics> = platform.get();
        async fn panics_deeper() -> Result<(), Error> {
            run_to_completion(async { panic!("a secret detail") }).await
        }
        let router = Router::new()
            .route("/panics", get(panics))
            .route("/panics_deeper", get(panics_deeper))
            .route("/works", get(async || "well"))
            .layer(middleware::from_fn_with_state(platform.clone(), caught))
            .layer(middleware::from_fn_with_state(platform.clone(), observe));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });
        let get = async |path: &str| {
            let answer = reqwest::get(format!("{url}{path}")).await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        for path in ["/panics", "/panics_deeper"] {
            let (status, text) = get(path).await;
            assert_eq!(status, 500);
            assert!(text.starts_with(r#"{"errors":["internal error while processing this request"#), "{text}");
            assert!(!text.contains("a secret detail"), "{text}");
        }
        assert_eq!(get("/works").await, (200, "well".to_owned()));
        assert_eq!(metrics.panics.get(), 2);
        let text = metrics.text(0).unwrap();
        assert!(text.contains(r#"requests_total{method="GET",route="/panics",status="500"} 1"#), "{text}");
    }
}
