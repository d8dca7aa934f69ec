//! The blocking data source, and what pushes rows to it.

use std::path::PathBuf;

use serde_json::{Map, Value};
use serenytics_query::drift::Drift;
use serenytics_query::schema::Schema;
use serenytics_query::schema_file::SchemaFile;
use serenytics_query::source::LoadRow;
use serenytics_query::wire::{ColumnTitle, Pipeline};

use crate::blocking::runtime::Runtime;
use crate::blocking::{Batch, Export, Load, ReloadFromS3, RowStream};
use crate::{Answer, ClientBuilder, Error, SourceType};

/// A data source of a server, whose calls wait: see [`crate::DataSource`].
#[derive(Debug, Clone)]
pub struct DataSource {
    pub(crate) inner: crate::DataSource,
    pub(crate) runtime: Runtime,
}

/// Methods of the async source that wait for nothing.
macro_rules! tells {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)+) => {$(
        #[doc = concat!("See [`DataSource::", stringify!($name), "`](crate::DataSource::", stringify!($name), ").")]
        #[must_use]
        pub fn $name(&self $(, $argument: $type)*) -> $result {
            self.inner.$name($($argument),*)
        }
    )+};
}

/// Methods of the async source that begin something.
macro_rules! begins {
    ($($name:ident($($argument:ident: $type:ty),*) -> $wrap:ident;)+) => {$(
        #[doc = concat!("See [`DataSource::", stringify!($name), "`](crate::DataSource::", stringify!($name), ").")]
        pub fn $name(&self $(, $argument: $type)*) -> $wrap<'_> {
            $wrap { inner: self.inner.$name($($argument),*), runtime: self.runtime.clone() }
        }
    )+};
}

impl DataSource {
    tells! {
        name() -> &str;
        uuid() -> &str;
        source_type() -> &SourceType;
        config() -> &Map<String, Value>;
        property(name: &str) -> Option<&Value>;
    }

    waits! {
        DataSource: columns(&self) -> Vec<ColumnTitle>;
        DataSource: row_count(&self) -> u64;
        DataSource: get_data(&self) -> Answer;
        DataSource: query(&self, options: &Pipeline) -> Answer;
        DataSource: value_formula(&self, formula: &str) -> Option<f64>;
        DataSource: invalidate_cache(&self) -> ();
        DataSource: reload_users_metadata(&self) -> ();
        DataSource: push(&self, row: impl LoadRow) -> ();
        DataSource: drift(&self, declared: &Schema) -> Vec<Drift>;
        DataSource: schema_file(&self) -> SchemaFile;
        DataSource: schema_file_after(&self, before: &SchemaFile) -> SchemaFile;
    }

    begins! {
        batch() -> Batch;
        reload_from_csv(path: impl Into<PathBuf>) -> Load;
        update_from_csv(path: impl Into<PathBuf>, primary_key: impl Into<String>) -> Load;
        reload_from_s3(bucket: impl Into<String>, key: impl Into<String>) -> ReloadFromS3;
        export() -> Export;
    }

    /// See [`DataSource::set_property`](crate::DataSource::set_property).
    pub fn set_property(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.inner.set_property(name, value);
    }

    /// See [`DataSource::set_name`](crate::DataSource::set_name).
    pub fn set_name(&mut self, name: impl Into<String>) {
        self.inner.set_name(name);
    }

    /// Waits for [`DataSource::save`](crate::DataSource::save).
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn save(&mut self) -> Result<(), Error> {
        self.runtime.wait(self.inner.save())
    }

    /// Waits for [`DataSource::refresh`](crate::DataSource::refresh).
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn refresh(&mut self) -> Result<(), Error> {
        self.runtime.wait(self.inner.refresh())
    }

    /// Waits for [`DataSource::delete`](crate::DataSource::delete).
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn delete(self) -> Result<(), Error> {
        self.runtime.wait(self.inner.delete())
    }

    /// Waits for [`DataSource::insert`](crate::DataSource::insert).
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn insert<I>(&self, rows: I) -> Result<(), Error>
    where
        I: IntoIterator,
        I::Item: LoadRow,
    {
        self.batch().insert(rows).send()
    }

    /// See [`DataSource::reload`](crate::DataSource::reload).
    pub fn reload<'s, I>(&'s self, rows: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: LoadRow + Send + 's,
    {
        self.load(self.inner.reload(rows))
    }

    /// See [`DataSource::reload_from_stream`](crate::DataSource::reload_from_stream): of the rows of an answer or an export.
    pub fn reload_from_stream<R: LoadRow + Send + 'static>(&self, rows: RowStream<R>) -> Load<'_> {
        self.load(self.inner.reload_from_stream(rows.inner))
    }

    /// See [`DataSource::update`](crate::DataSource::update).
    pub fn update<'s, I>(&'s self, primary_key: impl Into<String>, rows: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: LoadRow + Send + 's,
    {
        self.load(self.inner.update(primary_key, rows))
    }

    /// See [`DataSource::update_from_stream`](crate::DataSource::update_from_stream): of the rows of an answer or an export.
    pub fn update_from_stream<R: LoadRow + Send + 'static>(
        &self,
        primary_key: impl Into<String>,
        rows: RowStream<R>,
    ) -> Load<'_> {
        self.load(self.inner.update_from_stream(primary_key, rows.inner))
    }

    /// See [`DataSource::reload_from_array`](crate::DataSource::reload_from_array).
    pub fn reload_from_array<'s, C, I>(&'s self, columns: impl IntoIterator<Item = C>, rows: I) -> Load<'s>
    where
        C: Into<String>,
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: IntoIterator + Send + 's,
        <I::Item as IntoIterator>::Item: Into<Value>,
    {
        self.load(self.inner.reload_from_array(columns, rows))
    }

    /// See [`DataSource::pusher`](crate::DataSource::pusher).
    ///
    /// # Errors
    /// A source that is no storage.
    pub fn pusher(&self) -> Result<Pusher, Error> {
        Ok(Pusher { inner: self.inner.pusher()?, runtime: self.runtime.clone() })
    }

    fn load<'s>(&self, inner: crate::Load<'s>) -> Load<'s> {
        Load { inner, runtime: self.runtime.clone() }
    }
}

#[cfg(feature = "arrow")]
impl DataSource {
    /// See [`DataSource::reload_from_arrow`](crate::DataSource::reload_from_arrow).
    pub fn reload_from_arrow<'s, I>(&'s self, batches: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: crate::IntoBatch,
    {
        self.load(self.inner.reload_from_arrow(batches))
    }

    /// See [`DataSource::update_from_arrow`](crate::DataSource::update_from_arrow).
    pub fn update_from_arrow<'s, I>(&'s self, primary_key: impl Into<String>, batches: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: crate::IntoBatch,
    {
        self.load(self.inner.update_from_arrow(primary_key, batches))
    }
}

/// Appends rows to one storage by its token: see [`crate::Pusher`].
#[derive(Debug, Clone)]
pub struct Pusher {
    inner: crate::Pusher,
    runtime: Runtime,
}

impl Pusher {
    /// The uuid of the storage.
    #[must_use]
    pub fn uuid(&self) -> &str {
        self.inner.uuid()
    }

    waits! {
        Pusher: push(&self, row: impl LoadRow) -> ();
    }
}

impl ClientBuilder {
    /// What appends rows to a storage by its token, and waits: see [`pusher`](Self::pusher).
    ///
    /// # Errors
    /// As for [`pusher`](Self::pusher).
    pub fn pusher_blocking(self, uuid: impl Into<String>, token: impl Into<crate::ApiKey>) -> Result<Pusher, Error> {
        Ok(Pusher { inner: self.pusher(uuid, token)?, runtime: Runtime::new()? })
    }
}
