//! Logs: each call is logged, without the API key.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::server::{CANARY, ok};
use super::{ANSWER, COUNTRIES, sales};

/// Records everything that is logged, at every level, by every crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn query_is_logged_without_the_api_key() {
    let log = Log::default();
    // Set for the whole process, because requests may continue in other threads. The log also
    // contains what other tests log until this one ends.
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let server = sales(|_| ok(ANSWER)).await;
    server.client().fetch(&COUNTRIES).await.unwrap();
    let server = sales(|_| ok(format!(r#"{{"status":"error","errors":["{CANARY}"]}}"#))).await;
    server.client().fetch(&COUNTRIES).await.unwrap_err();
    let text = log.0.lock().unwrap().clone();
    for logged in ["method=POST path=\"/api/formatted_data/u1\" status=200", COUNTRIES.as_json(), "rows=2"] {
        assert!(text.contains(logged), "{logged} is not in {text}");
    }
    assert!(!text.contains(CANARY), "{text}");
}
