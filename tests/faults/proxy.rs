//! A proxy between client and engine: it passes requests on, records them, and damages responses
//! like a failing network.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request from the client.
#[derive(Debug, Clone)]
pub struct Request {
    /// The number of requests before it.
    pub number: usize,
    /// `GET`, `POST` or another.
    pub method: String,
    /// The path, with the query.
    pub path: String,
    /// The header lines.
    pub headers: String,
    /// The body, without chunked encoding.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns true if it is a query.
    pub fn is_query(&self) -> bool {
        self.path.starts_with("/api/formatted_data/")
    }

    /// Returns true if it uses a signed link, which needs no key.
    pub fn is_by_link(&self) -> bool {
        self.path.contains("signature=")
    }

    /// Returns the values of a header.
    pub fn header<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        values(&self.headers, name).collect()
    }
}

/// What happens to a request and its response.
pub enum Fault {
    /// Nothing.
    None,
    /// The connection ends before the engine receives the request.
    Lost,
    /// The engine processes the request, and the connection ends before the response.
    Unanswered,
    /// The engine does not receive the request. The response has this status, further header lines
    /// and body.
    Instead(&'static str, String, Vec<u8>),
    /// The connection ends after this many bytes of the response.
    Cut(usize),
    /// The connection ends after this percentage of the response.
    Share(usize),
    /// Nothing is sent after this many bytes of the response, but the connection stays open.
    Stall(usize),
    /// The response is sent in chunks of this size, with a pause before each.
    Slow(usize, Duration),
    /// The body of the response is changed by a function.
    Body(fn(&str) -> Vec<u8>),
    /// In the body of the response, this server's URL is replaced by another one.
    OtherServer(String),
}

/// The proxy.
pub struct Proxy {
    /// Its URL.
    pub url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Proxy {
    /// Starts a proxy of the engine at `url`. `fault` decides what happens to each request.
    pub async fn start(url: &str, fault: impl Fn(&Request) -> Fault + Send + Sync + 'static) -> std::io::Result<Proxy> {
        let engine = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (kept, fault) = (Arc::clone(&seen), Arc::new(fault));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (kept, fault, engine) = (Arc::clone(&kept), Arc::clone(&fault), engine.clone());
                tokio::spawn(async move {
                    let mut client = BufReader::new(client);
                    let Ok(mut request) = read(&mut client).await else { return };
                    {
                        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                        request.number = kept.len();
                        kept.push(request.clone());
                    }
                    // An error means that the client ended the connection.
                    let _ = answer(client.get_mut(), &engine, &request, fault(&request)).await;
                });
            }
        });
        Ok(Proxy { url, seen })
    }

    /// Returns the requests so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the number of requests with this method and end of the path.
    pub fn count(&self, method: &str, end: &str) -> usize {
        self.seen().iter().filter(|request| request.method == method && request.path.ends_with(end)).count()
    }
}

/// Reads a whole request.
async fn read(client: &mut BufReader<TcpStream>) -> std::io::Result<Request> {
    let mut line = String::new();
    client.read_line(&mut line).await?;
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") {
        if client.read_line(&mut headers).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let body = match header(&headers, "content-length") {
        Some(length) => {
            let mut body = vec![0; length.parse().map_err(std::io::Error::other)?];
            client.read_exact(&mut body).await?;
            body
        }
        None if header(&headers, "transfer-encoding").is_some() => chunks(client).await?,
        None => Vec::new(),
    };
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Ok(Request { number: 0, method, path, headers, body })
}

/// Returns the value of a header.
fn header<'a>(headers: &'a str, name: &'a str) -> Option<&'a str> {
    values(headers, name).next()
}

/// Returns the values of a header, which may be repeated.
fn values<'a>(headers: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.lines().filter_map(|line| line.split_once(':'));
    lines.filter(move |(line, _)| line.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// Reads a chunked body.
async fn chunks(input: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        input.read_line(&mut size).await?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(std::io::Error::other)?;
        let mut chunk = vec![0; size + 2];
        input.read_exact(&mut chunk).await?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

async fn answer(client: &mut TcpStream, engine: &str, request: &Request, fault: Fault) -> std::io::Result<()> {
    match fault {
        Fault::Lost => Ok(()),
        Fault::Instead(status, headers, body) => client.write_all(&written(status, &headers, &body)).await,
        Fault::None => client.write_all(&passed_on(engine, request).await?).await,
        Fault::Unanswered => passed_on(engine, request).await.map(|_| ()),
        Fault::Cut(length) => {
            let answer = passed_on(engine, request).await?;
            client.write_all(&answer[..length.min(answer.len())]).await
        }
        Fault::Share(hundredths) => {
            let answer = passed_on(engine, request).await?;
            client.write_all(&answer[..answer.len() * hundredths / 100]).await
        }
        Fault::Stall(length) => {
            let answer = passed_on(engine, request).await?;
            client.write_all(&answer[..length.min(answer.len())]).await?;
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
        Fault::Slow(size, pause) => {
            for chunk in passed_on(engine, request).await?.chunks(size) {
                tokio::time::sleep(pause).await;
                client.write_all(chunk).await?;
            }
            Ok(())
        }
        Fault::Body(change) => {
            let answer = passed_on(engine, request).await?;
            let (head, body) = parts(&answer).await?;
            let status = head.lines().next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).unwrap_or_default();
            client.write_all(&written(status, "", &change(&String::from_utf8_lossy(&body)))).await
        }
        Fault::OtherServer(url) => {
            let own = format!("http://{}", header(&request.headers, "host").unwrap_or_default());
            let (_, body) = parts(&passed_on(engine, request).await?).await?;
            let body = String::from_utf8_lossy(&body).replace(&own, &url);
            client.write_all(&written("200 OK", "", body.as_bytes())).await
        }
    }
}

fn written(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Returns the engine's whole response to a request, including its head.
pub async fn passed_on(engine: &str, request: &Request) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(engine).await?;
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    let own = ["connection", "content-length", "transfer-encoding"];
    let lines = request.headers.lines().filter(|line| {
        line.split_once(':').is_some_and(|(name, _)| !own.iter().any(|own| own.eq_ignore_ascii_case(name)))
    });
    for line in lines {
        head.push_str(line);
        head.push_str("\r\n");
    }
    head.push_str(&format!("connection: close\r\ncontent-length: {}\r\n\r\n", request.body.len()));
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&request.body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Splits a response into head and body.
async fn parts(answer: &[u8]) -> std::io::Result<(String, Vec<u8>)> {
    let mut rest = BufReader::new(answer);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if rest.read_line(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let body = if header(&head, "transfer-encoding").is_some() {
        chunks(&mut rest).await?
    } else {
        let mut body = Vec::new();
        rest.read_to_end(&mut body).await?;
        body
    };
    Ok((head, body))
}
