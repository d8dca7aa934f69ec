//! The blocking data source and pusher.

use std::error::Error as StdError;
use std::path::PathBuf;

use futures_util::stream;
use serde_json::{Map, Value};
use serenytics_query::drift::Drift;
use serenytics_query::schema::Schema;
use serenytics_query::schema_file::SchemaFile;
use serenytics_query::source::LoadRow;
use serenytics_query::wire::{ColumnTitle, Pipeline};

use crate::blocking::runtime::Runtime;
use crate::blocking::{Batch, Export, IntoBlocking, Load, ReloadFromS3};
use crate::{Answer, AppliedMeasures, ClientBuilder, Error, SourceType};

/// A data source of a server, with blocking calls; see [`crate::DataSource`].
#[derive(Debug, Clone)]
pub struct DataSource {
    pub(crate) inner: crate::DataSource,
    pub(crate) runtime: Runtime,
}

blocking_types! {
    DataSource;
    Pusher;
}

impl DataSource {
    sync_methods! {
        DataSource: name(&self) -> &str;
        DataSource: uuid(&self) -> &str;
        DataSource: source_type(&self) -> &SourceType;
        DataSource: config(&self) -> &Map<String, Value>;
        DataSource: property(&self, name: &str) -> Option<&Value>;
    }

    async_methods! {
        DataSource: columns(&self) -> Vec<ColumnTitle>;
        DataSource: row_count(&self) -> u64;
        DataSource: get_data(&self) -> Answer;
        DataSource: query(&self, options: &Pipeline) -> Answer;
        DataSource: value_formula(&self, formula: &str) -> Option<f64>;
        DataSource: invalidate_cache(&self) -> ();
        DataSource: reload_users_metadata(&self) -> ();
        DataSource: push(&self, row: impl LoadRow) -> ();
        DataSource: drift(&self, declared: &Schema) -> Vec<Drift>;
        DataSource: apply_measures(&self, declared: &Schema) -> AppliedMeasures;
        DataSource: schema_file(&self) -> SchemaFile;
        DataSource: schema_file_after(&self, before: &SchemaFile) -> SchemaFile;
    }

    sync_methods! {
        DataSource: batch(&self) -> blocking Batch<'_>;
        DataSource: reload_from_csv(&self, path: impl Into<PathBuf>) -> blocking Load<'_>;
        DataSource: update_from_csv(&self, path: impl Into<PathBuf>, primary_key: impl Into<String>) -> blocking Load<'_>;
        DataSource: reload_from_s3(&self, bucket: impl Into<String>, key: impl Into<String>) -> blocking ReloadFromS3<'_>;
        DataSource: export(&self) -> blocking Export<'_>;
    }

    sync_methods! {
        DataSource: set_property(&mut self, name: impl Into<String>, value: impl Into<Value>);
        DataSource: set_name(&mut self, name: impl Into<String>);
    }

    async_methods! {
        DataSource: delete(self) -> ();
    }

    /// Waits for [`DataSource::save`](crate::DataSource::save).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn save(&mut self) -> Result<(), Error> {
        self.runtime.wait(self.inner.save())
    }

    /// Waits for [`DataSource::refresh`](crate::DataSource::refresh).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn refresh(&mut self) -> Result<(), Error> {
        self.runtime.wait(self.inner.refresh())
    }

    /// Waits for [`DataSource::insert`](crate::DataSource::insert).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
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
        self.inner.reload(rows).blocking(&self.runtime)
    }

    /// See [`DataSource::reload_from_stream`](crate::DataSource::reload_from_stream). Reads an
    /// iterator of results, such as the rows of a query or an export.
    pub fn reload_from_stream<'s, R, E, I>(&'s self, rows: I) -> Load<'s>
    where
        R: LoadRow + Send + 's,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 's,
        I: IntoIterator<Item = Result<R, E>>,
        I::IntoIter: Send + 's,
    {
        self.inner.reload_from_stream(stream::iter(rows)).blocking(&self.runtime)
    }

    /// See [`DataSource::update`](crate::DataSource::update).
    pub fn update<'s, I>(&'s self, primary_key: impl Into<String>, rows: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: LoadRow + Send + 's,
    {
        self.inner.update(primary_key, rows).blocking(&self.runtime)
    }

    /// See [`DataSource::update_from_stream`](crate::DataSource::update_from_stream). Reads an
    /// iterator of results.
    pub fn update_from_stream<'s, R, E, I>(&'s self, primary_key: impl Into<String>, rows: I) -> Load<'s>
    where
        R: LoadRow + Send + 's,
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 's,
        I: IntoIterator<Item = Result<R, E>>,
        I::IntoIter: Send + 's,
    {
        self.inner.update_from_stream(primary_key, stream::iter(rows)).blocking(&self.runtime)
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
        self.inner.reload_from_array(columns, rows).blocking(&self.runtime)
    }

    /// See [`DataSource::pusher`](crate::DataSource::pusher).
    ///
    /// # Errors
    /// Returns an error if the source is not a storage.
    pub fn pusher(&self) -> Result<Pusher, Error> {
        Ok(self.inner.pusher()?.blocking(&self.runtime))
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
        self.inner.reload_from_arrow(batches).blocking(&self.runtime)
    }

    /// See [`DataSource::update_from_arrow`](crate::DataSource::update_from_arrow).
    pub fn update_from_arrow<'s, I>(&'s self, primary_key: impl Into<String>, batches: I) -> Load<'s>
    where
        I: IntoIterator,
        I::IntoIter: Send + 's,
        I::Item: crate::IntoBatch,
    {
        self.inner.update_from_arrow(primary_key, batches).blocking(&self.runtime)
    }
}

/// Appends rows to one storage with its token; see [`crate::Pusher`].
#[derive(Debug, Clone)]
pub struct Pusher {
    inner: crate::Pusher,
    runtime: Runtime,
}

impl Pusher {
    sync_methods! {
        Pusher: uuid(&self) -> &str;
    }

    async_methods! {
        Pusher: push(&self, row: impl LoadRow) -> ();
    }
}

impl ClientBuilder {
    /// Creates a blocking pusher; see [`pusher`](Self::pusher).
    ///
    /// # Errors
    /// Returns the errors of [`pusher`](Self::pusher).
    pub fn pusher_blocking(self, uuid: impl Into<String>, token: impl Into<crate::ApiKey>) -> Result<Pusher, Error> {
        Ok(self.pusher(uuid, token)?.blocking(&Runtime::new()?))
    }
}
