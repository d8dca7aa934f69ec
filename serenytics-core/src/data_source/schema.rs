//! Compares a source with its declaration (drift), and writes the schema file that declares a
//! source.

use serenytics_query::drift::{Drift, drift};
use serenytics_query::remote_schema::RemoteSchema;
use serenytics_query::schema::Schema;
use serenytics_query::schema_file::SchemaFile;
use serenytics_query::source::Source;

use crate::client::Client;
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::transport::Deadline;

impl Client {
    /// Compares a declaration with its source on the server, and returns the differences.
    ///
    /// A [breaking](Drift::is_breaking) difference would fail in production; a new column would
    /// not. Check a program's declarations in one test:
    ///
    /// ```
    /// use serenytics_core::{Client, Error};
    /// use serenytics_query::source::Source;
    ///
    /// async fn check<S: Source>(client: &Client) -> Result<(), Error> {
    ///     for drift in client.drift::<S>().await? {
    ///         assert!(!drift.is_breaking(), "{drift}");
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the source does not exist, or the server cannot be reached or rejects
    /// the request.
    pub async fn drift<S: Source>(&self) -> Result<Vec<Drift>, Error> {
        let (session, deadline) = (self.session(), self.session().deadline());
        let source = DataSource::referred(session, &S::SOURCE, deadline).await?;
        Ok(drift(&S::schema(), &source.served(deadline).await?))
    }
}

impl DataSource {
    /// Compares a schema with this source on the server, and returns the differences.
    ///
    /// The schema may have been declared for another source. For example, compare the schema of
    /// production with the source on staging:
    ///
    /// ```
    /// use serenytics_core::{Client, Error};
    /// use serenytics_query::schema_file::SchemaFile;
    ///
    /// async fn print(client: &Client, file: &SchemaFile) -> Result<(), Error> {
    ///     for drift in client.source("sales staging").await?.drift(&file.schema()).await? {
    ///         println!("{}: {drift}", if drift.is_breaking() { "breaking" } else { "additive" });
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the source no longer exists, or the server cannot be reached or rejects
    /// the request.
    pub async fn drift(&self, declared: &Schema) -> Result<Vec<Drift>, Error> {
        let deadline = self.session().deadline();
        Ok(drift(declared, &self.renewed(deadline).await?.served(deadline).await?))
    }

    /// Creates a schema file that declares everything that the server knows of the source, and
    /// refers to the source by name.
    ///
    /// Servers do not report nullability: every column is nullable. The type of a measure is that of
    /// its formula; a measure whose formula has no value for each row is a float. Columns whose names are not valid fields are renamed. Columns of
    /// unknown types are left out.
    ///
    /// ```
    /// use serenytics_core::{Client, Error};
    ///
    /// async fn pull(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    ///     let file = client.source("sales").await?.schema_file().await?;
    ///     std::fs::write("schemas/sales.json", file.to_json()?)?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the source has no columns that a file can declare, the source no longer
    /// exists, or the server cannot be reached or rejects the request.
    pub async fn schema_file(&self) -> Result<SchemaFile, Error> {
        self.pulled(None).await
    }

    /// Updates a schema file: like [`schema_file`](Self::schema_file), but keeps what only a person
    /// can decide from the file `before`. These are names in queries, columns without NULL, the
    /// types of measures, value formulas, and whether the file refers to the source by uuid.
    ///
    /// # Errors
    /// Returns the errors of [`schema_file`](Self::schema_file).
    pub async fn schema_file_after(&self, before: &SchemaFile) -> Result<SchemaFile, Error> {
        self.pulled(Some(before)).await
    }

    async fn pulled(&self, before: Option<&SchemaFile>) -> Result<SchemaFile, Error> {
        let deadline = self.session().deadline();
        let source = self.renewed(deadline).await?;
        let served = source.served(deadline).await?;
        let uuid = before.and_then(|file| file.uuid.as_ref()).map(|_| source.uuid());
        let file = served.file(source.name(), uuid, before);
        if served.columns.is_empty() {
            let message = format!("source `{}` has no columns yet: load data into the storage first", source.name());
            return Err(Error::new(Kind::Usage, message));
        }
        file.checked().map_err(|message| {
            let message = format!("source `{}` cannot be declared by a schema file: {message}", source.name());
            Error::new(Kind::Usage, self.session().api_key().redact(message))
        })
    }

    /// Returns the current columns, and the measures as they were when the source was found.
    async fn served(&self, deadline: Deadline) -> Result<RemoteSchema, Error> {
        self.remember_measures(self.session());
        Ok(RemoteSchema { columns: self.columns_until(deadline).await?, measures: self.remote_measures() })
    }
}
