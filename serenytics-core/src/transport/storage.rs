//! What the storage behind a signed URL says when it refuses: only what cannot hold a secret of the signature.

use reqwest::{StatusCode, Url};

use crate::api_key::ApiKey;
use crate::error::{Error, Kind};
use crate::transport::cut;

/// How much of the storage's words stands in an error.
const LONGEST_WORDS: usize = 500;

/// The error of a storage that refuses what a signed URL is for, an upload or a download. It repeats the status, and of the body what it gives as code and
/// message: the rest holds what the signature is made of. The status is no answer of the API, so the error has none. `key` hides the URL's secrets, too.
pub(crate) fn refused(refused: &str, status: StatusCode, body: &[u8], key: &ApiKey) -> Error {
    let body = String::from_utf8_lossy(body);
    let words: Vec<_> = ["Code", "Message"].into_iter().filter_map(|tag| content(&body, tag)).collect();
    let words = cut(&key.redact(words.join(": ")), LONGEST_WORDS);
    let mut message = format!("the storage of the server refused the {refused} with {status}");
    if !words.is_empty() {
        message.push_str(": ");
        message.push_str(&words);
    }
    Error::new(Kind::Refused, message)
}

/// What stands in the first element of this name, if that is a plain text.
fn content(body: &str, tag: &str) -> Option<String> {
    let (_, behind) = body.split_once(&format!("<{tag}>"))?;
    let (content, _) = behind.split_once(&format!("</{tag}>"))?;
    // Spelled out by numbers, a secret would not be found.
    if content.contains('<') || content.contains("&#") {
        return None;
    }
    let plain = content.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(plain.replace("&amp;", "&"))
}

/// A key that hides the values of a signed URL's query too, in either spelling.
pub(crate) fn hiding(key: &ApiKey, signed: &Url) -> ApiKey {
    let spelled = signed.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let mut secrets: Vec<_> = spelled.map(|(_, value)| value.to_owned()).collect();
    secrets.extend(signed.query_pairs().map(|(_, value)| value.into_owned()));
    // The longest first, as one may be a part of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.iter().fold(key.clone(), |key, secret| key.hiding(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> String {
        let signed =
            Url::parse("https://s3/u1?AWSAccessKeyId=canary-id&Expires=17&Signature=canary%2Bsigned%3D").unwrap();
        let key = hiding(&ApiKey::from("canary-7f3a91"), &signed);
        let error = refused("upload", StatusCode::FORBIDDEN, body.as_bytes(), &key);
        assert!(error.is_rejected() && error.status().is_none());
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        error.to_string()
    }

    #[test]
    fn code_and_message_are_told_and_nothing_else() {
        let body = "<?xml version=\"1.0\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>It does not &amp; will not match</Message>\
                    <AWSAccessKeyId>canary-id</AWSAccessKeyId><StringToSign>PUT canary</StringToSign></Error>";
        assert_eq!(
            said(body),
            "the storage of the server refused the upload with 403 Forbidden: SignatureDoesNotMatch: It does not & will not match"
        );
    }

    #[test]
    fn secrets_in_the_message_are_left_out() {
        let told = "the storage of the server refused the upload with 403 Forbidden";
        let body = "<Message>canary-id, canary+signed=, canary%2Bsigned%3D, canary-7f3a91 at 17</Message>";
        assert_eq!(said(body), format!("{told}: [secret], [secret], [secret], [API key] at 17"));
        for body in ["", "canary", "<Message>canary", "<Message>&#99;anary-id</Message>", "<Code><b>canary</b></Code>"]
        {
            assert_eq!(said(body), told);
        }
        // Cut where it would leave a part.
        assert!(!said(&format!("<Message>{}canary-id</Message>", "x".repeat(LONGEST_WORDS - 4))).contains("can"));
    }
}
