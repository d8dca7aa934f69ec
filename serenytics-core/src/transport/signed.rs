//! Signed URLs: where a server wants a file, when it does not take files itself.

use reqwest::Url;
use serde_json::Value;

use crate::error::{Error, Kind};
use crate::transport::Request;

/// Where a server wants a file.
pub(crate) struct Signed {
    /// A credential: whoever has it can upload.
    pub(crate) url: Url,
    /// What the server calls the file, if it says so.
    pub(crate) object_name: Option<String>,
}

impl Signed {
    /// What the server answers a request to sign; nothing when it takes files itself.
    pub(crate) async fn asked(request: Request<'_>) -> Result<Option<Signed>, Error> {
        let mut response = request.send().await?;
        let body = response.whole().await?;
        let answer: Value = response.parse(&body)?;
        if response.check_status(&answer).is_err() {
            return Ok(None);
        }
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let Some(url) = text("signed_request") else {
            return Err(response.error(Kind::Decode, "the answer has no `signed_request`".to_owned()));
        };
        match Url::parse(url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                Ok(Some(Signed { url, object_name: text("server_side_object_name").map(str::to_owned) }))
            }
            _ => {
                let message = "`signed_request` of the answer, where the file is to be sent, is no URL of a server";
                Err(response.error(Kind::Decode, message.to_owned()))
            }
        }
    }
}
