//! Pushes: one row that is appended to a storage, for which the storage's token is enough.

use std::fmt;

use serenytics_query::source::LoadRow;
use tracing::{Instrument, debug_span};

use crate::api_key::ApiKey;
use crate::client::Client;
use crate::data_source::{DataSource, names};
use crate::error::{Error, Kind};
use crate::transport::Request;

/// Appends rows to one storage, one a call, by the storage's token: it has no API key, and cannot do anything else.
///
/// Made by [`DataSource::pusher`], or by [`ClientBuilder::pusher`](crate::ClientBuilder::pusher) where there is a token and no key. Cheap to
/// clone. The token is a secret, and printed by nothing.
#[derive(Clone)]
pub struct Pusher {
    /// A client whose key is the token, so that texts of the server are shown without it.
    client: Client,
    uuid: String,
}

impl Pusher {
    pub(crate) fn new(client: Client, uuid: String) -> Pusher {
        Pusher { client, uuid }
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
            let request = Request::push(&self.client, &self.uuid, self.client.deadline()).text(body);
            request.send().await?.unless_error().await?;
            Ok(())
        };
        pushed.instrument(span).await
    }
}

impl DataSource {
    /// What appends rows to this storage by its token, without the API key: for programs that get to do nothing else.
    ///
    /// # Errors
    /// A source that is no storage.
    pub fn pusher(&self) -> Result<Pusher, Error> {
        self.check_is_storage()?;
        let client = self.client().with_token(ApiKey::from(self.token()?));
        Ok(Pusher::new(client, self.uuid().to_owned()))
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
