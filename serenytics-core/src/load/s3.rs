//! Reloads a storage from a file on S3, which the server reads itself.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use serenytics_query::source::{Source, stored_types};
use tracing::{Instrument, debug_span};

use crate::data_source::DataSource;
use crate::error::Error;
use crate::io::{Progress, ProgressCallback, report};
use crate::load::ForceType;
use crate::load::builder::TIMEOUT;
use crate::session::Session;
use crate::task::Task;
use crate::transport::Deadline;

/// Credentials with which the server reads a file on S3. They are sent to the API's server and
/// never printed.
#[derive(Clone)]
pub struct S3Credentials {
    access_key_id: String,
    secret_access_key: String,
}

impl S3Credentials {
    /// Creates credentials from an access key and its secret.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> S3Credentials {
        S3Credentials { access_key_id: access_key_id.into(), secret_access_key: secret_access_key.into() }
    }

    /// Returns their form on the wire.
    fn text(&self) -> String {
        format!("aws_access_key_id={};aws_secret_access_key={}", self.access_key_id, self.secret_access_key)
    }
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[S3 credentials]")
    }
}

/// A reload of a storage from a file on S3; see [`DataSource::reload_from_s3`].
#[must_use = "nothing is loaded before `.send()`"]
pub struct ReloadFromS3<'s> {
    source: &'s DataSource,
    bucket: String,
    key: String,
    separator: Option<char>,
    region: Option<String>,
    credentials: Option<S3Credentials>,
    forced: BTreeMap<String, ForceType>,
    timeout: Duration,
    progress: ProgressCallback<'s, Progress>,
}

impl DataSource {
    /// Replaces all rows and columns of the storage by those of a CSV file on S3 (`.csv` or
    /// `.csv.gz`), which the server reads itself.
    ///
    /// ```no_run
    /// # async fn load(client: serenytics_core::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use serenytics_core::S3Credentials;
    ///
    /// let credentials = S3Credentials::new(std::env::var("AWS_ACCESS_KEY_ID")?, std::env::var("AWS_SECRET_ACCESS_KEY")?);
    /// let sales = client.get_or_create_storage("sales").await?;
    /// sales.reload_from_s3("bucket", "2024/sales.csv.gz").region("eu-west-1").credentials(credentials).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "reload_data_from_s3_file")]
    pub fn reload_from_s3(&self, bucket: impl Into<String>, key: impl Into<String>) -> ReloadFromS3<'_> {
        ReloadFromS3 {
            source: self,
            bucket: bucket.into(),
            key: key.into(),
            separator: None,
            region: None,
            credentials: None,
            forced: BTreeMap::new(),
            timeout: TIMEOUT,
            progress: None,
        }
    }
}

impl<'s> ReloadFromS3<'s> {
    /// Sets the separator of the fields (default: the server's, a comma).
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = Some(separator);
        self
    }

    /// Sets the region of the bucket, if it is not the warehouse's.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets the credentials for a file that is not public.
    pub fn credentials(mut self, credentials: S3Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sets the type of a column, whatever its values look like.
    pub fn force_type(mut self, column: impl Into<String>, force_type: ForceType) -> Self {
        self.forced.insert(column.into(), force_type);
        self
    }

    /// Sets the types of the columns that `S` declares; a type set by
    /// [`force_type`](Self::force_type) has priority.
    pub fn schema<S: Source>(mut self) -> Self {
        for (column, column_type) in stored_types::<S>() {
            self.forced.entry(column).or_insert(column_type.into());
        }
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

    /// Makes the server load the file, and waits until it is loaded.
    ///
    /// # Errors
    /// Returns an error if the source is not a storage (nothing is sent then), the server cannot
    /// read or load the file (with its message), the timeout passes, or the server cannot be
    /// reached or rejects the request.
    pub async fn send(mut self) -> Result<(), Error> {
        self.source.check_is_storage()?;
        let span = debug_span!("load", source = self.source.uuid(), bucket = self.bucket, key = self.key);
        let (session, body) = (self.session(), self.body());
        let loaded = async {
            let deadline = Deadline::after(self.timeout, "`timeout` of the load");
            let request = session.post(&["api", "data_source", self.source.uuid(), "reload_from_s3"], deadline);
            let started = request.json(&body).send().await?;
            let loading = Instant::now();
            let asked = &mut || report(&mut self.progress, Progress::Loading { elapsed: loading.elapsed() });
            Task::started(&session, started).await?.wait(deadline, asked).await
        };
        loaded.instrument(span).await
    }

    /// Returns the source's session, with the secret of the credentials redacted from the server's
    /// messages.
    fn session(&self) -> Session {
        let session = self.source.session();
        match &self.credentials {
            Some(credentials) => session.with_token(session.api_key().clone().hiding(&credentials.secret_access_key)),
            None => session.clone(),
        }
    }

    fn body(&self) -> Value {
        let mut body = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        set("async", Some(true.into()));
        set("s3_bucket", Some(self.bucket.clone().into()));
        set("s3_key", Some(self.key.clone().into()));
        set("s3_csv_separator", self.separator.map(|separator| separator.to_string().into()));
        set("s3_region", self.region.clone().map(Value::from));
        set("s3_credentials", self.credentials.as_ref().map(|credentials| credentials.text().into()));
        let forced: Map<_, _> = self.forced.iter().map(|(name, forced)| (name.clone(), forced.word().into())).collect();
        set("force_types", (!forced.is_empty()).then(|| forced.into()));
        Value::Object(body)
    }
}

/// The credentials are not printed.
impl fmt::Debug for ReloadFromS3<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReloadFromS3")
            .field("source", &self.source)
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}
