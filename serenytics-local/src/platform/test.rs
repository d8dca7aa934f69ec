//! Platforms for unit tests.

use std::time::Duration;

use serenytics_engine::{Python, QueryLimits};
use tempfile::TempDir;

use super::{HttpSettings, Platform, Settings};
use crate::access::{Account, Credentials};
use crate::data_api::DataApi;
use crate::mail::MailSettings;
use crate::script::ScriptSettings;

/// Opens a platform with the API key `key`, in a new folder.
pub(crate) async fn platform() -> (Platform, TempDir) {
    let keys = vec![(Account::DEFAULT.to_owned(), "key".to_owned())];
    platform_for(Credentials { keys, users: Vec::new() }).await
}

/// Opens a platform with these API keys and users, in a new folder.
pub(crate) async fn platform_for(credentials: Credentials) -> (Platform, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        folder: folder.path().to_owned(),
        credentials,
        queries: QueryLimits { memory: 256 << 20, time: Duration::from_secs(60), at_once: 4, cache: 16 << 20 },
        upload_limit: 1 << 20,
        scripts: ScriptSettings::default(),
        mails: MailSettings::default(),
        data_api: DataApi::default(),
        python: Python::default(),
        s3_endpoint: None,
        link_ttl: Duration::from_secs(60),
        http: HttpSettings {
            sign_uploads: false,
            client_timeout: Duration::from_secs(10),
            ignore_unknown_fields: false,
            public_url: None,
        },
    };
    (Platform::open(settings, "http://127.0.0.1:1").await.unwrap(), folder)
}
