//! Blocking batches, loads and exports.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use serenytics_query::cell::Row;
use serenytics_query::source::{LoadRow, Source};

use crate::blocking::runtime::Runtime;
use crate::blocking::{IntoBlocking, RowStream};
use crate::{Error, ExportFormat, Exported, ForceType, Progress, S3Credentials};

blocking_types! {
    Batch<'s>;
    Load<'s>;
    ReloadFromS3<'s>;
    Export<'s>;
}

/// Changes to a storage's rows, applied in one call; see [`crate::Batch`].
#[must_use = "nothing is sent before `.send()`"]
pub struct Batch<'s> {
    pub(crate) inner: crate::Batch<'s>,
    pub(crate) runtime: Runtime,
}

impl Batch<'_> {
    sync_methods! {
        Batch: asynchronous(self);
        Batch: max_request_size(self, bytes: usize);
    }

    /// See [`Batch::insert`](crate::Batch::insert).
    pub fn insert<I>(mut self, rows: I) -> Self
    where
        I: IntoIterator,
        I::Item: LoadRow,
    {
        self.inner = self.inner.insert(rows);
        self
    }

    /// See [`Batch::insert_or_update`](crate::Batch::insert_or_update).
    pub fn insert_or_update<I>(mut self, primary_key: &str, rows: I) -> Self
    where
        I: IntoIterator,
        I::Item: LoadRow,
    {
        self.inner = self.inner.insert_or_update(primary_key, rows);
        self
    }

    /// See [`Batch::delete`](crate::Batch::delete).
    pub fn delete<I>(mut self, primary_key: &str, keys: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Value>,
    {
        self.inner = self.inner.delete(primary_key, keys);
        self
    }

    async_methods! {
        Batch: send(self) -> ();
    }
}

/// A load into a storage; see [`crate::Load`].
#[must_use = "nothing is loaded before `.send()`"]
pub struct Load<'s> {
    pub(crate) inner: crate::Load<'s>,
    pub(crate) runtime: Runtime,
}

impl<'s> Load<'s> {
    sync_methods! {
        Load: separator(self, separator: char);
        Load: force_type(self, column: impl Into<String>, force_type: ForceType);
        Load: <S: Source> schema(self);
        Load: empty_as_null(self);
        Load: timeout(self, timeout: Duration);
        Load: progress(self, progress: impl FnMut(Progress) + Send + 's);
    }

    /// See [`Load::columns`](crate::Load::columns).
    pub fn columns<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.inner = self.inner.columns(columns);
        self
    }

    async_methods! {
        Load: send(self) -> ();
    }
}

/// A reload from a file on S3; see [`crate::ReloadFromS3`].
#[must_use = "nothing is loaded before `.send()`"]
pub struct ReloadFromS3<'s> {
    pub(crate) inner: crate::ReloadFromS3<'s>,
    pub(crate) runtime: Runtime,
}

impl<'s> ReloadFromS3<'s> {
    sync_methods! {
        ReloadFromS3: separator(self, separator: char);
        ReloadFromS3: region(self, region: impl Into<String>);
        ReloadFromS3: credentials(self, credentials: S3Credentials);
        ReloadFromS3: force_type(self, column: impl Into<String>, force_type: ForceType);
        ReloadFromS3: <S: Source> schema(self);
        ReloadFromS3: timeout(self, timeout: Duration);
        ReloadFromS3: progress(self, progress: impl FnMut(Progress) + Send + 's);
    }

    async_methods! {
        ReloadFromS3: send(self) -> ();
    }
}

/// An export; see [`crate::Export`].
#[must_use = "nothing is exported before a method such as `.to_file(..)` or `.rows(..)` is called"]
pub struct Export<'s> {
    pub(crate) inner: crate::Export<'s>,
    pub(crate) runtime: Runtime,
}

impl Export<'_> {
    sync_methods! {
        Export: format(self, format: ExportFormat);
        Export: separator(self, separator: char);
        Export: quotes(self, quotes: bool);
        Export: guard_formulas(self, guard: bool);
        Export: timeout(self, timeout: Duration);
        Export: progress(self, progress: impl FnMut(Progress) + Send + 'static);
    }

    /// Waits for [`Export::to_file`](crate::Export::to_file).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn to_file(self, path: impl Into<PathBuf>) -> Result<Exported, Error> {
        self.runtime.wait(self.inner.to_file(path))
    }

    /// Waits for [`Export::rows`](crate::Export::rows).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn rows<S: Source, R: Row + Send + 'static>(self) -> Result<RowStream<R>, Error> {
        Ok(self.runtime.wait(self.inner.rows::<S, R>())?.blocking(&self.runtime))
    }

    /// Waits for [`Export::arrow`](crate::Export::arrow).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    #[cfg(feature = "arrow")]
    pub fn arrow(self) -> Result<crate::blocking::BatchStream, Error> {
        Ok(self.runtime.wait(self.inner.arrow())?.blocking(&self.runtime))
    }
}
