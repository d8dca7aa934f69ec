//! S3: reads the files of loads from AWS or from an S3-compatible server.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::{Client, Response, StatusCode, redirect};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use url::Url;

use crate::base::{Context, Error};

/// How long a signed request is valid.
const SIGNED: Duration = Duration::from_secs(10 * 60);

/// How long to wait for a connection, and for the next bytes of a response.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The maximum size of an error response in bytes; the rest is not read.
const MAX_ERROR_SIZE: usize = 16 * 1024;

/// The default region.
const REGION: &str = "us-east-1";

/// A client of S3.
pub(crate) struct S3 {
    http: Client,
    /// The URL of the S3-compatible server; AWS if it is `None`.
    endpoint: Option<Url>,
}

/// An object, and the credentials to read it.
pub(crate) struct S3Object {
    bucket: String,
    key: String,
    region: String,
    /// If they are `None`, the object must be public.
    credentials: Option<Credentials>,
}

impl S3Object {
    /// Validates the fields of a request. The format of credentials is `aws_access_key_id=..;aws_secret_access_key=..`.
    pub(crate) fn named(
        bucket: String,
        key: String,
        region: Option<String>,
        credentials: Option<&str>,
    ) -> Result<S3Object, Error> {
        check_bucket(&bucket)?;
        // URLs resolve `.` and `..`, so the path would lead to another object, or to another bucket.
        if key.is_empty() || key.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(Error::refused(format!(
                "invalid s3_key {key:?}: expected the name of an object without `.` or `..` in its path"
            )));
        }
        let region = region.unwrap_or_else(|| REGION.to_owned());
        // It becomes part of the host name.
        if region.is_empty() || !region.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            return Err(Error::refused(format!("invalid s3_region {region:?}: expected a region such as eu-west-1")));
        }
        Ok(S3Object { bucket, key, region, credentials: credentials.map(read_credentials).transpose()? })
    }
}

/// Validates the name of a bucket, which becomes part of the host name.
fn check_bucket(name: &str) -> Result<(), Error> {
    let is_end = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = name.bytes().next().is_some_and(is_end) && name.bytes().next_back().is_some_and(is_end);
    let inside = name.bytes().all(|byte| is_end(byte) || matches!(byte, b'.' | b'-'));
    if ends && inside && (3..=63).contains(&name.len()) && !name.contains("..") {
        return Ok(());
    }
    Err(Error::refused(format!(
        "invalid s3_bucket {name:?}: expected 3 to 63 lower-case letters, digits, dots and hyphens"
    )))
}

fn read_credentials(text: &str) -> Result<Credentials, Error> {
    // The message does not contain the credentials.
    let refused = || {
        Error::refused(
            "invalid s3_credentials: expected \"aws_access_key_id=..;aws_secret_access_key=..\" as one string",
        )
    };
    let (mut key, mut secret, mut token) = (None, None, None);
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(refused)?;
        let place = match name.trim() {
            "aws_access_key_id" => &mut key,
            "aws_secret_access_key" => &mut secret,
            "token" | "aws_session_token" => &mut token,
            _ => return Err(refused()),
        };
        *place = Some(value.trim().to_owned());
    }
    let (key, secret) = key.zip(secret).ok_or_else(refused)?;
    Ok(match token {
        Some(token) => Credentials::new_with_token(key, secret, token),
        None => Credentials::new(key, secret),
    })
}

impl S3 {
    /// Creates a client of AWS, or of the server at a URL.
    pub(crate) fn new(endpoint: Option<&str>) -> Result<S3, Error> {
        let endpoint = endpoint.map(|text| {
            let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            url.ok_or_else(|| Error::refused(format!("invalid S3 endpoint {text:?}: expected an http or https URL")))
        });
        // A redirect could lead to a server that the operator did not choose.
        let http = Client::builder().redirect(redirect::Policy::none()).connect_timeout(TIMEOUT).read_timeout(TIMEOUT);
        Ok(S3 { http: http.build().context("could not create the S3 client")?, endpoint: endpoint.transpose()? })
    }

    /// Requests an object, and returns its bytes as a stream.
    pub(crate) async fn read(
        &self,
        object: &S3Object,
    ) -> Result<impl Stream<Item = Result<Bytes, reqwest::Error>> + use<>, Error> {
        let url = self.bucket(object)?.get_object(object.credentials.as_ref(), &object.key).sign(SIGNED);
        // The URL in the error contains the signature.
        let answer = self.http.get(url).send().await.map_err(|error| {
            Error::failed(format!("could not reach S3 for the bucket {:?}", object.bucket), error.without_url())
        })?;
        if answer.status() == StatusCode::OK {
            return Ok(answer.bytes_stream());
        }
        Err(refusal(object, answer).await)
    }

    fn bucket(&self, object: &S3Object) -> Result<Bucket, Error> {
        let (endpoint, style) = match &self.endpoint {
            Some(endpoint) => (endpoint.clone(), UrlStyle::Path),
            None => {
                let aws = Url::parse(&format!("https://s3.{}.amazonaws.com", object.region));
                // The certificates of AWS are valid for only one label before the domain.
                let style = if object.bucket.contains('.') { UrlStyle::Path } else { UrlStyle::VirtualHost };
                (aws.context("could not build the URL of the region")?, style)
            }
        };
        Bucket::new(endpoint, style, object.bucket.clone(), object.region.clone()).map_err(|error| {
            Error::refused(format!("could not build the URL of the bucket {:?}: {error}", object.bucket))
        })
    }
}

/// Converts an error response of S3 into an error.
async fn refusal(object: &S3Object, answer: Response) -> Error {
    let status = answer.status();
    let mut body = Vec::new();
    let mut chunks = answer.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ERROR_SIZE {
            break;
        }
    }
    let body = String::from_utf8_lossy(&body);
    let part = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
    };
    let S3Object { bucket, key, region, credentials } = object;
    Error::refused(match (part("Code"), status) {
        (Some("NoSuchBucket"), _) => format!("there is no bucket {bucket:?} in S3"),
        (Some("NoSuchKey"), _) => format!("there is no object {key:?} in the bucket {bucket:?}"),
        (_, status) if status.is_redirection() => {
            format!("the bucket {bucket:?} is not in the region {region}: set s3_region to the bucket's region")
        }
        (code, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) => format!(
            "S3 denied access to the object {key:?} in the bucket {bucket:?} ({}): {}",
            code.unwrap_or("no error code"),
            if credentials.is_some() {
                "the credentials are wrong or lack the permission to read it"
            } else {
                "it is not public: add s3_credentials"
            }
        ),
        (code, status) => format!(
            "S3 responded with {status} for the object {key:?} in the bucket {bucket:?}: {}",
            part("Message").or(code).unwrap_or("no error message")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_bucket_key_region_or_credentials_are_rejected() {
        let named = |bucket: &str, key: &str, region: Option<&str>, credentials: Option<&str>| {
            S3Object::named(bucket.to_owned(), key.to_owned(), region.map(str::to_owned), credentials)
        };
        assert!(named("my.bucket-1", "a/b c.csv", Some("eu-west-1"), None).is_ok());
        for bucket in ["", "ab", "Bucket", "a/b", "127.0.0.1:80", "a@b", "a..b", "-ab", "ab-", "ab#", "aé", "a%2f"] {
            assert!(named(bucket, "k", None, None).is_err(), "{bucket}");
        }
        for key in ["", "..", "../other/k", "a/../b", "a/."] {
            assert!(named("bucket", key, None, None).is_err(), "{key}");
        }
        for region in ["", "eu west", "evil.example/", "a@b"] {
            assert!(named("bucket", "k", Some(region), None).is_err(), "{region}");
        }
        for credentials in ["", "secret", "aws_access_key_id=a", "aws_access_key_id=a;password=secret"] {
            let error = named("bucket", "k", None, Some(credentials)).err().unwrap().to_string();
            assert!(error.contains("aws_secret_access_key=..") && !error.contains("secret;"), "{error}");
        }
        assert!(named("bucket", "k", None, Some("aws_access_key_id=a;aws_secret_access_key=b")).is_ok());
    }

    #[test]
    fn url_of_an_object_contains_its_bucket_and_key() {
        let object = |bucket: &str| S3Object::named(bucket.to_owned(), "/a b?c".to_owned(), None, None).unwrap();
        let url = |s3: &S3, bucket| s3.bucket(&object(bucket)).unwrap().object_url("/a b?c").to_string();
        let aws = S3::new(None).unwrap();
        assert_eq!(url(&aws, "bucket"), "https://bucket.s3.us-east-1.amazonaws.com//a%20b%3Fc");
        assert_eq!(url(&aws, "my.bucket"), "https://s3.us-east-1.amazonaws.com/my.bucket//a%20b%3Fc");
        let own = S3::new(Some("http://127.0.0.1:9000/s3")).unwrap();
        assert_eq!(url(&own, "bucket"), "http://127.0.0.1:9000/s3/bucket//a%20b%3Fc");
        assert!(S3::new(Some("file:///etc")).is_err());
    }
}
