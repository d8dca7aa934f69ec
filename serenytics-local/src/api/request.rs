//! What every request goes through: its line in the log, its place in the metrics, and a net for panics.
//!
//! The line tells the route and never the path or the query, in which there may be push tokens and names.

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

use super::body;
use crate::access::Account;
use crate::engine::Engine;
use crate::metrics::Ended;

/// The status that is written down when the client left before it was answered; nginx has it for the same.
const CLIENT_LEFT: u16 = 499;

/// What becomes known of a request while it is answered. Handlers find it among the request's extensions.
#[derive(Clone, Default)]
pub(super) struct Notes {
    account: Arc<OnceLock<Account>>,
}

impl Notes {
    /// Notes whose request this is.
    pub(super) fn account(&self, account: &Account) {
        // It stays the first one, which is the only one.
        let _ = self.account.set(account.clone());
    }
}

/// Writes down and counts a request when the last byte of its answer was taken.
pub(super) async fn observe(State(engine): State<Arc<Engine>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let patience = engine.patience;
    let received = Arc::new(AtomicU64::new(0));
    let mut line = Line {
        engine,
        begun: Instant::now(),
        method: known(request.method()),
        route,
        notes: Notes::default(),
        received: Arc::clone(&received),
        sent: 0,
        status: CLIENT_LEFT,
        whole: false,
    };
    let mut request = body::drained(request, received, patience);
    request.extensions_mut().insert(line.notes.clone());
    let response = next.run(request).await;
    line.status = response.status().as_u16();
    response.map(|body| Body::new(Watched { body, line }))
}

/// Answers a request whose handler panics. Others do not notice.
pub(super) async fn caught(State(engine): State<Arc<Engine>>, request: Request, next: Next) -> Response {
    let answered = engine.caught("this request", async { Ok(next.run(request).await) }).await;
    answered.unwrap_or_else(IntoResponse::into_response)
}

/// A method by its name. Clients can send any word, and each would be a series of its own in the metrics.
fn known(method: &Method) -> &'static str {
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

/// The line of a request, which is written when this is dropped: at the end, however it comes.
struct Line {
    engine: Arc<Engine>,
    begun: Instant,
    method: &'static str,
    route: String,
    notes: Notes,
    received: Arc<AtomicU64>,
    sent: u64,
    status: u16,
    whole: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        let Line { method, ref route, status, sent, .. } = *self;
        let (received, duration) = (self.received.load(Ordering::Relaxed), self.begun.elapsed());
        self.engine.metrics.request(&Ended { method, route, status, duration, received, sent });
        let account = self.notes.account.get().map_or("-", Account::name);
        let milliseconds = duration.as_secs_f64() * 1000.0;
        let cut = !self.whole;
        // Machines ask for these every few seconds.
        if matches!(route.as_str(), "/health" | "/metrics") {
            tracing::debug!(method, route, status, milliseconds, received, sent, account, cut, "request");
        } else {
            tracing::info!(method, route, status, milliseconds, received, sent, account, cut, "request");
        }
    }
}

/// The body of an answer, and the line that is written at its end.
struct Watched {
    body: Body,
    line: Line,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => self.line.sent += frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(error)) => tracing::warn!(route = self.line.route, %error, "an answer was cut"),
            None => self.line.whole = true,
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

impl Drop for Watched {
    fn drop(&mut self) {
        // An answer whose length is known, or that has no body, is not asked for its end.
        let has_no_body = self.line.method == "HEAD" || self.line.status == StatusCode::NO_CONTENT.as_u16();
        self.line.whole |= has_no_body || self.body.is_end_stream();
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware;
    use axum::routing::get;

    use super::*;
    use crate::engine::test::engine;
    use crate::error::Error;
    use crate::jobs::to_the_end;

    #[tokio::test]
    async fn a_panic_is_answered_and_the_server_lives() {
        async fn panics() -> &'static str {
            panic!("a mistake of ours")
        }
        let (engine, _folder) = engine().await;
        async fn panics_deeper() -> Result<(), Error> {
            to_the_end(async { panic!("a mistake of ours") }).await
        }
        let router = Router::new()
            .route("/panics", get(panics))
            .route("/panics_deeper", get(panics_deeper))
            .route("/works", get(async || "well"))
            .layer(middleware::from_fn_with_state(Arc::clone(&engine), caught))
            .layer(middleware::from_fn_with_state(Arc::clone(&engine), observe));
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
            assert!(text.starts_with(r#"{"errors":["the server failed on this request"#), "{text}");
            assert!(!text.contains("a mistake of ours\""), "{text}");
        }
        assert_eq!(get("/works").await, (200, "well".to_owned()));
        assert_eq!(engine.metrics.panics.get(), 2);
        let metrics = engine.metrics.text(0).unwrap();
        assert!(metrics.contains(r#"requests_total{method="GET",route="/panics",status="500"} 1"#), "{metrics}");
    }
}
