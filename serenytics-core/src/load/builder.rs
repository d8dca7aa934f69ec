//! A load into a storage: its options, and the steps from a file or rows to the loaded table.

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
use crate::io::{Progress, Tell, tell};
use crate::load::requirements::{HeaderRequirements, check_declared, check_key};
use crate::load::rows::LazyRows;
use crate::load::text::Format;
use crate::load::upload::Content;
use crate::load::{ForceType, config, file, upload};
use crate::resource::Resource;
use crate::task::Task;
use crate::transport::Deadline;

/// How long a load may take, unless it is set.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// The name that the server is told of rows, which have no file's.
const ROWS_NAME: &str = "rows.csv.gz";

/// A load into a storage, made by the `reload` and `update` methods of a [`DataSource`].
#[must_use = "nothing is loaded before `.send()`"]
pub struct Load<'s> {
    source: &'s DataSource,
    from: Origin<'s>,
    into: Effect,
    format: Format,
    forced: BTreeMap<String, ForceType>,
    /// The columns that the file has to have.
    declared: Vec<String>,
    /// Whether the separator was said, and is not that of no word.
    separator_is_said: bool,
    timeout: Duration,
    progress: Tell<'s, Progress>,
}

/// What is loaded.
enum Origin<'s> {
    File(PathBuf),
    Rows(LazyRows<'s>),
}

/// What becomes of the rows that are there.
enum Effect {
    /// They are replaced, columns and all.
    Reload,
    /// Those with a key that is loaded are replaced, the others stay.
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
            separator_is_said: false,
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

    /// What separates the fields: a comma unless set. A file is refused whose header would be one column by the comma and several by another
    /// usual separator, unless this says that it is so.
    pub fn separator(mut self, separator: char) -> Self {
        self.format.separator = separator;
        self.separator_is_said = true;
        self
    }

    /// Gives a column this type, whatever its values look like.
    pub fn force_type(mut self, column: impl Into<String>, force_type: ForceType) -> Self {
        self.forced.insert(column.into(), force_type);
        self
    }

    /// Gives the columns the types that `S` declares; a type set by [`force_type`](Self::force_type) stays. A file that lacks one of
    /// these columns is refused before anything is sent, and so are rows; other columns are loaded as well.
    ///
    /// Rows that are values of a struct that derives `Source` have its types without this.
    pub fn schema<S: Source>(self) -> Self {
        let mut load = self.forced(stored_types::<S>().into_iter().map(|(column, declared)| (column, declared.into())));
        load.declared.extend(stored_types::<S>().into_iter().map(|(column, _)| column));
        load
    }

    /// Gives columns the types that are known of them; a type that was set stays.
    pub(crate) fn forced(mut self, types: impl IntoIterator<Item = (String, ForceType)>) -> Self {
        for (column, force_type) in types {
            self.forced.entry(column).or_insert(force_type);
        }
        self
    }

    /// Names the columns of rows that are maps, in their order. Without this they are those of the first row; a row with another one is an
    /// error, and one that lacks a column has NULL there. A file has a header of its own.
    pub fn columns<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.format.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Loads empty texts of rows as NULL.
    ///
    /// Rows are sent as CSV, in which an empty field is NULL. So a row with an empty text is an error without this; where the two have to be told
    /// apart, rows go by [`batch`](DataSource::batch).
    pub fn empty_as_null(mut self) -> Self {
        self.format.empty_as_null = true;
        self
    }

    /// How long everything may take, 30 minutes unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Is told now and then how far the load is.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 's) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Sends the file or the rows and waits until they are loaded.
    ///
    /// # Errors
    /// A source that is no storage, a file that is missing or no CSV, or a column's name that the warehouse does not take, before anything is
    /// sent; a row that cannot be one of a file, in which case nothing is loaded; what the server
    /// cannot load, in its words; a deadline that passes; a server that cannot be reached or refuses.
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
                        "nothing was sent: `.columns(..)` names the columns of rows, and `{}` has a header of its own",
                        path.display()
                    );
                    return Err(Error::new(Kind::Usage, message));
                }
                let requirements = HeaderRequirements {
                    declared: self.declared,
                    primary_key: self.into.primary_key(),
                    separator_is_said: self.separator_is_said,
                };
                let opening = file::open(&path, self.format.separator, requirements);
                let file = deadline.hold("the file was not opened", opening).await??;
                let name = file.sent_name.clone();
                (Content::File(path, file), name)
            }
            Origin::Rows(making) => {
                let rows = deadline.hold("no row was made", making.begin(self.format.clone())).await??;
                check_key(self.into.primary_key().as_deref(), &rows.columns)?;
                check_declared(&self.declared, &rows.columns)?;
                // The columns of an update have the types that the storage has.
                let texts = if matches!(self.into, Effect::Reload) { rows.texts } else { Vec::new() };
                let texts = texts.into_iter().map(|column| (column, ForceType::Str));
                for (column, force_type) in rows.types.into_iter().chain(texts) {
                    self.forced.entry(column).or_insert(force_type);
                }
                (Content::Rows(rows.chunks), ROWS_NAME.to_owned())
            }
        };
        let uuid = self.source.uuid();
        // As it is now: somebody may have changed it since the source was found, and it is saved whole.
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
        let asked = &mut || tell(&mut self.progress, Progress::Loading { elapsed: loading.elapsed() });
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

/// The rows are not made for it.
impl fmt::Debug for Load<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("source", &self.source)
            .field("format", &self.format)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
