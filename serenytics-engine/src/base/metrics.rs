//! Metrics of queries, for the registry of the program that embeds the engine.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counts queries and the rows that they return. Clones share their values.
#[derive(Clone, Debug, Default)]
pub struct QueryMetrics {
    ended: Family<OutcomeLabels, Counter>,
    cache: Family<OutcomeLabels, Counter>,
    /// Queries that run now.
    pub(crate) running: Gauge,
    /// Queries that wait for a query slot.
    pub(crate) waiting: Gauge,
    /// Rows returned by queries.
    pub(crate) rows_read: Counter,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

impl QueryMetrics {
    /// Adds the metrics to a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("queries", "Completed queries", self.ended.clone());
        registry.register("query_cache", "Answers by how the result cache took part", self.cache.clone());
        registry.register("queries_running", "Running queries", self.running.clone());
        registry.register("queries_waiting", "Queries that wait for a query slot", self.waiting.clone());
        registry.register("read_rows", "Rows returned by queries", self.rows_read.clone());
    }

    /// Counts a query by its outcome.
    pub(crate) fn query_ended(&self, outcome: &'static str) {
        self.ended.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Counts an answer by how the result cache took part: `hit`, `miss` or `bypass`.
    pub(crate) fn cache_used(&self, outcome: &'static str) {
        self.cache.get_or_create(&OutcomeLabels { outcome }).inc();
    }
}

/// Counts one in a gauge until it is dropped.
pub(crate) struct GaugeGuard(Gauge);

impl GaugeGuard {
    /// Increments the gauge.
    pub(crate) fn new(gauge: &Gauge) -> GaugeGuard {
        gauge.inc();
        GaugeGuard(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}
