//! Logging in: gets an API key for a login and a password.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::Value;

use crate::api_key::ApiKey;
use crate::client::ClientBuilder;
use crate::error::{Error, Kind};
use crate::session::Session;
use crate::transport::Request;

/// The header that carries the token of a logged-in user.
const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

impl ClientBuilder {
    /// Creates an API key for the user with this login and password: `GET /api/token`, then
    /// `POST /api/api_key`.
    ///
    /// Each call creates another key. Store it ([`ApiKey::expose_secret`]) or pass it to
    /// [`api_key`](Self::api_key).
    ///
    /// ```no_run
    /// # async fn log_in(password: String) -> Result<(), serenytics_core::Error> {
    /// use serenytics_core::Client;
    ///
    /// let builder = Client::builder().url("http://127.0.0.1:8000");
    /// let key = builder.clone().log_in("ada", &password).await?;
    /// let client = builder.api_key(key).build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the URL is invalid, the login or password is wrong (see
    /// [`Error::is_unauthorized`]), or the server cannot be reached or rejects the request.
    pub async fn log_in(self, login: &str, password: &str) -> Result<ApiKey, Error> {
        if login.contains(':') {
            return Err(Error::new(Kind::Usage, "a login cannot contain `:`, which separates login and password"));
        }
        // The secrets are the keys of these sessions, so that they are redacted wherever they could
        // appear.
        let basic = STANDARD.encode(format!("{login}:{password}"));
        let secrets = ApiKey::from(password).hiding(&basic);
        let session = self.session(secrets, HeaderValue::from_static(""))?;
        let deadline = session.deadline();
        let authorization = secret_header(&format!("Basic {basic}"))?;
        let request = session.get(&["api", "token"], deadline).login(AUTHORIZATION, authorization);
        let token = answered(&session, request, "token").await?;

        let session = session.with_token(ApiKey::from(&token));
        let request = session.post(&["api", "api_key"], deadline).login(AUTH_TOKEN, secret_header(&token)?);
        answered(&session, request, "api_key").await.map(ApiKey::from)
    }
}

/// Returns the string with this name in a response.
async fn answered(session: &Session, request: Request<'_>, name: &str) -> Result<String, Error> {
    let answer = request.send().await?.ok().await?;
    let text = answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| {
        let message = format!("the response to the login has no `{name}`");
        Error::new(Kind::Decode, session.api_key().redact(message))
    })
}

fn secret_header(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::new(Kind::Decode, "the server returned a token that is not a valid header value"))?;
    value.set_sensitive(true);
    Ok(value)
}
