//! A request: what is sent, what is expected back, and whether it may be sent again.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;
use tracing::debug;

use crate::client::Client;
use crate::error::{Call, Error, Kind};
use crate::transport::response::Response;
use crate::transport::{Deadline, failure, retry};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A request that is not sent yet.
pub(crate) struct Request<'c> {
    client: &'c Client,
    call: Call,
    url: Url,
    headers: Headers,
    body: Body,
    expected: StatusCode,
    repeatable: bool,
    deadline: Deadline,
}

/// The headers that a request is sent with.
enum Headers {
    /// Those of the API, with the key.
    Api,
    /// Those that a signed upload was signed for; the key is not for its server.
    SignedUpload,
}

enum Body {
    None,
    Bytes(Bytes),
    Stream { stream: reqwest::Body, length: Option<u64> },
}

/// An attempt that failed.
struct Failure {
    error: Error,
    /// Whether the same request may succeed later.
    passes: bool,
    /// How long the server asks to wait.
    asked: Option<Duration>,
}

impl Client {
    /// A GET of a path, given as its segments.
    pub(crate) fn get(&self, path: &[&str]) -> Request<'_> {
        Request::new(self, Method::GET, path)
    }

    /// A POST to a path.
    pub(crate) fn post(&self, path: &[&str]) -> Request<'_> {
        Request::new(self, Method::POST, path)
    }

    /// A PUT to a path.
    pub(crate) fn put(&self, path: &[&str]) -> Request<'_> {
        Request::new(self, Method::PUT, path)
    }

    /// A DELETE of a path.
    pub(crate) fn delete(&self, path: &[&str]) -> Request<'_> {
        Request::new(self, Method::DELETE, path)
    }
}

impl<'c> Request<'c> {
    fn new(client: &'c Client, method: Method, path: &[&str]) -> Request<'c> {
        let mut url = client.base().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let repeatable = method == Method::GET;
        let call = Call { method, path: url.path().to_owned() };
        Request {
            client,
            call,
            url,
            headers: Headers::Api,
            body: Body::None,
            expected: StatusCode::OK,
            repeatable,
            deadline: Deadline::after(client.deadlines().overall),
        }
    }

    /// A PUT to a URL that the server signed. It carries no key and is never printed: the URL is a credential.
    pub(crate) fn signed_upload(client: &'c Client, url: &str) -> Result<Request<'c>, Error> {
        let url = Url::parse(url)
            .map_err(|_| Error::new(Kind::Decode, "the server gave a URL for the upload that is none"))?;
        let path = format!("{} (signed upload)", url.origin().ascii_serialization());
        let mut request = Request::new(client, Method::PUT, &[]);
        request.call.path = path;
        request.url = url;
        request.headers = Headers::SignedUpload;
        Ok(request)
    }

    /// Adds a parameter of the query.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// The body: JSON.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.text(body.to_string())
    }

    /// The body: a text that is JSON already.
    pub(crate) fn text(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Bytes(body.into());
        self
    }

    /// The body: a stream, of a known length or not.
    pub(crate) fn stream(mut self, stream: reqwest::Body, length: Option<u64>) -> Self {
        self.body = Body::Stream { stream, length };
        self
    }

    /// The status of success, if it is not 200.
    pub(crate) fn expect(mut self, status: StatusCode) -> Self {
        self.expected = status;
        self
    }

    /// Marks a POST that changes nothing, so that it may be sent again.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Another deadline than the client's.
    pub(crate) fn until(mut self, deadline: Deadline) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sends the request, again if that is safe and may help, and waits for the answer's head.
    pub(crate) async fn send(mut self) -> Result<Response, Error> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let failure = match self.attempt().await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let error = failure.error.during(&self.call);
            let error = if attempts > 1 { error.after(attempts) } else { error };
            let wait = retry::wait(attempts, failure.asked);
            let again = self.repeatable && failure.passes && attempts < retry::ATTEMPTS;
            if !again || wait >= self.deadline.remaining() {
                return Err(error);
            }
            debug!(%error, attempts, ?wait, "trying again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&mut self) -> Result<Response, Failure> {
        let client = self.client;
        let started = Instant::now();
        let mut request =
            client.http().request(self.call.method.clone(), self.url.clone()).timeout(self.deadline.remaining());
        request = match self.headers {
            Headers::Api => {
                request.header(API_KEY, client.key_header().clone()).header(CONTENT_TYPE, "application/json")
            }
            Headers::SignedUpload => request.header(CONTENT_TYPE, "csv/gz").header("x-amz-acl", "private"),
        };
        let mut streams = false;
        match &mut self.body {
            Body::None => {}
            Body::Bytes(bytes) => request = request.body(bytes.clone()),
            Body::Stream { stream, length } => {
                if let Some(length) = length {
                    request = request.header(CONTENT_LENGTH, *length);
                }
                request = request.body(std::mem::take(stream));
                streams = true;
            }
        }
        // A server says nothing while it is sent a long body, so the deadline for its silence begins with the answer.
        let silence = if streams { self.deadline.remaining() } else { client.deadlines().read };
        let response = match tokio::time::timeout(silence, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let passes = !error.is_timeout() && !error.is_builder();
                let error = failure::unanswered(client, error);
                return Err(Failure { error, passes, asked: None });
            }
            Err(_) => {
                return Err(Failure { error: failure::silent(client), passes: false, asked: None });
            }
        };
        let status = response.status();
        let elapsed = started.elapsed();
        debug!(method = %self.call.method, path = self.call.path, status = status.as_u16(), ?elapsed, "answered");
        let asked = retry::asked(response.headers());
        let headers = response.headers().clone();
        let mut response = Response::new(client, self.call.clone(), response);
        if status == self.expected {
            return Ok(response);
        }
        let body = response.start().await;
        let error = failure::refused(status, &headers, &body, &self.url, client);
        Err(Failure { error, passes: retry::passes(status), asked })
    }
}
