//! A load into a storage: its options, and the calls from a file or rows to the loaded table.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use serenytics_query::source::{Source, stored_types};
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::io::{Progress, ProgressCallback, report};
use crate::load::requirements::{HeaderRequirements, check_declared, check_key};
use crate::load::rows::LazyRows;
use crate::load::text::Format;
use crate::load::upload::Content;
use crate::load::{ForceType, config, file, upload};
use crate::resource::Resource;
use crate::task::Task;
use crate::transport::Deadline;

/// Default timeout of a load.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// The file name for the server if rows are loaded.
const ROWS_NAME: &str = "rows.csv.gz";

/// A load into a storage, created by the `reload` and `update` methods of a [`DataSource`].
#[must_use = "nothing is loaded before `.send()`"]
pub struct Load<'s> {
    source: &'s DataSource,
    from: Origin<'s>,
    into: Effect,
    format: Format,
    forced: BTreeMap<String, ForceType>,
    /// The columns that the data must have.
    declared: Vec<String>,
    /// Whether the separator was set, rather than being the default.
    separator_is_set: bool,
    timeout: Duration,
    progress: ProgressCallback<'s, Progress>,
}

/// The data to load.
enum Origin<'s> {
    File(PathBuf),
    Rows(LazyRows<'s>),
}

/// The effect on the existing rows.
enum Effect {
    /// They are replaced, including their columns.
    Reload,
    /// Those with a loaded key are replaced, the others stay.
    Update { primary_key: String },
}

impl<'s> Load<'s> {
    fn new(source: &'s DataSource, from: Origin<'s>, into: Effect) -> Load<'s> {
        Load {
            source,
            from,
            into,
            format: Format::default(),
            forced: BTreeMap::new(),
            declared: Vec::new(),
            separator_is_set: false,
            timeout: TIMEOUT,
            progress: None,
        }
    }

    /// Creates a load of a file: an update by its primary key, or a reload without one.
    pub(super) fn of_file(source: &'s DataSource, path: PathBuf, primary_key: Option<String>) -> Load<'s> {
        Load::new(source, Origin::File(path), Effect::by(primary_key))
    }

    /// Creates a load of rows: an update by their primary key, or a reload without one.
    pub(crate) fn of_rows(source: &'s DataSource, rows: LazyRows<'s>, primary_key: Option<String>) -> Load<'s> {
        Load::new(source, Origin::Rows(rows), Effect::by(primary_key))
    }

    /// Sets the separator of the fields (default: a comma).
    ///
    /// If it is not set, a file is rejected whose header is one column when split by commas but
    /// several when split by another usual separator.
    pub fn separator(mut self, separator: char) -> Self {
        self.format.separator = separator;
        self.separator_is_set = true;
        self
    }

    /// Sets the type of a column, whatever its values look like.
    pub fn force_type(mut self, column: impl Into<String>, force_type: ForceType) -> Self {
        self.forced.insert(column.into(), force_type);
        self
    }

    /// Sets the types of the columns that `S` declares; a type set by
    /// [`force_type`](Self::force_type) has priority.
    ///
    /// A file or rows without one of these columns are rejected before anything is sent. Other
    /// columns are loaded as well. Rows of a struct that derives `Source` have its types without
    /// this call.
    pub fn schema<S: Source>(self) -> Self {
        let mut load = self.forced(stored_types::<S>().into_iter().map(|(column, declared)| (column, declared.into())));
        load.declared.extend(stored_types::<S>().into_iter().map(|(column, _)| column));
        load
    }

    /// Sets default types of columns; a type that was set has priority.
    pub(crate) fn forced(mut self, types: impl IntoIterator<Item = (String, ForceType)>) -> Self {
        for (column, force_type) in types {
            self.forced.entry(column).or_insert(force_type);
        }
        self
    }

    /// Sets the names and the order of the columns for rows that are maps (default: those of the
    /// first row). An unknown column is an error, a missing one is NULL. Not for files, which have
    /// a header.
    pub fn columns<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.format.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Loads empty strings in rows as NULL.
    ///
    /// Rows are sent as CSV, in which an empty field is NULL. Without this call, an empty string is
    /// therefore an error. To store empty strings, use a [`batch`](DataSource::batch).
    pub fn empty_as_null(mut self) -> Self {
        self.format.empty_as_null = true;
        self
    }

    /// Sets the timeout of the whole load (default: 30 min).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets a callback for the progress of the load.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 's) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Sends the file or the rows, and waits until they are loaded.
    ///
    /// # Errors
    /// Returns an error if the source is not a storage, the file is missing or not CSV, or a column
    /// name is not valid in the warehouse; nothing is sent then. Also if a row is invalid; nothing
    /// is loaded then. Also if the server cannot load the data (with its message), the timeout
    /// passes, or the server cannot be reached or rejects the request.
    pub async fn send(self) -> Result<(), Error> {
        let span = debug_span!("load", source = self.source.uuid(), bytes = Empty, rows = Empty);
        self.load().instrument(span).await
    }

    async fn load(mut self) -> Result<(), Error> {
        let deadline = Deadline::after(self.timeout, "`timeout` of the load");
        let session = self.source.session();
        self.source.check_is_storage()?;
        if matches!(self.format.separator, '\n' | '\r' | '"') {
            let message = format!("{:?} cannot separate the fields of a CSV file", self.format.separator);
            return Err(Error::new(Kind::Usage, message));
        }
        let (content, sent_name) = match self.from {
            Origin::File(path) => {
                if self.format.columns.is_some() {
                    let message = format!(
                        "nothing was sent: `.columns(..)` names the columns of rows, but `{}` has a header",
                        path.display()
                    );
                    return Err(Error::new(Kind::Usage, message));
                }
                let requirements = HeaderRequirements {
                    declared: self.declared,
                    primary_key: self.into.primary_key(),
                    separator_is_set: self.separator_is_set,
                };
                let opening = file::open(&path, self.format.separator, requirements);
                let file = deadline.timeout("the file was not opened", opening).await??;
                let name = file.sent_name.clone();
                (Content::File(path, file), name)
            }
            Origin::Rows(rows) => {
                let rows = deadline.timeout("the first row was not ready", rows.begin(self.format.clone())).await??;
                check_key(self.into.primary_key().as_deref(), &rows.columns)?;
                check_declared(&self.declared, &rows.columns)?;
                // An update keeps the types of the storage's columns.
                let strings = if matches!(self.into, Effect::Reload) { rows.strings } else { Vec::new() };
                let strings = strings.into_iter().map(|column| (column, ForceType::Str));
                for (column, force_type) in rows.types.into_iter().chain(strings) {
                    self.forced.entry(column).or_insert(force_type);
                }
                (Content::Rows(rows.chunks), ROWS_NAME.to_owned())
            }
        };
        let uuid = self.source.uuid();
        // Read again, because it is saved as a whole and may have changed since the source was
        // found.
        let current = DataSource::by_uuid(session, uuid, deadline).await?;
        current.check_is_storage()?;
        let config = config::config(current.config(), &sent_name, self.format.separator, &self.forced);
        session.put(&["api", "data_source", uuid], deadline).json(&config).send().await?.unless_error().await?;
        let sent = upload::send(self.source, content, deadline, &mut self.progress).await?;
        Span::current().record("bytes", sent.bytes).record("rows", sent.rows);
        let (call, body) = match self.into {
            Effect::Reload => ("reload_from_file", json!({ "async": true })),
            Effect::Update { primary_key } => {
                ("update_from_file", json!({ "primary_key": primary_key, "async": true }))
            }
        };
        let request = session.post(&["api", "data_source", uuid, call], deadline);
        let started = request.json(&body).expect(StatusCode::OK).send().await?;
        let loading = Instant::now();
        let asked = &mut || report(&mut self.progress, Progress::Loading { elapsed: loading.elapsed() });
        Task::started(session, started).await?.wait(deadline, asked).await
    }
}

impl Effect {
    fn by(primary_key: Option<String>) -> Effect {
        primary_key.map_or(Effect::Reload, |primary_key| Effect::Update { primary_key })
    }

    fn primary_key(&self) -> Option<String> {
        match self {
            Effect::Reload => None,
            Effect::Update { primary_key } => Some(primary_key.clone()),
        }
    }
}

/// Does not print rows: that would consume them.
impl fmt::Debug for Load<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("source", &self.source)
            .field("format", &self.format)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
