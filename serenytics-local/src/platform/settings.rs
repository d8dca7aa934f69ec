//! The settings of a platform, which the builder of the server fills in.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serenytics_engine::{Python, QueryLimits};

use crate::access::Credentials;
use crate::data_api::DataApi;
use crate::mail::MailSettings;
use crate::script::ScriptSettings;

/// The settings of a platform. There is no `Debug`, because they contain secrets.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The data folder.
    pub(crate) folder: PathBuf,
    /// The API keys and users.
    pub(crate) credentials: Credentials,
    /// The limits of queries.
    pub(crate) queries: QueryLimits,
    /// The maximum size of an uploaded file in bytes.
    pub(crate) upload_limit: u64,
    /// The settings for scripts.
    pub(crate) scripts: ScriptSettings,
    /// The settings for e-mails.
    pub(crate) mails: MailSettings,
    /// The keys and sources of the data API.
    pub(crate) data_api: DataApi,
    /// The interpreter that reads data frames and runs scripts.
    pub(crate) python: Python,
    /// The URL of the S3-compatible server; AWS if it is `None`.
    pub(crate) s3_endpoint: Option<String>,
    /// How long the links of exports and signed uploads are valid.
    pub(crate) link_ttl: Duration,
    /// The settings of the HTTP layer.
    pub(crate) http: HttpSettings,
}

/// The settings that handlers of requests use themselves.
#[derive(Debug, Clone)]
pub(crate) struct HttpSettings {
    /// True if files are uploaded through signed links.
    pub(crate) sign_uploads: bool,
    /// How long to wait for a client.
    pub(crate) client_timeout: Duration,
    /// True if fields of JSON bodies that the server does not know are ignored.
    pub(crate) ignore_unknown_fields: bool,
    /// The URL of the server in links; that of each request if it is `None`.
    pub(crate) public_url: Option<Arc<str>>,
}
