//! An export: its options, the call that makes the server create a file, and the download of that
//! file.

use std::fmt;
use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::export::ExportFormat;
use crate::io::{Progress, ProgressCallback, report};
use crate::transport::{Deadline, Request, Response};

/// Default timeout of an export.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// An export of all rows and columns of a source; see [`DataSource::export`].
#[must_use = "nothing is exported before a method such as `.to_file(..)` or `.rows(..)` is called"]
pub struct Export<'s> {
    pub(crate) source: &'s DataSource,
    pub(crate) format: Option<ExportFormat>,
    pub(crate) separator: char,
    quotes: bool,
    guard_formulas: bool,
    timeout: Duration,
    progress: ProgressCallback<'static, Progress>,
}

/// The download of an exported file, whose response head has arrived.
pub(crate) struct Download {
    pub(crate) response: Response,
    pub(crate) format: ExportFormat,
    pub(crate) span: Span,
}

impl DataSource {
    /// Exports all rows and columns of the source, whatever its type: a storage, a join, a
    /// connected database. The server creates a file, which is written to disk or parsed while it
    /// arrives, in constant memory.
    ///
    /// ```no_run
    /// # async fn export(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// let exported = client.source("sales").await?.export().to_file("sales.csv.gz").await?;
    /// println!("{} bytes of {}", exported.bytes, exported.format);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get_dataset_as_dataframe")]
    pub fn export(&self) -> Export<'_> {
        Export {
            source: self,
            format: None,
            separator: ',',
            quotes: true,
            guard_formulas: false,
            timeout: TIMEOUT,
            progress: None,
        }
    }
}

impl Export<'_> {
    /// Sets the format of the file (default: that of its extension, or the server's choice).
    pub fn format(mut self, format: ExportFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets the separator of CSV fields (default: a comma).
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = separator;
        self
    }

    /// Sets whether CSV fields are quoted (default: true). Without quotes, a separator or line end
    /// inside a string looks like the end of a field. Rows that are parsed here are always quoted.
    pub fn quotes(mut self, quotes: bool) -> Self {
        self.quotes = quotes;
        self
    }

    /// Sets whether texts that spreadsheets would run as formulas get a `'` before them in CSV:
    /// those that begin with `=`, `+`, `-`, `@`, a tab or a carriage return (default: false). Rows
    /// that are parsed here are unchanged. The embedded engine supports this; the platform does not
    /// document it.
    pub fn guard_formulas(mut self, guard: bool) -> Self {
        self.guard_formulas = guard;
        self
    }

    /// Sets the timeout of the whole export (default: 30 min).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets a callback for the progress of the export. A stream calls it when it is polled.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Takes the progress callback.
    pub(crate) fn take_progress(&mut self) -> ProgressCallback<'static, Progress> {
        self.progress.take()
    }

    /// Returns the deadline of an export that starts now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout, "`timeout` of the export")
    }

    /// Makes the server create a file, and starts its download.
    pub(crate) async fn begin(&mut self, format: ExportFormat, deadline: Deadline) -> Result<Download, Error> {
        let span = debug_span!("export", source = self.source.uuid(), format = format.word(), bytes = Empty);
        let begun = async {
            report(&mut self.progress, Progress::Exporting);
            let (url, format) = self.create(format, deadline).await?;
            let response = Request::download(self.source.session().connection(), &url, deadline).send().await?;
            Ok(Download { response, format, span: span.clone() })
        };
        begun.instrument(span.clone()).await
    }

    /// Starts the download of a file as CSV that can be parsed.
    pub(crate) async fn begin_csv(&mut self, deadline: Deadline) -> Result<Download, Error> {
        self.quotes = true;
        self.guard_formulas = false;
        if !self.separator.is_ascii() || matches!(self.separator, '\n' | '\r' | '"') {
            return Err(Error::new(
                Kind::Usage,
                format!("{:?} cannot separate the fields of a CSV file", self.separator),
            ));
        }
        let download = match self.format {
            None => self.begin(ExportFormat::CsvGz, deadline).await?,
            Some(format @ (ExportFormat::Csv | ExportFormat::CsvGz)) => self.begin(format, deadline).await?,
            Some(format) => {
                let message = format!("rows can be read from csv or csv.gz, but not from {format}");
                return Err(Error::new(Kind::Usage, message));
            }
        };
        Ok(download)
    }

    /// Makes the server create a file, and returns its URL and format. It borrows mutably because
    /// the progress callback may not be `Sync`: a future with a shared borrow of it could not be
    /// spawned.
    async fn create(&mut self, format: ExportFormat, deadline: Deadline) -> Result<(Url, ExportFormat), Error> {
        let session = self.source.session();
        let mut body = json!({
            "send_email": false,
            "export_format": format.word(),
            "csv_separator": self.separator.to_string(),
            "add_quotes": self.quotes,
        });
        if self.guard_formulas {
            body["guard_formulas"] = true.into();
        }
        let request =
            session.post(&["api", "data_source", self.source.uuid(), "export_source_data"], deadline).no_read_timeout();
        let mut response = request.creates_file().json(&body).send().await?;
        let body = response.whole().await?;
        let answer: Value = response.parse(&body)?;
        response.check_status(&answer)?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(url) = text("csv_url") else {
            return Err(match crate::transport::server_errors(&answer) {
                Some(said) => response.rejected(said),
                None => response.error(Kind::Decode, "the response has no `csv_url` of the exported file".to_owned()),
            });
        };
        // A server may return only the path.
        let url = session.url().join(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else {
            let message = "the server returned an invalid `csv_url`: expected the URL of the exported file";
            return Err(response.error(Kind::Decode, message.to_owned()));
        };
        let made = text("output_file_format").unwrap_or(format.word());
        match ExportFormat::from_word(made) {
            Some(made) if made != ExportFormat::Auto && (format == made || format == ExportFormat::Auto) => Ok((url, made)),
            _ => Err(response.error(
                Kind::Decode,
                format!(
                    "the server was asked for an export as {format} and created one as `{made}`, which cannot be read; choose another format by \
                     `.format(..)`"
                ),
            )),
        }
    }
}

/// The options.
impl fmt::Debug for Export<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export")
            .field("source", &self.source)
            .field("format", &self.format)
            .field("separator", &self.separator)
            .finish_non_exhaustive()
    }
}
