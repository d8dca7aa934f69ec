//! A test server with scripted replies that records its requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use crate::client::Client;

/// A received request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// `GET /path?query`.
    pub(super) line: String,
    /// The header lines, in lower case.
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
}

/// The reply to a request.
pub(super) enum Reply {
    /// A status, further header lines and a body.
    Answer(u16, &'static str, String),
    /// Sends only this many bytes of the announced body.
    Truncated(String, usize),
    /// Closes the connection.
    Close,
    /// Sends nothing.
    Silence,
    /// Replies after a pause.
    After(Duration, Box<Reply>),
    /// Sends 200, further header lines and bytes. Announces as many additional bytes as the number.
    Bytes(&'static str, Vec<u8>, usize),
}

/// How the body of a request is read.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    /// At once.
    AtOnce,
    /// After a pause.
    Later(Duration),
    /// Not at all: replies after the head.
    Never,
}

pub(super) struct TestServer {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A key that must not appear anywhere.
pub(super) const CANARY: &str = "canary-7f3a91";

impl TestServer {
    /// Starts a server. `reply` receives the number of the request and the request.
    pub(super) async fn start(reply: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> TestServer {
        TestServer::start_reading(|_| Manner::AtOnce, reply).await
    }

    /// Starts a server that also chooses how to read each body. `manner` receives
    /// `GET /path?query HTTP/1.1`.
    pub(super) async fn start_reading(
        manner: impl Fn(&str) -> Manner + Send + Sync + 'static,
        reply: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static,
    ) -> TestServer {
        let manner = Arc::new(manner);
        let socket = TcpSocket::new_v4().unwrap();
        // Otherwise the system may buffer a whole long body before the server reads it, so that it
        // counts as sent.
        socket.set_recv_buffer_size(256 * 1024).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(1024).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (reply, seen) = (Arc::new(reply), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (reply, seen, manner) = (Arc::clone(&reply), Arc::clone(&seen), Arc::clone(&manner));
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    while let Some((request, whole)) = read(&mut stream, &*manner).await {
                        let number = {
                            let mut seen = seen.lock().unwrap();
                            seen.push(request.clone());
                            seen.len()
                        };
                        if write(stream.get_mut(), reply(number, &request)).await.is_none() {
                            break;
                        }
                        if !whole {
                            // Keep the connection open, so that the client can read the reply.
                            tokio::time::sleep(Duration::from_secs(60)).await;
                        }
                    }
                });
            }
        });
        TestServer { url, asked }
    }

    /// Returns a client of the server.
    pub(super) fn client(&self) -> Client {
        Client::builder().url(&self.url).api_key(CANARY).build().unwrap()
    }

    /// Returns the requests so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Returns a reply of status 200.
pub(super) fn ok(body: impl Into<String>) -> Reply {
    Reply::Answer(200, "", body.into())
}

/// Reads a request. The boolean is false if its body was not read.
async fn read(
    stream: &mut BufReader<TcpStream>,
    manner: &(dyn Fn(&str) -> Manner + Send + Sync),
) -> Option<(Asked, bool)> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|length| *length > 0)?;
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") && headers != "\r\n" {
        stream.read_line(&mut headers).await.ok().filter(|length| *length > 0)?;
    }
    let headers = headers.to_lowercase();
    let short = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    match manner(&line) {
        Manner::AtOnce => {}
        Manner::Later(pause) => tokio::time::sleep(pause).await,
        Manner::Never => return Some((Asked { line: short, headers, body: Vec::new() }, false)),
    }
    let length = headers.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    if headers.contains("transfer-encoding: chunked") {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).await.ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk).await.ok()?;
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
    Some((Asked { line: short, headers, body }, true))
}

/// Writes a reply. Returns `None` if the connection must be closed.
async fn write(stream: &mut TcpStream, reply: Reply) -> Option<()> {
    let (text, whole) = match reply {
        Reply::Answer(status, headers, body) => {
            (format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()), true)
        }
        Reply::Truncated(body, sent) => {
            (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", body.len(), &body[..sent]), false)
        }
        Reply::Close => return None,
        Reply::Silence => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return None;
        }
        Reply::After(pause, reply) => {
            tokio::time::sleep(pause).await;
            return Box::pin(write(stream, *reply)).await;
        }
        Reply::Bytes(headers, body, missing) => {
            let head = format!("HTTP/1.1 200 X\r\n{headers}content-length: {}\r\n\r\n", body.len() + missing);
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()?;
            (String::new(), missing == 0)
        }
    };
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    whole.then_some(())
}
