//! The session: DataFusion's contexts, and the memory that all queries share.

mod cooperative;

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use self::cooperative::Cooperative;
use crate::base::{Context, Error, ErrorKind};

/// The DataFusion contexts of a warehouse, which share one memory pool.
pub(crate) struct Session {
    memory: Arc<dyn MemoryPool>,
    /// For queries whose rows may come in any order.
    pub(crate) parallel: SessionContext,
    /// For queries with conditions or joins. DataFusion assumes that a column that has to equal a value has one
    /// distinct value left, even if no row is left, so this context lacks the rule that answers from statistics.
    pub(crate) filtered: SessionContext,
    /// For queries with ranks: one partition, so that each sort gets a large part of the memory.
    pub(crate) ranked: SessionContext,
    /// For queries that return rows in the order in which they were loaded.
    pub(crate) ordered: SessionContext,
}

impl Session {
    /// Opens a session whose queries use up to `memory` bytes and spill to files in `folder`.
    pub(crate) fn open(memory: usize, folder: &Path) -> Result<Session, Error> {
        const CONTEXT: &str = "DataFusion could not be set up";
        std::fs::create_dir_all(folder).context(CONTEXT)?;
        let memory: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(memory));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&memory))
            .with_temp_file_path(folder)
            .build_arc()
            .context(CONTEXT)?;
        let mut parallel = SessionConfig::new().with_information_schema(false);
        // This rule skips rows by the columns of a `min` or `max` and ignores the columns inside of expressions:
        // https://github.com/apache/datafusion/issues/24816.
        parallel.options_mut().optimizer.enable_aggregate_dynamic_filter_pushdown = false;
        // One partition, and one file after the other: with statistics, a limit could take any file first.
        let single = parallel.clone().with_target_partitions(1);
        let ordered = single.clone().with_collect_statistics(false);
        // Several sorts run on top of each other, and several queries next to each other.
        let ranked = single.with_sort_spill_reservation_bytes(1 << 20);
        let parallel = SessionContext::new_with_config_rt(parallel, Arc::clone(&runtime));
        Ok(Session {
            memory,
            filtered: cooperative(&parallel),
            parallel,
            ranked: cooperative(&SessionContext::new_with_config_rt(ranked, Arc::clone(&runtime))),
            ordered: SessionContext::new_with_config_rt(ordered, runtime),
        })
    }

    /// Returns how many bytes of memory queries use now.
    pub(crate) fn memory_used(&self) -> usize {
        self.memory.reserved()
    }

    /// Makes an empty reservation of the queries' memory. `name` appears in errors.
    pub(crate) fn reserve(&self, name: &str) -> Reservation {
        Reservation { reservation: MemoryConsumer::new(name).register(&self.memory) }
    }
}

/// Memory of the queries that something else uses. It is freed on drop.
pub(crate) struct Reservation {
    reservation: MemoryReservation,
}

impl Reservation {
    /// Reserves more memory. Fails if there is none left.
    pub(crate) fn grow(&self, bytes: usize) -> Result<(), Error> {
        self.reservation.try_grow(bytes).map_err(run_error)
    }
}

/// Returns a context without the rule that answers from statistics, whose joins and windows yield.
fn cooperative(context: &SessionContext) -> SessionContext {
    let state = context.state();
    let rules = state.physical_optimizers().iter().filter(|other| other.name() != "aggregate_statistics");
    let rules = rules.cloned().chain([Arc::new(Cooperative) as Arc<_>]).collect();
    SessionContext::new_with_state(
        SessionStateBuilder::new_from_existing(state).with_physical_optimizer_rules(rules).build(),
    )
}

/// Turns an error of a running query into an error of the engine.
pub(crate) fn run_error(error: DataFusionError) -> Error {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => {
            tracing::info!(%error, "a query needs too much memory");
            let message = "the query needs more memory than the server gives to queries: select less, or group less \
                           finely";
            Error::new(ErrorKind::Limit, message)
        }
        DataFusionError::ArrowError(error, _)
            if matches!(**error, ArrowError::CastError(_) | ArrowError::ArithmeticOverflow(_)) =>
        {
            Error::rejected(format!(
                "a formula gives an integer that is larger than 64 bits hold ({error}): make it a float, by `1.0 *` in \
                 front of it"
            ))
        }
        _ => Error::failed("the query failed", error),
    }
}
