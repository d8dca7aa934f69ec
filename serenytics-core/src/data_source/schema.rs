//! What a source has against what is declared of it: drift, and the schema file that declares all of it.

use serenytics_query::drift::{Drift, drift};
use serenytics_query::remote_schema::RemoteSchema;
use serenytics_query::schema::{Schema, SourceRef};
use serenytics_query::schema_file::SchemaFile;
use serenytics_query::source::Source;

use crate::client::Client;
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::resource::Resource;
use crate::transport::Deadline;

impl Client {
    /// Holds a declaration against the source that it declares, as the server has it now, and returns what differs.
    ///
    /// What [breaks](Drift::is_breaking) would fail in production; a column that is new does not. One test of a program's holds its
    /// declarations:
    ///
    /// ```
    /// use serenytics_core::{Client, Error};
    /// use serenytics_query::source::Source;
    ///
    /// async fn holds<S: Source>(client: &Client) -> Result<(), Error> {
    ///     for drift in client.drift::<S>().await? {
    ///         assert!(!drift.is_breaking(), "{drift}");
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// A source that does not exist; a server that cannot be reached or refuses.
    pub async fn drift<S: Source>(&self) -> Result<Vec<Drift>, Error> {
        let (session, deadline) = (self.session(), self.session().deadline());
        let source = match S::SOURCE {
            SourceRef::Name(name) => DataSource::named(session, &name, deadline).await?,
            SourceRef::Uuid(uuid) => DataSource::by_uuid(session, &uuid, deadline).await?,
        };
        Ok(drift(&S::schema(), &source.served(deadline).await?))
    }
}

impl DataSource {
    /// Holds a schema against what the server has of the source now, and returns what differs.
    ///
    /// The schema need not be one that was declared for this source: what runs on staging is held against staging so.
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
    /// A source that does not exist any more; a server that cannot be reached or refuses.
    pub async fn drift(&self, declared: &Schema) -> Result<Vec<Drift>, Error> {
        let deadline = self.session().deadline();
        Ok(drift(declared, &self.renewed(deadline).await?.served(deadline).await?))
    }

    /// The schema file that declares all that the server has of the source now, and finds it by its name.
    ///
    /// Every cell may be NULL in it and each measure is a float, because no server tells. Columns whose names no field can have get others.
    /// Columns of a type that this version does not know are left out.
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
    /// A source that has no columns yet, or none that a file can declare; a source that does not exist any more; a server that cannot be
    /// reached or refuses.
    pub async fn schema_file(&self) -> Result<SchemaFile, Error> {
        self.pulled(None).await
    }

    /// The schema file of the source as [`schema_file`](Self::schema_file) gives it, with what only a person can tell taken from the file that
    /// declared the source until now: names in queries, columns without NULL, the types of measures, value formulas, and whether the source
    /// is found by its uuid.
    ///
    /// # Errors
    /// As for [`schema_file`](Self::schema_file).
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
            let message =
                format!("source `{}` has no columns yet: a storage gets them by the first load", source.name());
            return Err(Error::new(Kind::Usage, message));
        }
        file.checked().map_err(|message| {
            let message = format!("source `{}` cannot be declared by a schema file: {message}", source.name());
            Error::new(Kind::Usage, self.session().api_key().redact(message))
        })
    }

    /// What the server has: the columns as they are now, the measures as they were when the source was found.
    async fn served(&self, deadline: Deadline) -> Result<RemoteSchema, Error> {
        let measures = self.remember_measures(self.session());
        Ok(RemoteSchema {
            columns: self.columns_until(deadline).await?,
            measures: measures.names().map(str::to_owned).collect(),
        })
    }
}
