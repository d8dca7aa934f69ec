//! The blocking client.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serenytics_query::drift::Drift;
use serenytics_query::query::Query;
use serenytics_query::source::Source;
use serenytics_query::wire::Pipeline;

use crate::blocking::runtime::Runtime;
use crate::blocking::{DataSource, IntoBlocking, RowStream};
use crate::{Answer, ClientBuilder, ColumnAnswer, Error};

/// A client of the platform, hosted or embedded, whose calls wait: [`crate::Client`] with a runtime of its own. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) inner: crate::Client,
    pub(crate) runtime: Runtime,
}

wraps! {
    Client;
}

impl ClientBuilder {
    /// Makes a client whose calls wait. Nothing is sent.
    ///
    /// # Errors
    /// As for [`build`](Self::build).
    pub fn build_blocking(self) -> Result<Client, Error> {
        Client::new(self.build()?)
    }
}

impl Client {
    /// An async client as one whose calls wait.
    ///
    /// # Errors
    /// A thread that cannot be started.
    pub fn new(client: crate::Client) -> Result<Client, Error> {
        Ok(client.blocking(&Runtime::new()?))
    }

    /// A builder: its [`build_blocking`](ClientBuilder::build_blocking) makes the client.
    pub fn builder() -> ClientBuilder {
        crate::Client::builder()
    }

    /// The client that the surroundings describe: see [`crate::Client::from_env`].
    ///
    /// # Errors
    /// No key, or a URL that is none.
    pub fn from_env() -> Result<Client, Error> {
        Client::new(crate::Client::from_env()?)
    }

    /// The parameters that the running script was started with: see [`crate::Client::script_args`].
    ///
    /// # Errors
    /// Parameters that are no JSON object, or no `T`.
    pub fn script_args<T: DeserializeOwned>() -> Result<T, Error> {
        crate::Client::script_args()
    }

    begins! {
        #[must_use]
        Client: with_timeout(&self, timeout: Duration) -> Client;
    }

    tells! {
        Client: url(&self) -> &str;
    }
}

impl Client {
    gives! {
        Client: source(&self, name: &str) -> DataSource;
        Client: find_source(&self, name: &str) -> Option<DataSource>;
        Client: source_by_uuid(&self, uuid: &str) -> DataSource;
        Client: sources(&self) -> Vec<DataSource>;
        Client: get_or_create_storage(&self, name: &str) -> DataSource;
        Client: create_storage(&self, name: &str) -> DataSource;
        Client: <R: Send + 'static> stream(&self, query: &Query<R>) -> RowStream<R>;
    }

    waits! {
        Client: <R: Send> fetch(&self, query: &Query<R>) -> Vec<R>;
        Client: <R: Send + 'static> fetch_one(&self, query: &Query<R>) -> R;
        Client: <R: Send + 'static> fetch_optional(&self, query: &Query<R>) -> Option<R>;
    }

    /// Waits for [`Client::fetch_from`](crate::Client::fetch_from).
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn fetch_from<R: Send>(&self, source: &DataSource, query: &Query<R>) -> Result<Vec<R>, Error> {
        self.runtime.wait(self.inner.fetch_from(&source.inner, query))
    }

    /// Waits for [`Client::fetch_raw`](crate::Client::fetch_raw).
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn fetch_raw(&self, source: &DataSource, options: &Pipeline) -> Result<Answer, Error> {
        self.runtime.wait(self.inner.fetch_raw(&source.inner, options))
    }

    /// Waits for [`Client::fetch_columns`](crate::Client::fetch_columns).
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn fetch_columns(&self, source: &DataSource, options: &Pipeline) -> Result<ColumnAnswer, Error> {
        self.runtime.wait(self.inner.fetch_columns(&source.inner, options))
    }

    /// Waits for [`Client::stream_from`](crate::Client::stream_from).
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn stream_from<R: Send + 'static>(&self, source: &DataSource, query: &Query<R>) -> Result<RowStream<R>, Error> {
        Ok(self.runtime.wait(self.inner.stream_from(&source.inner, query))?.blocking(&self.runtime))
    }

    /// Waits for [`Client::drift`](crate::Client::drift).
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn drift<S: Source>(&self) -> Result<Vec<Drift>, Error> {
        self.runtime.wait(self.inner.drift::<S>())
    }
}

#[cfg(feature = "arrow")]
impl Client {
    waits! {
        Client: <R> fetch_arrow(&self, query: &Query<R>) -> Vec<arrow_array::RecordBatch>;
    }

    gives! {
        Client: <R> stream_arrow(&self, query: &Query<R>) -> crate::blocking::BatchStream;
    }
}
