//! The platform: it opens the services of a data folder, connects them, and closes them.

mod recovery;
mod settings;
#[cfg(test)]
pub(crate) mod test;
mod unknown;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use serenytics_engine::Warehouse;

use crate::access::{Access, Logins, SignedLinks};
use crate::base::{Context, Error, Memory, Metrics, UnknownFolder, Uploads};
use crate::catalogue::Catalogue;
use crate::data_api::DataApi;
use crate::health::Health;
use crate::loads::Loads;
use crate::mail::Mails;
use crate::script::Scripts;
use crate::sources::Sources;
use crate::tasks::Tasks;
pub use recovery::{DamagedStorage, Recovery, UnknownStorage};
pub(crate) use settings::{HttpSettings, Settings};

/// How long a shutdown waits until pushed rows are merged. Other rows stay in the write-ahead log.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Declares the platform and its services. A handler receives each service that it uses as a `State`.
macro_rules! platform {
    ($($(#[$doc:meta])* $field:ident: $service:ty,)*) => {
        /// The services of a data folder.
        #[derive(Clone)]
        pub(crate) struct Platform {
            $($(#[$doc])* $field: $service,)*
        }

        $(impl FromRef<Platform> for $service {
            fn from_ref(platform: &Platform) -> $service {
                platform.$field.clone()
            }
        })*
    };
}

platform! {
    access: Arc<Access>,
    catalogue: Catalogue,
    data_api: Arc<DataApi>,
    health: Arc<Health>,
    http: HttpSettings,
    links: Arc<SignedLinks>,
    loads: Arc<Loads>,
    logins: Arc<Logins>,
    mails: Arc<Mails>,
    memory: Arc<Memory>,
    metrics: Arc<Metrics>,
    scripts: Arc<Scripts>,
    sources: Arc<Sources>,
    tasks: Arc<Tasks>,
    uploads: Arc<Uploads>,
    warehouse: Arc<Warehouse>,
}

impl Platform {
    /// Opens a data folder, creating it if needed. `url` is the URL of the API for scripts.
    pub(crate) async fn open(settings: Settings, url: &str) -> Result<Platform, Error> {
        const CONTEXT: &str = "could not open the data folder";
        let folder = settings.folder.canonicalize().context(CONTEXT)?;
        let warehouse = Arc::new(Warehouse::open(&folder, settings.queries)?);
        unknown::check_catalogue(&folder, &warehouse)?;
        let catalogue = Catalogue::open(&folder.join(unknown::CATALOGUE)).await?;
        let ids = catalogue.all_sources().await?;
        unknown::set_aside(&folder, &warehouse, &ids)?;
        unknown::expect(&warehouse, catalogue.storages().await?)?;
        let metrics = Arc::new(Metrics::new(warehouse.metrics(), settings.queries.memory));
        let uploads = Arc::new(Uploads::open(folder.join("uploads"), settings.upload_limit)?);
        let tasks = Arc::new(Tasks::open(catalogue.clone(), Arc::clone(&metrics)).await?);
        let sources =
            Sources::new(catalogue.clone(), Arc::clone(&warehouse), Arc::clone(&uploads), UnknownFolder::of(&folder));
        let sources = Arc::new(sources);
        let scripts = Scripts::open(
            settings.scripts,
            &settings.python.program,
            folder.join("scripts"),
            url,
            catalogue.clone(),
            Arc::clone(&tasks),
            Arc::clone(&metrics),
        );
        let scripts = Arc::new(scripts.await?);
        let mails = Arc::new(Mails::open(settings.mails, &folder, catalogue.clone(), Arc::clone(&tasks))?);
        let loads = Loads::new(
            Arc::clone(&sources),
            Arc::clone(&tasks),
            Arc::clone(&uploads),
            Arc::clone(&metrics),
            settings.python,
            settings.s3_endpoint.as_deref(),
        );
        let links = SignedLinks::new(settings.link_ttl, catalogue.secret("embed links").await?);
        let (credentials, digests) = (settings.credentials, catalogue.keys().await?);
        let access = tokio::task::spawn_blocking(move || Access::new(&credentials, &digests));
        let access = Arc::new(access.await.context(CONTEXT)??);
        Ok(Platform {
            data_api: Arc::new(settings.data_api),
            health: Arc::new(Health::new(catalogue.clone(), Arc::clone(&uploads))),
            http: settings.http,
            links: Arc::new(links),
            loads: Arc::new(loads?),
            logins: Arc::new(Logins::new(Arc::clone(&access))),
            memory: Arc::new(Memory::new()),
            access,
            catalogue,
            mails,
            metrics,
            scripts,
            sources,
            tasks,
            uploads,
            warehouse,
        })
    }

    /// Returns a service.
    pub(crate) fn get<S: FromRef<Platform>>(&self) -> S {
        S::from_ref(self)
    }

    /// Cancels running tasks, merges pushed rows as long as there is time, and closes the catalogue.
    pub(crate) async fn close(&self) {
        self.tasks.cancel().await;
        if tokio::time::timeout(CLOSE_TIMEOUT, self.warehouse.close()).await.is_err() {
            tracing::info!("pushed rows stay in the write-ahead log");
        }
        self.sources.record_all().await;
        self.catalogue.close().await;
    }
}
