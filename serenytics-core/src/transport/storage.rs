//! Errors of uploads to, and downloads from, a signed URL, without the secrets of the signature.

use reqwest::{StatusCode, Url};

use crate::api_key::ApiKey;
use crate::error::{Error, Kind};
use crate::transport::truncated;

/// Maximum length of the storage's message in an error.
const LONGEST_WORDS: usize = 500;

/// Creates the error of a rejected upload to, or download from, a signed URL.
///
/// It shows the status, and only the code and message of the body: the rest contains parts of the
/// signature. The status is not one of the API, so `Error::status` is `None`. `key` redacts the
/// URL's secrets too.
pub(crate) fn rejected(action: &str, status: StatusCode, body: &[u8], key: &ApiKey) -> Error {
    let body = String::from_utf8_lossy(body);
    let words: Vec<_> = ["Code", "Message"].into_iter().filter_map(|tag| content(&body, tag)).collect();
    let words = truncated(&key.redact(words.join(": ")), LONGEST_WORDS);
    let mut message = format!("the server's storage rejected the {action} with {status}");
    if !words.is_empty() {
        message.push_str(": ");
        message.push_str(&words);
    }
    Error::new(Kind::Rejected, message)
}

/// Returns the content of the first element with this name, if it is plain text.
fn content(body: &str, tag: &str) -> Option<String> {
    let (_, after) = body.split_once(&format!("<{tag}>"))?;
    let (content, _) = after.split_once(&format!("</{tag}>"))?;
    // Numeric character references could hide a secret.
    if content.contains('<') || content.contains("&#") {
        return None;
    }
    let plain = content.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(plain.replace("&amp;", "&"))
}

/// Returns a key that also redacts the values of a signed URL's query, encoded and decoded.
pub(crate) fn hiding(key: &ApiKey, signed: &Url) -> ApiKey {
    let spelled = signed.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let mut secrets: Vec<_> = spelled.map(|(_, value)| value.to_owned()).collect();
    secrets.extend(signed.query_pairs().map(|(_, value)| value.into_owned()));
    // The longest first: one value may contain another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.iter().fold(key.clone(), |key, secret| key.hiding(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed_error(body: &str) -> String {
        let signed =
            Url::parse("https://s3/u1?AWSAccessKeyId=canary-id&Expires=17&Signature=canary%2Bsigned%3D").unwrap();
        let key = hiding(&ApiKey::from("canary-7f3a91"), &signed);
        let error = rejected("upload", StatusCode::FORBIDDEN, body.as_bytes(), &key);
        assert!(error.is_rejected() && error.status().is_none());
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        error.to_string()
    }

    #[test]
    fn storage_error_shows_code_and_message_only() {
        let body = "<?xml version=\"1.0\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>It does not &amp; will not match</Message>\
                    <AWSAccessKeyId>canary-id</AWSAccessKeyId><StringToSign>PUT canary</StringToSign></Error>";
        assert_eq!(
            printed_error(body),
            "the server's storage rejected the upload with 403 Forbidden: SignatureDoesNotMatch: It does not & will not match"
        );
    }

    #[test]
    fn storage_error_redacts_secrets() {
        let start = "the server's storage rejected the upload with 403 Forbidden";
        let body = "<Message>canary-id, canary+signed=, canary%2Bsigned%3D, canary-7f3a91 at 17</Message>";
        assert_eq!(printed_error(body), format!("{start}: [secret], [secret], [secret], [API key] at 17"));
        for body in ["", "canary", "<Message>canary", "<Message>&#99;anary-id</Message>", "<Code><b>canary</b></Code>"]
        {
            assert_eq!(printed_error(body), start);
        }
        // Truncated where part of a secret would remain.
        assert!(
            !printed_error(&format!("<Message>{}canary-id</Message>", "x".repeat(LONGEST_WORDS - 4))).contains("can")
        );
    }
}
