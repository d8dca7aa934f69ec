//! Reloading a storage from a CSV file: the options, and the steps from the file to the loaded table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};
use serenytics_query::source::{Source, stored_types};
use tracing::{Instrument, debug_span};

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::load::ForceType;
use crate::load::file::CsvFile;
use crate::load::{header, upload};
use crate::task::Task;
use crate::transport::Deadline;

/// How long loading a file may take, unless it is set.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// How far a load is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The file is being sent.
    Uploading {
        /// How many bytes of the file have been read.
        read: u64,
        /// How many it has.
        total: u64,
    },
    /// The file has arrived and the server loads it.
    Loading,
}

/// The replacement of a storage's rows and columns by those of a CSV file; see [`DataSource::reload_from_csv`].
#[must_use = "nothing is loaded before `.send()`"]
pub struct ReloadFromCsv<'s> {
    source: &'s DataSource,
    path: PathBuf,
    separator: char,
    forced: BTreeMap<String, ForceType>,
    /// The columns that the file has to have.
    declared: Vec<String>,
    timeout: Duration,
    progress: Option<Box<dyn FnMut(Progress) + Send + 's>>,
}

impl DataSource {
    /// Replaces all rows and columns of the storage by those of a CSV file, `.csv` or `.csv.gz`, UTF-8, with a header.
    ///
    /// The file is sent while it is read, in constant memory, and a `.csv` is gzipped on the way. Until the server has
    /// loaded the whole of it, queries see the old rows; if anything fails, they stay.
    ///
    /// ```no_run
    /// # async fn load(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// use serenytics_core::ForceType;
    ///
    /// let sales = client.get_or_create_storage("sales").await?;
    /// sales.reload_from_csv("sales.csv").separator(';').force_type("zip", ForceType::Str).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reload_from_csv(&self, path: impl Into<PathBuf>) -> ReloadFromCsv<'_> {
        ReloadFromCsv {
            source: self,
            path: path.into(),
            separator: ',',
            forced: BTreeMap::new(),
            declared: Vec::new(),
            timeout: TIMEOUT,
            progress: None,
        }
    }
}

impl<'s> ReloadFromCsv<'s> {
    /// What separates the fields: a comma unless set.
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = separator;
        self
    }

    /// Gives a column this type, whatever its values look like.
    pub fn force_type(mut self, column: impl Into<String>, force_type: ForceType) -> Self {
        self.forced.insert(column.into(), force_type);
        self
    }

    /// Gives the columns the types that `S` declares; a type set by [`force_type`](Self::force_type) stays. A file that lacks one of
    /// these columns is refused before anything is sent; other columns are loaded as well.
    pub fn declared_by<S: Source>(mut self) -> Self {
        for (column, column_type) in stored_types::<S>() {
            self.declared.push(column.clone());
            self.forced.entry(column).or_insert(column_type.into());
        }
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

    /// Sends the file and waits until it is loaded.
    ///
    /// # Errors
    /// A source that is no storage, or a file that is missing or no CSV, before anything is sent; a file that the server
    /// cannot load, in its words; a deadline that passes; a server that cannot be reached or refuses.
    pub async fn send(self) -> Result<(), Error> {
        let span = debug_span!("reload", source = self.source.uuid());
        self.load().instrument(span).await
    }

    async fn load(mut self) -> Result<(), Error> {
        let deadline = Deadline::after(self.timeout, "`timeout` of the load");
        let client = self.source.client();
        self.source.check_is_storage()?;
        if matches!(self.separator, '\n' | '\r' | '"') {
            let message = format!("{:?} cannot separate the fields of a CSV file", self.separator);
            return Err(Error::new(Kind::Usage, message));
        }
        let file = deadline.hold("the file was not opened", open(&self.path, self.separator, &self.declared)).await??;
        let uuid = self.source.uuid();
        // As it is now: somebody may have changed it since the source was found, and it is saved whole.
        let current = client.by_uuid_until(uuid, deadline).await?;
        current.check_is_storage()?;
        let config = config(current.config(), &file.sent_name, self.separator, &self.forced);
        client.put(&["api", "data_source", uuid], deadline).json(&config).send().await?;
        let mut ignore = |_| {};
        let progress: &mut (dyn FnMut(Progress) + Send) = match &mut self.progress {
            Some(progress) => progress,
            None => &mut ignore,
        };
        upload::send(self.source, &self.path, file, deadline, progress).await?;
        progress(Progress::Loading);
        let request = client.post(&["api", "data_source", uuid, "reload_from_file"], deadline);
        let started = request.json(&json!({ "async": true })).send().await?;
        Task::started(client, started).await?.wait(deadline).await
    }
}

/// Opens a file and looks at its header, off the threads that other futures run on.
async fn open(path: &Path, separator: char, declared: &[String]) -> Result<CsvFile, Error> {
    let file = CsvFile::open(path).await?;
    if declared.is_empty() {
        return Ok(file);
    }
    let (path, declared) = (path.to_owned(), declared.to_owned());
    let checked = tokio::task::spawn_blocking(move || {
        header::check(&path, &file.file, file.gzipped, separator, &declared).map(|()| file)
    });
    match checked.await {
        Ok(checked) => checked,
        Err(error) => Err(Error::new(Kind::Usage, "reading the file's header was interrupted").caused_by(error)),
    }
}

/// A source's configuration with what the server has to know of the file. Types that were forced for another file are
/// dropped; everything else stays as it is.
fn config(
    config: &Map<String, Value>,
    file_name: &str,
    separator: char,
    forced: &BTreeMap<String, ForceType>,
) -> Value {
    let mut config = config.clone();
    config.insert("originalFileName".to_owned(), file_name.into());
    let forced: Map<_, _> = forced.iter().map(|(column, forced)| (column.clone(), forced.word().into())).collect();
    let content = config.entry("jsonContent").or_insert_with(|| json!({}));
    if !content.is_object() {
        *content = json!({});
    }
    let options = content["advanced_options"].as_str().and_then(|text| serde_json::from_str(text).ok());
    let mut options: Map<String, Value> = options.unwrap_or_default();
    options.insert("force_types".to_owned(), forced.into());
    content["separator"] = separator.to_string().into();
    // A text that holds JSON, which is how the platform keeps it.
    content["advanced_options"] = Value::from(options).to_string().into();
    config.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_keeps_everything_but_the_file() {
        let before = json!({
            "uuid": "u",
            "newer": {"a": [1.5]},
            "originalFileName": "old.csv",
            "jsonContent": {
                "measures": {"m": {"name": "margin"}},
                "separator": ",",
                "advanced_options": "{\"force_types\": {\"gone\": \"str\"}, \"other\": 1}",
            },
        });
        let forced = BTreeMap::from([("zip".to_owned(), ForceType::Str)]);
        let after = config(before.as_object().unwrap(), "new.csv.gz", ';', &forced);
        assert_eq!(
            after,
            json!({
                "uuid": "u",
                "newer": {"a": [1.5]},
                "originalFileName": "new.csv.gz",
                "jsonContent": {
                    "measures": {"m": {"name": "margin"}},
                    "separator": ";",
                    "advanced_options": "{\"force_types\":{\"zip\":\"str\"},\"other\":1}",
                },
            })
        );
    }

    #[test]
    fn a_configuration_without_content_gets_one() {
        for content in [json!({}), json!({"jsonContent": null})] {
            let after = config(content.as_object().unwrap(), "a.csv.gz", ',', &BTreeMap::new());
            assert_eq!(after["jsonContent"], json!({"separator": ",", "advanced_options": "{\"force_types\":{}}"}));
        }
    }
}
