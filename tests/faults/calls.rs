//! Every call of the client, for tests that must pass for all of them, and the secrets that they
//! send.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use serenytics::prelude::*;
use serenytics::wire::Pipeline;
use serenytics::{ClientBuilder, DataApi, DataSource, Error, Pusher, S3Credentials, Script, WebApp};

use crate::proxy::{Fault, Request};
use crate::{KEY, Sale, Setup, client, printed, sale};

/// A data API key.
pub const DATA_KEY: &str = "canary-data-2f60a1";
/// The secret of the S3 credentials.
pub const S3_SECRET: &str = "canary-s3-77b2e9d4";
/// The login of a user, and the password.
pub const LOGIN: &str = "ada";
pub const PASSWORD: &str = "canary-ada-90d1";

/// Returns login and password as sent in the header.
pub fn basic() -> String {
    STANDARD.encode(format!("{LOGIN}:{PASSWORD}"))
}

/// The arguments of the calls. All requests go through the proxy.
pub struct Calls {
    pub setup: Arc<Setup>,
    pub client: Client,
    pub source: DataSource,
    pub data_api: DataApi,
    pub pusher: Pusher,
    /// The token of the pusher.
    pub token: String,
    builder: ClientBuilder,
    script: Script,
    web_app: WebApp,
    csv: PathBuf,
}

/// A call, which returns its result as printed.
pub type Call = for<'c> fn(&'c Calls) -> Pin<Box<dyn Future<Output = Result<String, Error>> + Send + 'c>>;

/// Writes a list of calls with their names.
macro_rules! calls {
    ($calls:ident: $($name:literal => $call:expr,)*) => {
        &[$(($name, |$calls| Box::pin(async move { $call.await.map(|answer| format!("{answer:?} {answer:#?}")) }))),*]
    };
}

/// All calls.
pub const CALLS: &[(&str, Call)] = calls! { c:
    "fetch" => c.client.fetch(&query! { from Sale where revenue > 1.0 select country, revenue }),
    "stream" => async { c.client.stream(&query! { from Sale select country }).await?.try_next().await },
    "query" => c.source.query(&Pipeline::default()),
    "fetch_columns" => c.client.fetch_columns(&c.source, &Pipeline::default()),
    "sources" => c.client.sources(),
    "find_source" => c.client.find_source("sales"),
    "source_by_uuid" => c.client.source_by_uuid(c.source.uuid()),
    "get_or_create_storage" => c.client.get_or_create_storage("sales"),
    "create_storage, delete" => async { c.client.create_storage("made").await?.delete().await },
    "save" => async { c.source.clone().save().await },
    "refresh" => async { c.source.clone().refresh().await },
    "columns" => c.source.columns(),
    "get_data" => c.source.get_data(),
    "row_count" => c.source.row_count(),
    "value_formula" => c.source.value_formula("sum([revenue])"),
    "drift" => c.client.drift::<Sale>(),
    "schema_file" => c.source.schema_file(),
    "invalidate_cache" => c.source.invalidate_cache(),
    "insert" => c.source.insert([sale("IT", 1.0)]),
    "batch" => c.source.batch().insert_or_update("country", [sale("IT", 2.0)]).delete("country", ["IT"]).send(),
    "pusher's push" => c.pusher.push(json!({"country": "PT", "revenue": 2.0})),
    "source's push" => c.source.push(json!({"country": "PT", "revenue": 2.0})),
    "reload_from_csv" => c.source.reload_from_csv(&c.csv).send(),
    "update_from_csv" => c.source.update_from_csv(&c.csv, "country").send(),
    "reload" => c.source.reload([sale("FR", 12.5), sale("DE", -3.0)]).send(),
    "reload_from_s3" => async {
        let credentials = S3Credentials::new("an-access-key-id", S3_SECRET);
        c.source.reload_from_s3("bucket", "sales.csv").credentials(credentials).send().await
    },
    "export to_file" => c.source.export().to_file(c.setup.folder.path().join("exported.csv.gz")),
    "export rows" => async { c.source.export().rows::<Sale, Vec<Value>>().await?.try_next().await },
    "data API's sources" => c.data_api.sources(),
    "data API's columns" => c.data_api.columns(c.source.uuid()),
    "data API's query" => c.data_api.query(c.source.uuid(), &Pipeline::default()),
    "data API's query_csv" => async {
        c.data_api.query_csv(c.source.uuid(), &Pipeline::default(), &mut Vec::new()).await
    },
    "scripts" => c.client.scripts(),
    "script" => c.client.script("nightly"),
    "script_by_uuid" => c.client.script_by_uuid(c.script.uuid()),
    "create_script, delete" => async { c.client.create_script("made", "").await?.delete().await },
    "run" => c.script.run().param("country", "FR").log_result(true).wait(),
    "is_running" => c.script.is_running(),
    "last_logs" => c.script.last_logs(),
    "store_script_data" => c.client.store_script_data(c.script.uuid(), "kept"),
    "retrieve_script_data" => c.client.retrieve_script_data::<String>(c.script.uuid()),
    "email" => c.client.email("A mail", ["ada@example.com"], "<p>Hello</p>").attach(&c.csv).send(),
    "send_slack_message" => c.client.send_slack_message("#sales", "Loaded.", None),
    "web_apps" => c.client.web_apps(),
    "web_app_by_uuid" => c.client.web_app_by_uuid(c.web_app.uuid()),
    "create_web_app, delete" => async {
        c.client.create_web_app("Made", serde_json::Map::new()).await?.delete().await
    },
    "web app's save" => async { c.client.web_app_by_uuid(c.web_app.uuid()).await?.save().await },
    "data_sources" => c.web_app.data_sources(),
    "share_with" => c.web_app.share_with("bob"),
    "warm_up_cache" => c.web_app.warm_up_cache().send(),
    "embed_url" => c.web_app.embed_url(&json!({"country": "FR"}), Duration::from_secs(60)),
    "log_in" => c.builder.clone().log_in(LOGIN, PASSWORD),
    "reload_users_metadata" => c.source.reload_users_metadata(),
    "pdf" => c.web_app.pdf(),
};

/// The calls that the engine rejects: it has no S3, no users' metadata in `sales` and no PDFs.
pub const REJECTED: &[&str] = &["reload_from_s3", "reload_users_metadata", "pdf"];

/// Selects the request of a call that a fault happens to, once.
#[derive(Default)]
pub struct Aim(Mutex<Option<usize>>);

impl Aim {
    /// Selects the request after `number` others.
    pub fn at(&self, number: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(number);
    }

    /// Returns true if this request is the selected one.
    pub fn hits(&self) -> bool {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hits = *left == Some(0);
        *left = left.and_then(|left| left.checked_sub(1));
        hits
    }

    /// Returns true if the selected request did not happen, and clears the selection.
    pub fn has_missed(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }
}

impl Calls {
    /// Repeats each call with the fault at its first request, its second one and so on. Checks that
    /// no error contains a secret, and passes the request and the printed error to `failed`.
    /// Returns the number of errors.
    pub async fn aimed(&self, aim: &Aim, mut failed: impl FnMut(&str, &str)) -> usize {
        let mut errors = 0;
        for (name, call) in CALLS {
            for step in 0.. {
                aim.at(step);
                let outcome = call(self).await;
                if aim.has_missed() {
                    break;
                }
                let Err(error) = outcome else { continue };
                errors += 1;
                let (place, printed) = (format!("{name}, request {step}"), printed(&error));
                assert_eq!(self.secret_in(&printed), None, "{place}: {printed}");
                failed(&place, &printed);
            }
        }
        errors
    }

    /// Starts an engine that supports all calls, behind a proxy.
    pub async fn start(
        signs_uploads: bool,
        fault: impl Fn(&Request) -> Fault + Send + Sync + 'static,
    ) -> Result<Calls, Box<dyn std::error::Error>> {
        let configure = |builder: serenytics_local::ServerBuilder| {
            let builder = builder.data_api_key(DATA_KEY).data_api_source("sales").user(LOGIN, PASSWORD);
            // Nothing listens there, so that no object is requested.
            let builder = builder.allow_scripts().mail_quota(10_000).s3_endpoint("http://127.0.0.1:1");
            if signs_uploads { builder.sign_uploads() } else { builder }
        };
        let setup = Setup::start_with(configure, fault).await?;
        let csv = setup.folder.path().join("sales.csv");
        std::fs::write(&csv, "country,revenue\nFR,12.5\nDE,-3\n")?;
        let direct = setup.direct();
        let (script, web_app) = (
            direct.create_script("nightly", "print(1)").await?,
            direct.create_web_app("Sales", serde_json::Map::new()).await?,
        );
        let (script, web_app) = (script.uuid().to_owned(), web_app.uuid().to_owned());
        let url = setup.proxy.url.clone();
        Calls::made(Arc::new(setup), &url, script, web_app, csv).await
    }

    /// Returns the same calls of the same engine, through another proxy.
    pub async fn through(&self, url: &str) -> Result<Calls, Box<dyn std::error::Error>> {
        let (script, web_app) = (self.script.uuid().to_owned(), self.web_app.uuid().to_owned());
        Calls::made(Arc::clone(&self.setup), url, script, web_app, self.csv.clone()).await
    }

    async fn made(
        setup: Arc<Setup>,
        url: &str,
        script: String,
        web_app: String,
        csv: PathBuf,
    ) -> Result<Calls, Box<dyn std::error::Error>> {
        let (client, builder) = (client(url), Client::builder().url(url));
        let source = client.source("sales").await?;
        Ok(Calls {
            script: client.script_by_uuid(&script).await?,
            web_app: client.web_app_by_uuid(&web_app).await?,
            data_api: builder.clone().api_key(DATA_KEY).build()?.data_api(),
            pusher: source.pusher()?,
            token: source.config()["token"].as_str().ok_or("no token")?.to_owned(),
            client,
            source,
            builder,
            csv,
            setup,
        })
    }

    /// Waits until the effects of a failed call are over, so that they do not disturb the next one.
    pub async fn settled(&self) -> Result<(), Error> {
        let script = self.setup.direct().script_by_uuid(self.script.uuid()).await?;
        while script.is_running().await? {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Prints all values that contain secrets.
    pub fn values(&self) -> String {
        let Calls { client, source, data_api, pusher, builder, script, web_app, .. } = self;
        let built = builder.clone().api_key(KEY).proxy(format!("http://ada:{PASSWORD}@proxy:3128"));
        let (key, credentials) = (serenytics::ApiKey::from(KEY), S3Credentials::new("id", S3_SECRET));
        let values = (client, source, data_api, pusher, script, web_app, built, key, credentials);
        format!("{values:?} {values:#?}")
    }

    /// Returns a secret in a string, in any spelling.
    pub fn secret_in(&self, text: &str) -> Option<String> {
        secret_in(text).or_else(|| text.contains(&self.token).then(|| self.token.clone()))
    }
}

/// Returns a secret in a string, of those that are known in advance. Signed links are secrets too.
pub fn secret_in(text: &str) -> Option<String> {
    let secrets = ["canary".to_owned(), "signature=".to_owned(), basic()];
    secrets.into_iter().find(|secret| text.contains(secret))
}
