//! Pushes: one row that is appended to a storage, for which the storage's token is enough.

use std::fmt;

use serenytics_query::source::LoadRow;
use tracing::{Instrument, debug_span};

use crate::api_key::ApiKey;
use crate::client::ClientBuilder;
use crate::data_source::{DataSource, names};
use crate::error::{Error, Kind};
use crate::session::Session;
use crate::transport::Request;

/// Appends rows to one storage, one a call, by the storage's token: it has no API key, and cannot do anything else.
///
/// Made by [`DataSource::pusher`], or by [`ClientBuilder::pusher`](crate::ClientBuilder::pusher) where there is a token and no key. Cheap to
/// clone. The token is a secret, and printed by nothing.
#[derive(Clone)]
pub struct Pusher {
    /// A session whose key is the token, so that texts of the server are shown without it.
    session: Session,
    uuid: String,
}

impl Pusher {
    fn new(session: Session, uuid: String) -> Pusher {
        Pusher { session, uuid }
    }

    /// The uuid of the storage.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// Appends a row. The platform does not wait until it is stored, and a row that does not fit the storage's columns may be lost; what has to
    /// arrive goes by [`batch`](DataSource::batch). It is never sent twice: after an error of the connection it may have arrived all the same.
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
    /// A row that JSON cannot hold, or a column's name that the warehouse does not take, before anything is sent; a token that is not the
    /// storage's; a server that cannot be reached or refuses.
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
    /// What appends rows to the storage with this uuid by its token, which a client's [`DataSource::config`](crate::DataSource::config) has and
    /// the platform shows. The API key is not needed, and not sent if there is one.
    ///
    /// # Errors
    /// A URL that is none, no token, or one that cannot be sent.
    pub fn pusher(self, uuid: impl Into<String>, token: impl Into<ApiKey>) -> Result<Pusher, Error> {
        let token = token.into();
        if token.is_empty() {
            return Err(Error::new(Kind::Usage, "no token: the configuration of the storage has it"));
        }
        Ok(Pusher::new(self.api_key(token).build()?.session().clone(), uuid.into()))
    }
}

impl DataSource {
    /// What appends rows to this storage by its token, without the API key: for programs that get to do nothing else.
    ///
    /// # Errors
    /// A source that is no storage.
    pub fn pusher(&self) -> Result<Pusher, Error> {
        self.check_is_storage()?;
        let session = self.session().with_token(ApiKey::from(self.token()?));
        Ok(Pusher::new(session, self.uuid().to_owned()))
    }

    /// Appends a row to the storage: see [`Pusher::push`].
    ///
    /// # Errors
    /// A source that is no storage, and as for [`Pusher::push`].
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
