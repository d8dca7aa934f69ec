//! The blocking client.

use std::time::Duration;

use serenytics_query::drift::Drift;
use serenytics_query::query::Query;
use serenytics_query::source::Source;
use serenytics_query::wire::Pipeline;

use crate::blocking::runtime::Runtime;
use crate::blocking::{DataSource, RowStream};
use crate::{Answer, ClientBuilder, ColumnAnswer, Error};

/// A client of the platform, hosted or embedded, whose calls wait: [`crate::Client`] with a runtime of its own. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) inner: crate::Client,
    pub(crate) runtime: Runtime,
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
        Ok(Client { inner: client, runtime: Runtime::new()? })
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

    /// The same client with another deadline for whole calls, for those that take longer.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Client {
        Client { inner: self.inner.with_timeout(timeout), runtime: self.runtime.clone() }
    }

    /// The server's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.inner.url()
    }

    fn source_of(&self, inner: crate::DataSource) -> DataSource {
        DataSource { inner, runtime: self.runtime.clone() }
    }

    fn stream_of<R>(&self, inner: crate::RowStream<R>) -> RowStream<R> {
        RowStream { inner, runtime: self.runtime.clone() }
    }
}

/// Methods that wait for those of the async client, and wrap what they give.
macro_rules! gives {
    ($($name:ident $(<$generic:ident>)? ($($argument:ident: $type:ty),*) -> $result:ty, |$client:ident, $found:ident| $wrapped:expr;)+) => {$(
        #[doc = concat!("Waits for [`Client::", stringify!($name), "`](crate::Client::", stringify!($name), ").")]
        ///
        /// # Errors
        /// Its errors; and a call from within async code.
        pub fn $name $(<$generic: Send + 'static>)? (&self $(, $argument: $type)*) -> Result<$result, Error> {
            let $client = self;
            let $found = self.runtime.wait(self.inner.$name($(Inner::inner($argument)),*))?;
            Ok($wrapped)
        }
    )+};
}

/// What an argument is for the async client.
trait Inner {
    type Inner;

    fn inner(self) -> Self::Inner;
}

/// Arguments that the async client takes as they are.
macro_rules! as_it_is {
    ($([$($generic:ident)?] $type:ty;)+) => {$(
        impl<'a $(, $generic)?> Inner for &'a $type {
            type Inner = &'a $type;

            fn inner(self) -> &'a $type {
                self
            }
        }
    )+};
}

as_it_is! {
    [] str;
    [] Pipeline;
    [R] Query<R>;
}

impl<'a> Inner for &'a DataSource {
    type Inner = &'a crate::DataSource;

    fn inner(self) -> &'a crate::DataSource {
        &self.inner
    }
}

impl Client {
    gives! {
        source(name: &str) -> DataSource, |client, found| client.source_of(found);
        find_source(name: &str) -> Option<DataSource>, |client, found| found.map(|source| client.source_of(source));
        source_by_uuid(uuid: &str) -> DataSource, |client, found| client.source_of(found);
        sources() -> Vec<DataSource>, |client, found| found.into_iter().map(|source| client.source_of(source)).collect();
        get_or_create_storage(name: &str) -> DataSource, |client, found| client.source_of(found);
        create_storage(name: &str) -> DataSource, |client, found| client.source_of(found);
        fetch<R>(query: &Query<R>) -> Vec<R>, |_client, rows| rows;
        fetch_from<R>(source: &DataSource, query: &Query<R>) -> Vec<R>, |_client, rows| rows;
        fetch_one<R>(query: &Query<R>) -> R, |_client, row| row;
        fetch_optional<R>(query: &Query<R>) -> Option<R>, |_client, row| row;
        fetch_raw(source: &DataSource, options: &Pipeline) -> Answer, |_client, answer| answer;
        fetch_columns(source: &DataSource, options: &Pipeline) -> ColumnAnswer, |_client, answer| answer;
        stream<R>(query: &Query<R>) -> RowStream<R>, |client, rows| client.stream_of(rows);
        stream_from<R>(source: &DataSource, query: &Query<R>) -> RowStream<R>, |client, rows| client.stream_of(rows);
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
    gives! {
        fetch_arrow<R>(query: &Query<R>) -> Vec<arrow_array::RecordBatch>, |_client, batches| batches;
        stream_arrow<R>(query: &Query<R>) -> crate::blocking::BatchStream,
            |client, inner| crate::blocking::BatchStream { inner, runtime: client.runtime.clone() };
    }
}
