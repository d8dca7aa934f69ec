//! The log of the server: written to the standard error, as text or as JSON.

use std::fmt::{self, Debug};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The arguments that choose what is logged, and how.
#[derive(Args)]
#[command(next_help_heading = "Log")]
pub(crate) struct LogArguments {
    /// Format of a log line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// What to log: a level (off, error, warn, info, debug, trace), or levels per module; libraries that process rows are logged at info at most
    #[arg(
        long,
        value_name = "FILTER",
        env = "SERENYTICS_LOG",
        default_value = "warn,serenytics_local=info,serenytics_engine=info,buoyant_kernel=off,deltalake_core=off"
    )]
    log: Targets,
}

/// The format of a log line.
#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// Plain text
    Text,
    /// One JSON object per line
    Json,
}

impl LogArguments {
    /// Starts logging.
    pub(crate) fn set_up(&self) -> Result<(), String> {
        // The reader of the standard error may have gone.
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
        let lines = match self.log_format {
            LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
            LogFormat::Json => lines.event_format(JsonLines).boxed(),
        };
        let filter = self.log.clone().and(filter_fn(has_no_values));
        let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter));
        subscriber.try_init().map_err(|error| format!("could not set up the log: {error}"))
    }
}

/// The libraries whose details contain values of rows and queries, by the start of their targets. `buoyant_kernel` is the
/// kernel of Delta Lake.
const WITH_VALUES: [&str; 7] =
    ["arrow", "buoyant_kernel", "datafusion", "delta", "object_store", "parquet", "sqlparser"];

/// Returns false for events that may contain values of rows and queries.
fn has_no_values(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !WITH_VALUES.iter().any(|start| metadata.target().starts_with(start))
}

/// Formats events as one JSON object per line. `tracing-subscriber` has a feature for this, but it would compile some
/// of the engine's dependencies a second time.
struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut line = Line(Map::new());
        event.record(&mut line);
        line.0.insert("timestamp".to_owned(), time.into());
        line.0.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.0.insert("target".to_owned(), event.metadata().target().into());
        writeln!(writer, "{}", Value::Object(line.0))
    }
}

/// Collects the fields of an event.
struct Line(Map<String, Value>);

impl Line {
    fn field(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Line {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.field(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.field(field, format!("{value:?}"));
    }
}
