//! An export: its options, the call that has the server make a file, and the way to its bytes.

use std::fmt;
use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};
use tracing::field::Empty;
use tracing::{Instrument, Span, debug_span};

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::export::ExportFormat;
use crate::io::{Progress, Tell, tell};
use crate::transport::{Deadline, Request, Response};

/// How long an export may take, unless it is set.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// An export of all rows and columns of a source; see [`DataSource::export`].
#[must_use = "nothing is exported before `.to_file(..)`, `.rows(..)` or another of them"]
pub struct Export<'s> {
    pub(crate) source: &'s DataSource,
    pub(crate) format: Option<ExportFormat>,
    pub(crate) separator: char,
    quotes: bool,
    timeout: Duration,
    progress: Tell<'static, Progress>,
}

/// A file that the server made, of which the head has arrived.
pub(crate) struct Download {
    pub(crate) response: Response,
    pub(crate) format: ExportFormat,
    pub(crate) span: Span,
}

impl DataSource {
    /// Exports all rows and columns of the source, of any type: a storage, a join, a connected database. The server makes a file, which is
    /// written to disk or read while it arrives, in constant memory.
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
        Export { source: self, format: None, separator: ',', quotes: true, timeout: TIMEOUT, progress: None }
    }
}

impl Export<'_> {
    /// The format of the file: that of its extension unless set, or what the server finds best.
    pub fn format(mut self, format: ExportFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// What separates the fields of CSV: a comma unless set.
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = separator;
        self
    }

    /// Whether the fields of CSV are quoted, as they are unless set: without quotes, texts that hold the separator or a line end cannot be
    /// told apart from fields. What is read here is always quoted.
    pub fn quotes(mut self, quotes: bool) -> Self {
        self.quotes = quotes;
        self
    }

    /// How long everything may take, 30 minutes unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Is told now and then how far the export is; of what is streamed, while it is asked for.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// What is told how far the export is.
    pub(crate) fn take_progress(&mut self) -> Tell<'static, Progress> {
        self.progress.take()
    }

    /// The deadline of an export that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout, "`timeout` of the export")
    }

    /// Has the server make a file and begins to get it.
    pub(crate) async fn begin(&mut self, format: ExportFormat, deadline: Deadline) -> Result<Download, Error> {
        let span = debug_span!("export", source = self.source.uuid(), format = format.word(), bytes = Empty);
        let begun = async {
            tell(&mut self.progress, Progress::Exporting);
            let (url, format) = self.made(format, deadline).await?;
            let response = Request::download(self.source.session().connection(), &url, deadline).send().await?;
            Ok(Download { response, format, span: span.clone() })
        };
        begun.instrument(span.clone()).await
    }

    /// Begins to get the file as CSV that can be read.
    pub(crate) async fn begin_csv(&mut self, deadline: Deadline) -> Result<Download, Error> {
        self.quotes = true;
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
                let message = format!("rows are read from csv or csv.gz, and not from {format}");
                return Err(Error::new(Kind::Usage, message));
            }
        };
        Ok(download)
    }

    /// Where the file is that the server made, and its format. It borrows mutably, as what is told of the progress may be no `Sync`, and a
    /// shared borrow of it would keep exports from being spawned.
    async fn made(&mut self, format: ExportFormat, deadline: Deadline) -> Result<(Url, ExportFormat), Error> {
        let session = self.source.session();
        let body = json!({
            "send_email": false,
            "export_format": format.word(),
            "csv_separator": self.separator.to_string(),
            "add_quotes": self.quotes,
        });
        let request =
            session.post(&["api", "data_source", self.source.uuid(), "export_source_data"], deadline).patient();
        let mut response = request.json(&body).send().await?;
        let body = response.whole().await?;
        let answer: Value = response.parse(&body)?;
        response.check_status(&answer)?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(url) = text("csv_url") else {
            return Err(match crate::transport::said_errors(&answer) {
                Some(said) => response.refused(said),
                None => {
                    response.error(Kind::Decode, "the answer has no `csv_url`, where the exported file is".to_owned())
                }
            });
        };
        // A server may say no more than the path.
        let url = session.url().join(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else {
            let message = "`csv_url` of the answer, where the exported file is, is no URL of a server";
            return Err(response.error(Kind::Decode, message.to_owned()));
        };
        let made = text("output_file_format").unwrap_or(format.word());
        match ExportFormat::from_word(made) {
            Some(made) if made != ExportFormat::Auto && (format == made || format == ExportFormat::Auto) => Ok((url, made)),
            _ => Err(response.error(
                Kind::Decode,
                format!(
                    "the server was asked for an export as {format} and made one as `{made}`, which is not read here; choose another one by \
                     `.format(..)`"
                ),
            )),
        }
    }
}

/// What it will ask for.
impl fmt::Debug for Export<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export")
            .field("source", &self.source)
            .field("format", &self.format)
            .field("separator", &self.separator)
            .finish_non_exhaustive()
    }
}
