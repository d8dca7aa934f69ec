//! Signed URLs: where to upload a file if the server does not accept uploads itself.

use reqwest::Url;
use serde_json::Value;

use crate::error::{Error, Kind};
use crate::transport::Request;

/// A URL to upload a file to.
pub(crate) struct Signed {
    /// A credential: anyone who has it can upload.
    pub(crate) url: Url,
    /// The server's name for the file, if it returns one.
    pub(crate) object_name: Option<String>,
}

impl Signed {
    /// Asks the server to sign an upload. Returns `None` if the server accepts uploads itself.
    pub(crate) async fn asked(request: Request<'_>) -> Result<Option<Signed>, Error> {
        let mut response = request.send().await?;
        let body = response.whole().await?;
        let answer: Value = response.parse(&body)?;
        if response.check_status(&answer).is_err() {
            return Ok(None);
        }
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let Some(url) = text("signed_request") else {
            return Err(response.error(Kind::Decode, "the response has no `signed_request`".to_owned()));
        };
        match Url::parse(url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                Ok(Some(Signed { url, object_name: text("server_side_object_name").map(str::to_owned) }))
            }
            _ => {
                let message = "the server returned an invalid `signed_request`: expected a URL to upload to";
                Err(response.error(Kind::Decode, message.to_owned()))
            }
        }
    }
}
