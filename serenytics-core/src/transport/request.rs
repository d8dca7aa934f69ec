//! A request: what is sent, what is expected back, and whether it may be sent again.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;
use tokio::sync::oneshot;
use tracing::debug;

use crate::api_key::ApiKey;
use crate::error::{Call, Error, Kind};
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
    repeatable: bool,
    deadline: Deadline,
    /// Whether the server may be silent until the deadline, before it answers.
    patient: bool,
    /// A segment of the path that is none.
    stray: Option<String>,
}

/// A body that is made while it is sent.
pub(crate) type BodyStream = BoxStream<'static, io::Result<Bytes>>;

/// Longer bodies are sent in pieces of this length, so that it is known when the last one is on its way.
const PIECE: usize = 64 * 1024;

/// The headers that a request is sent with.
enum Headers {
    /// Those of the API, with the key.
    Api,
    /// Those that a signed upload was signed for; the key is not for its server.
    SignedUpload(&'static str),
    /// None of the API's: what is at the URL is for everybody who has it.
    Download,
    /// Those of the API, with another credential than the key.
    Login(HeaderName, HeaderValue),
    /// Those of the API without a key: the path holds a token.
    Push,
}

enum Body {
    None,
    Bytes(Bytes),
    Stream { stream: BodyStream, length: Option<u64> },
}

/// An attempt that failed.
struct Failure {
    error: Error,
    /// Whether the same request may succeed later.
    passes: bool,
    /// How long the server asks to wait.
    asked: Option<Duration>,
}

impl Connection {
    /// A GET of a path, given as its segments.
    pub(crate) fn get(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        Request::new(self, Method::GET, path, deadline)
    }

    /// A POST to a path.
    pub(crate) fn post(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        Request::new(self, Method::POST, path, deadline)
    }

    /// A PUT to a path.
    pub(crate) fn put(&self, path: &[&str], deadline: Deadline) -> Request<'_> {
        Request::new(self, Method::PUT, path, deadline)
    }

    /// A DELETE of a path.
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
        let repeatable = method == Method::GET;
        let call = Call { method, path: shown(connection, &url) };
        Request {
            connection,
            call,
            url,
            headers: Headers::Api,
            body: Body::None,
            expected: StatusCode::OK,
            repeatable,
            deadline,
            patient: false,
            stray: path.iter().find(|segment| !is_segment(segment)).map(|&segment| segment.to_owned()),
        }
    }

    /// A PUT of bytes of some type to a URL that the server signed for it. It carries no key and is never printed: the URL is
    /// a credential.
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
        request
    }

    /// A GET of a URL that the server gave, which may redirect. It carries no key and is never printed: the URL is a credential.
    pub(crate) fn download(connection: &'c Connection, url: &Url, deadline: Deadline) -> Request<'c> {
        let mut request = Request::new(connection, Method::GET, &[], deadline);
        request.call.path = format!("{} (exported file)", url.origin().ascii_serialization());
        request.url = url.clone();
        request.headers = Headers::Download;
        request
    }

    /// Waits until the deadline for the answer: the server has long work to do before it says anything.
    pub(crate) fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// Sends this header in place of the key: a password, or what was given for one.
    pub(crate) fn login(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers = Headers::Login(name, value);
        self
    }

    /// A POST of a row to the storage with this uuid. The client's key is the storage's token, which stands in the path and is sent and printed
    /// nowhere else.
    pub(crate) fn push(connection: &'c Connection, uuid: &str, deadline: Deadline) -> Request<'c> {
        let path = ["api", "data_source", uuid, "push"];
        let shown = Request::new(connection, Method::POST, &path, deadline).call.path;
        let token = connection.api_key().expose_secret();
        let mut request = Request::new(connection, Method::POST, &[&path[..], &[token]].concat(), deadline);
        request.call.path = format!("{shown}/[token]");
        request.headers = Headers::Push;
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
    pub(crate) fn stream(mut self, stream: BodyStream, length: Option<u64>) -> Self {
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

    /// Sends the request, again if that is safe and may help, and waits for the answer's head.
    pub(crate) async fn send(mut self) -> Result<Response, Error> {
        if let Some(stray) = &self.stray {
            let message =
                format!("nothing was sent: {stray:?} is no uuid: it is empty, only dots, or holds a control character");
            return Err(Error::new(Kind::NotFound, self.connection.api_key().redact(message)).during(&self.call));
        }
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
        let streamed = match &mut self.body {
            Body::None => None,
            Body::Bytes(bytes) if bytes.len() <= PIECE => {
                request = request.body(bytes.clone());
                None
            }
            Body::Bytes(bytes) => Some((pieces(bytes.clone()), Some(bytes.len() as u64))),
            Body::Stream { stream, length } => Some((std::mem::replace(stream, stream::empty().boxed()), *length)),
        };
        if let Some((stream, length)) = streamed {
            if let Some(length) = length {
                request = request.header(CONTENT_LENGTH, length);
            }
            let (body, ended) = watched(stream);
            request = request.body(body);
            sent = Some(ended);
        }
        let patient = self.patient;
        let silence = async {
            if patient {
                return std::future::pending().await;
            }
            // A server says nothing while it is sent a long body, so the deadline for its silence begins behind it.
            if let Some(sent) = sent {
                let _ = sent.await;
            }
            tokio::time::sleep(connection.deadlines().read).await;
        };
        let fails = |error| Failure { error, passes: false, asked: None };
        let answered = async {
            tokio::select! {
                answer = request.send() => answer.map_err(|error| {
                    let passes = !error.is_timeout() && !error.is_builder();
                    Failure { passes, ..fails(failure::unanswered(connection, error)) }
                }),
                () = silence => Err(fails(failure::silent(connection))),
            }
        };
        let response = self.deadline.hold("no answer", answered).await.map_err(fails)??;
        let status = response.status();
        let elapsed = started.elapsed();
        debug!(method = %self.call.method, path = self.call.path, status = status.as_u16(), ?elapsed, "answered");
        let asked = retry::asked(response.headers());
        let (headers, answered_by) = (response.headers().clone(), response.url().clone());
        let mut response = Response::new(connection, self.call.clone(), response, self.deadline);
        if status == self.expected {
            return Ok(response);
        }
        let body = response.start().await;
        let refused = |url, key: &ApiKey, shown| failure::refused(status, &headers, &body, url, key, shown);
        // A link is a credential itself, as is where it redirects to.
        let linked = || storage::hiding(&storage::hiding(connection.api_key(), &self.url), &answered_by);
        let error = match self.headers {
            Headers::Api => refused(&self.url, connection.api_key(), "your API key"),
            Headers::Login(..) => refused(&self.url, connection.api_key(), "the login and the password"),
            Headers::Push => refused(&self.url, connection.api_key(), "the token, and the uuid beside it"),
            Headers::SignedUpload(_) => storage::refused("upload", status, &body, &linked()),
            // The server of the API itself gives its reasons as it always does.
            Headers::Download if answered_by.origin() == connection.url().origin() => {
                refused(connection.url(), &linked(), "that the link is not too old")
            }
            Headers::Download => storage::refused("download", status, &body, &linked()),
        };
        Err(Failure { error, passes: retry::passes(status), asked })
    }
}

/// A path as errors and logs name it. What was given for a uuid may be the key by mistake.
fn shown(connection: &Connection, url: &Url) -> String {
    connection.api_key().redact(url.path().to_owned())
}

/// Whether a text can stand as one segment of a path. A URL drops dots, which mean other folders, and some control
/// characters, so that another path would be asked.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains(char::is_control)
}

/// A long body in pieces.
fn pieces(mut bytes: Bytes) -> BodyStream {
    let next = move || (!bytes.is_empty()).then(|| Ok(bytes.split_to(PIECE.min(bytes.len()))));
    stream::iter(std::iter::from_fn(next)).boxed()
}

/// A body, and what ends when nothing more is taken of it: because all of it was, or because the request ended.
fn watched(stream: BodyStream) -> (reqwest::Body, oneshot::Receiver<()>) {
    let (taken, ended) = oneshot::channel::<()>();
    let stream = stream::unfold((stream, taken), |(mut stream, taken)| async move {
        let piece = stream.next().await?;
        Some((piece, (stream, taken)))
    });
    (reqwest::Body::wrap_stream(stream), ended)
}
