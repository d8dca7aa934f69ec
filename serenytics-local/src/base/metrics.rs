//! Metrics, in the text format of Prometheus.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use serenytics_engine::QueryMetrics;

use crate::base::{Context, Error};

/// The metrics of a server.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram>,
    received: Counter,
    sent: Counter,
    rows_written: Family<CallLabels, Counter>,
    loads: Family<OutcomeLabels, Counter>,
    query_memory: Gauge,
    /// Panics of requests, loads and scripts.
    pub(crate) panics: Counter,
    /// Acknowledged pushes.
    pub(crate) pushes: Counter,
    /// Running loads.
    pub(crate) loads_running: Gauge,
    /// Open connections.
    pub(crate) connections: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u32,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabels {
    call: &'static str,
}

/// A completed request.
pub(crate) struct Ended<'a> {
    pub(crate) method: &'static str,
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    pub(crate) duration: Duration,
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

impl Metrics {
    /// Creates metrics with the value 0, and registers the metrics of queries. `memory_limit` is in bytes.
    pub(crate) fn new(queries: &QueryMetrics, memory_limit: usize) -> Metrics {
        let durations: fn() -> Histogram = || Histogram::new(exponential_buckets(0.001, 4.0, 10));
        let mut metrics = Metrics {
            registry: Registry::with_prefix("serenytics"),
            requests: Family::default(),
            durations: Family::new_with_constructor(durations),
            received: Counter::default(),
            sent: Counter::default(),
            rows_written: Family::default(),
            loads: Family::default(),
            query_memory: Gauge::default(),
            panics: Counter::default(),
            pushes: Counter::default(),
            loads_running: Gauge::default(),
            connections: Gauge::default(),
        };
        let limit: Gauge = Gauge::default();
        limit.set(size(memory_limit));
        let registry = &mut metrics.registry;
        registry.register("requests", "Completed requests", metrics.requests.clone());
        registry.register("request_duration_seconds", "Time until the response is complete", metrics.durations.clone());
        registry.register("received_bytes", "Bytes of request bodies", metrics.received.clone());
        registry.register("sent_bytes", "Bytes of response bodies", metrics.sent.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        registry.register("panics", "Panics of requests, loads and scripts", metrics.panics.clone());
        queries.register(registry);
        registry.register("query_memory_bytes", "Memory used by queries", metrics.query_memory.clone());
        registry.register("query_memory_limit_bytes", "Memory limit of all queries together", limit);
        registry.register("pushes", "Acknowledged pushes", metrics.pushes.clone());
        registry.register("written_rows", "Rows written by loads, batches and pushes", metrics.rows_written.clone());
        registry.register("loads", "Completed loads of files", metrics.loads.clone());
        registry.register("loads_running", "Running loads of files", metrics.loads_running.clone());
        metrics
    }

    /// Counts a request.
    pub(crate) fn request(&self, ended: &Ended<'_>) {
        let Ended { method, route, status, duration, received, sent } = *ended;
        let labels = RequestLabels { method, route: route.to_owned(), status: status.into() };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels { method, route: route.to_owned() };
        self.durations.get_or_create(&labels).observe(duration.as_secs_f64());
        self.received.inc_by(received);
        self.sent.inc_by(sent);
    }

    /// Counts a load, with its number of rows if it succeeded.
    pub(crate) fn load(&self, rows: Option<u64>) {
        self.loads.get_or_create(&OutcomeLabels { outcome: if rows.is_some() { "ok" } else { "failed" } }).inc();
        self.written("load", rows.unwrap_or_default());
    }

    /// Counts rows that a kind of call has written.
    pub(crate) fn written(&self, call: &'static str, rows: u64) {
        self.rows_written.get_or_create(&CallLabels { call }).inc_by(rows);
    }

    /// Returns all metrics as text. `query_memory` is the memory in use by queries, in bytes.
    pub(crate) fn text(&self, query_memory: usize) -> Result<String, Error> {
        self.query_memory.set(size(query_memory));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry).context("could not write the metrics")?;
        Ok(text)
    }
}

fn size(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Increments a gauge until this is dropped.
pub(crate) struct OneMore(Gauge);

impl OneMore {
    /// Increments the gauge.
    pub(crate) fn of(gauge: &Gauge) -> OneMore {
        gauge.inc();
        OneMore(gauge.clone())
    }
}

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.dec();
    }
}
