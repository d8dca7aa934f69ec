//! Reloading a storage from a file of S3, which the server reads itself.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use serenytics_query::source::{Source, stored_types};
use tracing::{Instrument, debug_span};

use crate::data_source::DataSource;
use crate::error::Error;
use crate::io::{Progress, Tell, tell};
use crate::load::ForceType;
use crate::load::builder::TIMEOUT;
use crate::session::Session;
use crate::task::Task;
use crate::transport::Deadline;

/// What a server may read a file of S3 with. It is sent to the server of the API, and printed by nothing.
#[derive(Clone)]
pub struct S3Credentials {
    access_key_id: String,
    secret_access_key: String,
}

impl S3Credentials {
    /// An access key and its secret.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> S3Credentials {
        S3Credentials { access_key_id: access_key_id.into(), secret_access_key: secret_access_key.into() }
    }

    /// The text in which they travel.
    fn text(&self) -> String {
        format!("aws_access_key_id={};aws_secret_access_key={}", self.access_key_id, self.secret_access_key)
    }
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[S3 credentials]")
    }
}

/// The replacement of a storage's rows and columns by those of a file of S3; see [`DataSource::reload_from_s3`].
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
    progress: Tell<'s, Progress>,
}

impl DataSource {
    /// Replaces all rows and columns of the storage by those of a CSV file of S3, `.csv` or `.csv.gz`, which the server reads itself.
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
    /// What separates the fields: what the server takes for it, a comma, unless set.
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = Some(separator);
        self
    }

    /// The region of the bucket, where it is another than the warehouse's.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// What the server may read the file with, where it is not public.
    pub fn credentials(mut self, credentials: S3Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Gives a column this type, whatever its values look like.
    pub fn force_type(mut self, column: impl Into<String>, force_type: ForceType) -> Self {
        self.forced.insert(column.into(), force_type);
        self
    }

    /// Gives the columns the types that `S` declares; a type set by [`force_type`](Self::force_type) stays.
    pub fn schema<S: Source>(mut self) -> Self {
        for (column, column_type) in stored_types::<S>() {
            self.forced.entry(column).or_insert(column_type.into());
        }
        self
    }

    /// How long everything may take, 30 minutes unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Is told now and then that the server is still loading.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 's) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Has the server load the file and waits until it has.
    ///
    /// # Errors
    /// A source that is no storage, before anything is sent; a file that the server cannot read or load, in its words; a deadline that passes; a
    /// server that cannot be reached or refuses.
    pub async fn send(mut self) -> Result<(), Error> {
        self.source.check_is_storage()?;
        let span = debug_span!("load", source = self.source.uuid(), bucket = self.bucket, key = self.key);
        let (session, body) = (self.session(), self.body());
        let loaded = async {
            let deadline = Deadline::after(self.timeout, "`timeout` of the load");
            let request = session.post(&["api", "data_source", self.source.uuid(), "reload_from_s3"], deadline);
            let started = request.json(&body).send().await?;
            let loading = Instant::now();
            let asked = &mut || tell(&mut self.progress, Progress::Loading { elapsed: loading.elapsed() });
            Task::started(&session, started).await?.wait(deadline, asked).await
        };
        loaded.instrument(span).await
    }

    /// The session of the source, which leaves the secret of the credentials out wherever a server may repeat it.
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

/// The credentials do not print what they are.
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
