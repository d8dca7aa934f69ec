//! The blocking data source, and what pushes rows to it.

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
use crate::{Answer, ClientBuilder, Error, SourceType};

/// A data source of a server, whose calls wait: see [`crate::DataSource`].
#[derive(Debug, Clone)]
pub struct DataSource {
    pub(crate) inner: crate::DataSource,
    pub(crate) runtime: Runtime,
}

wraps! {
    DataSource;
    Pusher;
}

impl DataSource {
    tells! {
        DataSource: name(&self) -> &str;
        DataSource: uuid(&self) -> &str;
        DataSource: source_type(&self) -> &SourceType;
        DataSource: config(&self) -> &Map<String, Value>;
        DataSource: property(&self, name: &str) -> Option<&Value>;
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
        DataSource: batch(&self) -> Batch<'_>;
        DataSource: reload_from_csv(&self, path: impl Into<PathBuf>) -> Load<'_>;
        DataSource: update_from_csv(&self, path: impl Into<PathBuf>, primary_key: impl Into<String>) -> Load<'_>;
        DataSource: reload_from_s3(&self, bucket: impl Into<String>, key: impl Into<String>) -> ReloadFromS3<'_>;
        DataSource: export(&self) -> Export<'_>;
    }

    changes! {
        DataSource: set_property(&mut self, name: impl Into<String>, value: impl Into<Value>);
        DataSource: set_name(&mut self, name: impl Into<String>);
    }

    ends! {
        DataSource: delete(self) -> ();
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
        self.inner.reload(rows).blocking(&self.runtime)
    }

    /// See [`DataSource::reload_from_stream`](crate::DataSource::reload_from_stream): of an iterator whose rows may fail, like those of an answer
    /// or an export, as they are or changed on their way.
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

    /// See [`DataSource::update_from_stream`](crate::DataSource::update_from_stream): of an iterator whose rows may fail.
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
    /// A source that is no storage.
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

/// Appends rows to one storage by its token: see [`crate::Pusher`].
#[derive(Debug, Clone)]
pub struct Pusher {
    inner: crate::Pusher,
    runtime: Runtime,
}

impl Pusher {
    tells! {
        Pusher: uuid(&self) -> &str;
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
        Ok(self.pusher(uuid, token)?.blocking(&Runtime::new()?))
    }
}
