//! A request: what is sent, which status is expected, and whether it may be retried.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;
use tracing::debug;

use crate::api_key::ApiKey;
use crate::error::{Call, Error, Kind};
use crate::transport::body::{AttemptBody, Body, BodyStream};
use crate::transport::deadline::humanize;
use crate::transport::effect::{CALL_MAY_BE_DONE, Effect, ROWS_MAY_HAVE_ARRIVED};
use crate::transport::response::Response;
use crate::transport::{Connection, Deadline, failure, retry, storage};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A request that is not sent yet.
pub(crate) struct Request<'c> {
    connection: &'c Connection,
    call: Call,
    url: Url,
    headers: Headers,
    body: Body,
    expected: StatusCode,
    effect: Effect,
    /// The maximum number of attempts.
    attempts: u32,
    /// Whether the whole body of the response is part of an attempt.
    read_whole: bool,
    deadline: Deadline,
    /// Whether the server may be silent until the deadline, before it answers.
    no_read_timeout: bool,
    /// A path segment that is not valid.
    invalid_segment: Option<String>,
}

/// The headers of a request.
enum Headers {
    /// The headers of the API, with the key.
    Api,
    /// The headers that an upload URL was signed with. The key is not sent to that server.
    SignedUpload(&'static str),
    /// No headers of the API: anyone who has the URL can download the file.
    Download,
    /// The headers of the API, with another credential than the key.
    Login(HeaderName, HeaderValue),
    /// The headers of the API without a key: the path contains a token.
    Push,
}

/// A failed attempt.
struct Failure {
    error: Error,
    /// Whether a retry may succeed.
    is_temporary: bool,
    /// Whether the server certainly did not carry out the request, and a retry may succeed.
    is_turned_away: bool,
    /// Whether the server may have carried out the request.
    is_uncertain: bool,
    /// The wait that the server asks for.
    retry_after: Option<Duration>,
}

impl Failure {
    /// A failure that no retry helps, before or after the request was sent.
    fn of(error: Error, is_uncertain: bool) -> Failure {
        Failure { error, is_temporary: false, is_turned_away: false, is_uncertain, retry_after: None }
    }
}

impl Connection {
    /// Starts a GET of a path, given as its segments.
    pub(crate) fn get(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        Request::new(self, Method::GET, path, deadline)
    }

    /// Starts a POST to a path.
    pub(crate) fn post(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        Request::new(self, Method::POST, path, deadline)
    }

    /// Starts a PUT to a path.
    pub(crate) fn put(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        Request::new(self, Method::PUT, path, deadline)
    }

    /// Starts a DELETE of a path.
    pub(crate) fn delete(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        Request::new(self, Method::DELETE, path, deadline)
    }
}

impl<'c> Request<'c> {
    fn new(connection: &'c Connection, method: Method, path: &[&str], deadline: Deadline) -> Request<'c> {
        let mut url = connection.url().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let reads = method == Method::GET;
        let call = Call { method, path: shown(connection, &url) };
        Request {
            connection,
            call,
            url,
            headers: Headers::Api,
            body: Body::None,
            expected: StatusCode::OK,
            effect: if reads { Effect::None } else { Effect::Change(CALL_MAY_BE_DONE) },
            attempts: retry::ATTEMPTS,
            read_whole: reads,
            deadline,
            no_read_timeout: false,
            invalid_segment: path.iter().find(|segment| !is_segment(segment)).map(|&segment| segment.to_owned()),
        }
    }

    /// Starts a PUT of bytes to a URL that the server signed. It carries no key and the URL is
    /// never printed: it is a credential.
    pub(crate) fn signed_upload(
        connection: &'c Connection,
        url: &Url,
        content_type: &'static str,
        deadline: Deadline,
    ) -> Request<'c> {
        let mut request = Request::new(connection, Method::PUT, &[], deadline);
        request.call.path = format!("{} (signed upload)", url.origin().ascii_serialization());
        request.url = url.clone();
        request.headers = Headers::SignedUpload(content_type);
        request.effect = Effect::File;
        request
    }

    /// Starts a GET of a URL that the server returned, following redirects. It carries no key and
    /// the URL is never printed: it is a credential.
    pub(crate) fn download(connection: &'c Connection, url: &Url, deadline: Deadline) -> Request<'c> {
        let mut request = Request::new(connection, Method::GET, &[], deadline);
        request.call.path = format!("{} (exported file)", url.origin().ascii_serialization());
        request.url = url.clone();
        request.headers = Headers::Download;
        request.read_whole = false;
        request
    }

    /// Disables the read timeout, for a server that works for long before it answers. The deadline
    /// still applies.
    pub(crate) fn no_read_timeout(mut self) -> Self {
        self.no_read_timeout = true;
        self
    }

    /// Sends this header instead of the key: a password, or a token obtained with one.
    pub(crate) fn login(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers = Headers::Login(name, value);
        self
    }

    /// Starts a POST of a row to the storage with this uuid. The connection's key is the storage's
    /// token, which is sent in the path only and redacted from it in messages.
    pub(crate) fn push(connection: &'c Connection, uuid: &str, deadline: Deadline) -> Request<'c> {
        let path = ["api", "data_source", uuid, "push"];
        let shown = Request::new(connection, Method::POST, &path, deadline).call.path;
        let token = connection.api_key().expose_secret();
        let mut request = Request::new(connection, Method::POST, &[&path[..], &[token]].concat(), deadline);
        request.call.path = format!("{shown}/[token]");
        request.headers = Headers::Push;
        request.effect = Effect::Change(ROWS_MAY_HAVE_ARRIVED);
        request
    }

    /// Ends the path with a slash.
    pub(crate) fn slash(mut self) -> Self {
        if let Ok(mut segments) = self.url.path_segments_mut() {
            segments.push("");
        }
        self.call.path = shown(self.connection, &self.url);
        self
    }

    /// Adds a query parameter.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Sets the body: JSON.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.text(body.to_string())
    }

    /// Sets the body: a string that is JSON already.
    pub(crate) fn text(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Bytes(body.into());
        self
    }

    /// Sets the body: a stream, whose length may be unknown.
    pub(crate) fn stream(mut self, stream: BodyStream, length: Option<u64>) -> Self {
        self.body = Body::Stream { stream, length };
        self
    }

    /// Sets the status of success (default: 200).
    pub(crate) fn expect(mut self, status: StatusCode) -> Self {
        self.expected = status;
        self
    }

    /// Marks a POST that changes nothing, so that it may be sent again.
    pub(crate) fn repeatable(mut self) -> Self {
        self.effect = Effect::None;
        self
    }

    /// Marks a call that sends rows.
    pub(crate) fn sends_rows(mut self) -> Self {
        self.effect = Effect::Change(ROWS_MAY_HAVE_ARRIVED);
        self
    }

    /// Marks a call that only creates a file, for an upload or a download.
    pub(crate) fn creates_file(mut self) -> Self {
        self.effect = Effect::File;
        self
    }

    /// Sends the request at most once, even if the server turned it away.
    pub(crate) fn once(mut self) -> Self {
        self.attempts = 1;
        self
    }

    /// Reads the whole body of the response, so that a truncated one is requested again. Every GET
    /// of the API does.
    pub(crate) fn read_whole(mut self) -> Self {
        self.read_whole = true;
        self
    }

    /// Sends the request and waits for the head of the response. Retries if that is safe and may
    /// help.
    pub(crate) async fn send(mut self) -> Result<Response, Error> {
        if let Some(segment) = &self.invalid_segment {
            let message = format!(
                "nothing was sent: {segment:?} is not a uuid: it is empty, only dots, or contains a control character"
            );
            return Err(Error::new(Kind::NotFound, self.connection.api_key().redact(message)).during(&self.call));
        }
        let mut attempts = 0;
        loop {
            attempts += 1;
            let Failure { error, is_temporary, is_turned_away, is_uncertain, retry_after } = match self.attempt().await
            {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let mut error = error.during(&self.call).with_retry_after(retry_after);
            let wait = retry::wait(attempts, retry_after);
            let is_allowed = match self.effect {
                Effect::None => is_temporary,
                Effect::File | Effect::Change(_) => is_turned_away,
            };
            let again = is_allowed && self.body.can_be_sent_again() && attempts < self.attempts;
            if again && wait < self.deadline.remaining() {
                debug!(%error, attempts, ?wait, "trying again");
                tokio::time::sleep(wait).await;
                continue;
            }
            if let Some(retry_after) = retry_after.filter(|retry_after| !retry_after.is_zero()) {
                error = error.advised(&format!("the server asks to wait {} before a retry", humanize(retry_after)));
            }
            if let (Effect::Change(advice), true) = (self.effect, is_uncertain) {
                error = error.outcome_unknown(advice);
            }
            return Err(if attempts > 1 { error.after(attempts) } else { error });
        }
    }

    async fn attempt(&mut self) -> Result<Response, Failure> {
        let connection = self.connection;
        let started = Instant::now();
        let http = match &self.headers {
            Headers::Download => connection.downloads(),
            _ => connection.http(),
        };
        let mut request = http.request(self.call.method.clone(), self.url.clone());
        request = match &self.headers {
            Headers::Download => request,
            Headers::Api => {
                request.header(API_KEY, connection.key_header().clone()).header(CONTENT_TYPE, "application/json")
            }
            Headers::Login(name, value) => {
                request.header(name.clone(), value.clone()).header(CONTENT_TYPE, "application/json")
            }
            Headers::Push => request.header(CONTENT_TYPE, "application/json"),
            Headers::SignedUpload(content_type) => {
                request.header(CONTENT_TYPE, *content_type).header("x-amz-acl", "private")
            }
        };
        let mut sent = None;
        match self.body.attempt() {
            AttemptBody::None => {}
            AttemptBody::Short(bytes) => request = request.body(bytes),
            AttemptBody::Stream { body, length, sent: ended } => {
                if let Some(length) = length {
                    request = request.header(CONTENT_LENGTH, length);
                }
                request = request.body(body);
                sent = Some(ended);
            }
        }
        let no_read_timeout = self.no_read_timeout;
        let silence = async {
            if no_read_timeout {
                return std::future::pending().await;
            }
            // A server sends nothing while it receives a long body, so the read timeout starts
            // after the body.
            if let Some(sent) = sent {
                let _ = sent.await;
            }
            tokio::time::sleep(connection.deadlines().read).await;
        };
        let answered = async {
            tokio::select! {
                answer = request.send() => answer.map_err(|error| {
                    // Without a connection, nothing was sent.
                    let is_unsent = error.is_connect() || error.is_builder();
                    let is_temporary = !error.is_timeout() && !error.is_builder() && !failure::is_untrusted(&error);
                    let failure = Failure::of(failure::transport_error(connection, error), !is_unsent);
                    Failure { is_temporary, is_turned_away: is_temporary && is_unsent, ..failure }
                }),
                () = silence => Err(Failure::of(failure::read_timeout(connection), true)),
            }
        };
        let is_started = !self.deadline.remaining().is_zero();
        let passed = |error| Failure::of(error, is_started);
        let response = self.deadline.timeout("no response", answered).await.map_err(passed)??;
        let status = response.status();
        let elapsed = started.elapsed();
        debug!(method = %self.call.method, path = self.call.path, status = status.as_u16(), ?elapsed, "answered");
        let retry_after = retry::retry_after(response.headers());
        let (headers, answered_by) = (response.headers().clone(), response.url().clone());
        let mut response = Response::new(connection, self.call.clone(), response, self.deadline);
        if status == self.expected {
            if let Effect::Change(advice) = self.effect {
                response.after_change(advice);
            } else if self.read_whole {
                response.read_ahead().await.map_err(|error| {
                    let is_temporary = error.is_truncated();
                    Failure { is_temporary, ..Failure::of(error, false) }
                })?;
            }
            return Ok(response);
        }
        let body = response.start().await;
        let rejected = |url, key: &ApiKey, shown| failure::rejected(status, &headers, &body, url, key, shown);
        // A link is a credential, and so is the URL that it redirects to.
        let linked = || storage::hiding(&storage::hiding(connection.api_key(), &self.url), &answered_by);
        let error = match self.headers {
            Headers::Api => rejected(&self.url, connection.api_key(), "your API key"),
            Headers::Login(..) => rejected(&self.url, connection.api_key(), "the login and the password"),
            Headers::Push => rejected(&self.url, connection.api_key(), "the token and the uuid of the storage"),
            Headers::SignedUpload(_) => storage::rejected("upload", status, &body, &linked()),
            // The API's own server reports errors in its usual form.
            Headers::Download if answered_by.origin() == connection.url().origin() => {
                rejected(connection.url(), &linked(), "that the link has not expired")
            }
            Headers::Download => storage::rejected("download", status, &body, &linked()),
        };
        Err(Failure {
            error,
            is_temporary: retry::is_temporary(status),
            is_turned_away: retry::is_turned_away(status, retry_after),
            is_uncertain: retry::is_uncertain(status, retry_after),
            retry_after,
        })
    }
}

/// Returns a path for errors and logs. It is redacted: the caller may have passed the key as a uuid
/// by mistake.
fn shown(connection: &Connection, url: &Url) -> String {
    connection.api_key().redact(url.path().to_owned())
}

/// Returns true if a string is a valid path segment. URLs resolve dots to other folders and drop
/// some control characters, so that another path would be requested.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains(char::is_control)
}
