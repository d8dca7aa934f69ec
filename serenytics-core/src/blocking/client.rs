//! The blocking client.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serenytics_query::drift::Drift;
use serenytics_query::query::Query;
use serenytics_query::source::Source;
use serenytics_query::wire::Pipeline;

use crate::blocking::runtime::Runtime;
use crate::blocking::{DataSource, IntoBlocking, RowStream};
use crate::{Answer, AppliedMeasures, ClientBuilder, ColumnAnswer, Error};

/// A blocking client of the platform, hosted or embedded: [`crate::Client`] with its own runtime.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) inner: crate::Client,
    pub(crate) runtime: Runtime,
}

blocking_types! {
    Client;
}

impl ClientBuilder {
    /// Builds a blocking client. Sends nothing.
    ///
    /// # Errors
    /// Returns the errors of [`build`](Self::build).
    pub fn build_blocking(self) -> Result<Client, Error> {
        Client::new(self.build()?)
    }
}

impl Client {
    /// Creates a blocking client from an async one.
    ///
    /// # Errors
    /// Returns an error if the runtime's thread cannot be started.
    pub fn new(client: crate::Client) -> Result<Client, Error> {
        Ok(client.blocking(&Runtime::new()?))
    }

    /// Returns a builder; call [`build_blocking`](ClientBuilder::build_blocking) on it.
    pub fn builder() -> ClientBuilder {
        crate::Client::builder()
    }

    /// Creates a client from the environment; see [`crate::Client::from_env`].
    ///
    /// # Errors
    /// Returns an error if there is no key or the URL is invalid.
    pub fn from_env() -> Result<Client, Error> {
        Client::new(crate::Client::from_env()?)
    }

    /// Returns the parameters of the running script; see [`crate::Client::script_args`].
    ///
    /// # Errors
    /// Returns an error if the parameters are not a JSON object, or cannot be read as a `T`.
    pub fn script_args<T: DeserializeOwned>() -> Result<T, Error> {
        crate::Client::script_args()
    }

    sync_methods! {
        #[must_use]
        Client: with_timeout(&self, timeout: Duration) -> blocking Client;
        Client: url(&self) -> &str;
    }
}

impl Client {
    async_methods! {
        Client: source(&self, name: &str) -> blocking DataSource;
        Client: find_source(&self, name: &str) -> blocking Option<DataSource>;
        Client: source_by_uuid(&self, uuid: &str) -> blocking DataSource;
        Client: sources(&self) -> blocking Vec<DataSource>;
        Client: get_or_create_storage(&self, name: &str) -> blocking DataSource;
        Client: create_storage(&self, name: &str) -> blocking DataSource;
        Client: <R: Send + 'static> stream(&self, query: &Query<R>) -> blocking RowStream<R>;
        Client: <R: Send> fetch(&self, query: &Query<R>) -> Vec<R>;
        Client: <R: Send + 'static> fetch_one(&self, query: &Query<R>) -> R;
        Client: <R: Send + 'static> fetch_optional(&self, query: &Query<R>) -> Option<R>;
    }

    /// Waits for [`Client::fetch_from`](crate::Client::fetch_from).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn fetch_from<R: Send>(&self, source: &DataSource, query: &Query<R>) -> Result<Vec<R>, Error> {
        self.runtime.wait(self.inner.fetch_from(&source.inner, query))
    }

    /// Waits for [`Client::fetch_raw`](crate::Client::fetch_raw).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn fetch_raw(&self, source: &DataSource, options: &Pipeline) -> Result<Answer, Error> {
        self.runtime.wait(self.inner.fetch_raw(&source.inner, options))
    }

    /// Waits for [`Client::fetch_columns`](crate::Client::fetch_columns).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn fetch_columns(&self, source: &DataSource, options: &Pipeline) -> Result<ColumnAnswer, Error> {
        self.runtime.wait(self.inner.fetch_columns(&source.inner, options))
    }

    /// Waits for [`Client::stream_from`](crate::Client::stream_from).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn stream_from<R: Send + 'static>(&self, source: &DataSource, query: &Query<R>) -> Result<RowStream<R>, Error> {
        Ok(self.runtime.wait(self.inner.stream_from(&source.inner, query))?.blocking(&self.runtime))
    }

    /// Waits for [`Client::drift`](crate::Client::drift).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn drift<S: Source>(&self) -> Result<Vec<Drift>, Error> {
        self.runtime.wait(self.inner.drift::<S>())
    }

    /// Waits for [`Client::value_formula`](crate::Client::value_formula).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn value_formula<S: Source>(&self, formula: &str) -> Result<Option<f64>, Error> {
        self.runtime.wait(self.inner.value_formula::<S>(formula))
    }

    /// Waits for [`Client::apply_measures`](crate::Client::apply_measures).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn apply_measures<S: Source>(&self) -> Result<AppliedMeasures, Error> {
        self.runtime.wait(self.inner.apply_measures::<S>())
    }
}

#[cfg(feature = "arrow")]
impl Client {
    async_methods! {
        Client: <R> fetch_arrow(&self, query: &Query<R>) -> Vec<arrow_array::RecordBatch>;
        Client: <R> stream_arrow(&self, query: &Query<R>) -> blocking crate::blocking::BatchStream;
    }
}
