//! Pushes: appending single rows to a storage with the storage's token.

use std::fmt;

use serenytics_query::source::LoadRow;
use tracing::{Instrument, debug_span};

use crate::api_key::ApiKey;
use crate::client::ClientBuilder;
use crate::data_source::{DataSource, names};
use crate::error::{Error, Kind};
use crate::session::Session;
use crate::transport::Request;

/// Appends rows to one storage, one row for each call. It uses the storage's token instead of an
/// API key, and cannot do anything else.
///
/// Created by [`DataSource::pusher`], or by [`ClientBuilder::pusher`](crate::ClientBuilder::pusher)
/// without an API key. Cheap to clone. The token is a secret and is never printed.
#[derive(Clone)]
pub struct Pusher {
    /// A session whose key is the token, so that the token is redacted from the server's messages.
    session: Session,
    uuid: String,
}

impl Pusher {
    fn new(session: Session, uuid: String) -> Pusher {
        Pusher { session, uuid }
    }

    /// Returns the uuid of the storage.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// Appends a row without waiting until it is stored.
    ///
    /// A row that does not fit the storage's columns may be lost without an error: use a
    /// [`batch`](DataSource::batch) if rows must arrive. A push is only retried if the server
    /// certainly did not receive it; [`is_outcome_unknown`](Error::is_outcome_unknown) is true for
    /// the error if the row may have arrived.
    ///
    /// ```no_run
    /// # async fn push() -> Result<(), Box<dyn std::error::Error>> {
    /// use serde_json::json;
    ///
    /// let (uuid, token) = (std::env::var("STORAGE")?, std::env::var("STORAGE_TOKEN")?);
    /// let pusher = serenytics_core::Client::builder().pusher(uuid, token)?;
    /// pusher.push(json!({"country": "FR", "quantity": 10})).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the row cannot be written as JSON or a column name is not valid in the
    /// warehouse (nothing is sent then), the token is not the storage's, or the server cannot be
    /// reached or rejects the request.
    #[doc(alias = "push_data")]
    pub async fn push(&self, row: impl LoadRow) -> Result<(), Error> {
        let mut body = String::new();
        let written = row.write_row(&mut body).and_then(|()| {
            let mut fields = serenytics_query::load_row::Fields::default();
            row.write_fields(&mut fields)?;
            let names = fields.cells().iter().map(|(name, _)| name.as_str());
            names::problems(names).map_or(Ok(()), Err)
        });
        written.map_err(|message| Error::new(Kind::Usage, format!("nothing was sent: {message}")))?;
        let span = debug_span!("push", source = self.uuid, bytes = body.len());
        let pushed = async {
            let request = Request::push(self.session.connection(), &self.uuid, self.session.deadline()).text(body);
            request.send().await?.unless_error().await?;
            Ok(())
        };
        pushed.instrument(span).await
    }
}

impl ClientBuilder {
    /// Creates a pusher for the storage with this uuid, from the storage's token. The platform
    /// shows the token, and [`DataSource::config`](crate::DataSource::config) contains it. The API
    /// key is not needed, and is not sent if it is set.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid, or the token is empty or cannot be sent.
    pub fn pusher(self, uuid: impl Into<String>, token: impl Into<ApiKey>) -> Result<Pusher, Error> {
        let token = token.into();
        if token.is_empty() {
            return Err(Error::new(Kind::Usage, "no token: copy it from the configuration of the storage"));
        }
        Ok(Pusher::new(self.api_key(token).build()?.session().clone(), uuid.into()))
    }
}

impl DataSource {
    /// Creates a pusher for this storage: it can append rows, but has no API key.
    ///
    /// # Errors
    /// Returns an error if the source is not a storage.
    pub fn pusher(&self) -> Result<Pusher, Error> {
        self.check_is_storage()?;
        let session = self.session().with_token(ApiKey::from(self.token()?));
        Ok(Pusher::new(session, self.uuid().to_owned()))
    }

    /// Appends a row to the storage, like [`Pusher::push`].
    ///
    /// # Errors
    /// Returns an error if the source is not a storage, and the errors of [`Pusher::push`].
    #[doc(alias = "push_data")]
    pub async fn push(&self, row: impl LoadRow) -> Result<(), Error> {
        self.pusher()?.push(row).await
    }
}

impl fmt::Debug for Pusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher").field("uuid", &self.uuid).finish_non_exhaustive()
    }
}
