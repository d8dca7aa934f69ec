//! HTTP/2, as used by hosted servers: streams that are reset, and connections that are shut down.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::server::{Connection, SendResponse};
use serenytics::{Client, DataSource};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::proxy::Fault;
use crate::{KEY, Outcome, Setup, all, error_of, revenues, sale};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What happens to the queries of a server. All other requests are passed on.
#[derive(Clone, Copy)]
enum Cut {
    /// Nothing.
    None,
    /// Their stream is reset after this many bytes of the response.
    Stream(usize),
    /// The connection ends after this many bytes of the response.
    Connection(usize),
}

/// An HTTP/2 server in front of the engine.
struct Front {
    url: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Front {
    /// Passes requests on to `engine`. A connection is shut down gracefully after `most` requests.
    async fn start(engine: &str, cut: Cut, most: usize) -> std::io::Result<Front> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (connections, requests) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (opened, came, engine) = (Arc::clone(&connections), Arc::clone(&requests), engine.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::Relaxed);
                // An error means that the client ended the connection.
                tokio::spawn(serve(client, engine.clone(), cut, most, Arc::clone(&came)));
            }
        });
        Ok(Front { url, connections, requests })
    }

    /// Returns a client that uses HTTP/2 from its first byte.
    fn client(&self) -> Client {
        let builder = Client::builder().url(&self.url).api_key(KEY).http(reqwest::ClientBuilder::http2_prior_knowledge);
        builder.build().unwrap_or_else(|error| panic!("{error}"))
    }
}

async fn serve(client: TcpStream, engine: String, cut: Cut, most: usize, came: Arc<AtomicUsize>) -> Result<(), Failed> {
    let mut connection: Connection<TcpStream, Bytes> = h2::server::handshake(client).await?;
    let mut running = JoinSet::new();
    let mut accepted = 0;
    loop {
        tokio::select! {
            request = connection.accept() => {
                let Some(request) = request else { return Ok(()) };
                let (request, answer) = request?;
                came.fetch_add(1, Ordering::Relaxed);
                running.spawn(pass_on(request, answer, engine.clone(), cut));
                accepted += 1;
                if accepted == most {
                    connection.graceful_shutdown();
                }
            }
            // Only a request that must end the connection fails.
            Some(Ok(Err(_))) = running.join_next() => return Ok(()),
        }
    }
}

/// Answers a request like the engine, up to the cut.
async fn pass_on(
    request: http::Request<h2::RecvStream>,
    mut answer: SendResponse<Bytes>,
    engine: String,
    cut: Cut,
) -> Result<(), Failed> {
    let (head, mut input) = request.into_parts();
    let mut body = Vec::new();
    while let Some(chunk) = input.data().await {
        let chunk = chunk?;
        input.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let url = format!("{engine}{path}");
    let asked = reqwest::Client::new().request(head.method, url).headers(head.headers).body(body).send().await?;
    let mut response = http::Response::new(());
    *response.status_mut() = asked.status();
    let bytes = asked.bytes().await?;
    let is_cut = path.starts_with("/api/formatted_data/");
    let (length, end) = match cut {
        Cut::Stream(length) | Cut::Connection(length) if is_cut => (length.min(bytes.len()), false),
        _ => (bytes.len(), true),
    };
    let mut output = answer.send_response(response, false)?;
    output.send_data(bytes.slice(..length), end)?;
    match cut {
        _ if end => Ok(()),
        Cut::Connection(_) => {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err("the connection ends here".into())
        }
        _ => {
            // A reset would drop data that was not sent yet.
            tokio::time::sleep(Duration::from_millis(20)).await;
            output.send_reset(Reason::INTERNAL_ERROR);
            Ok(())
        }
    }
}

#[tokio::test]
async fn http2_calls_share_a_connection() -> Outcome {
    let setup = Setup::start(|_| Fault::None).await?;
    let front = Front::start(setup.server.url(), Cut::None, usize::MAX).await?;
    let client = front.client();
    assert_eq!(revenues(&client).await?, all());
    let sales = client.source("sales").await?;
    let mut queries = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        queries.spawn(async move { revenues(&client).await });
    }
    while let Some(rows) = queries.join_next().await {
        assert_eq!(rows??, all());
    }
    sales.reload((0..20_000).map(|n| sale("FR", f64::from(n)))).send().await?;
    assert_eq!(sales.row_count().await?, 20_000);
    assert_eq!(front.connections.load(Ordering::Relaxed), 1);
    Ok(())
}

#[tokio::test]
async fn http2_stream_or_connection_that_breaks_anywhere_is_an_error() -> Outcome {
    let setup = Setup::start(|_| Fault::None).await?;
    let cuts: [fn(usize) -> Cut; 2] = [Cut::Stream, Cut::Connection];
    let whole = whole_answer(&setup.direct(), setup.server.url()).await?;
    let mut broken = JoinSet::new();
    for (cut, length) in cuts.iter().flat_map(|cut| (0..=whole).step_by(5).map(move |length| (cut(length), length))) {
        let engine = setup.server.url().to_owned();
        broken.spawn(async move {
            let front = Front::start(&engine, cut, usize::MAX).await?;
            let error = error_of(revenues(&front.client()).await);
            assert!(error.is_connection(), "{length} of {whole}: {error:?}");
            Ok::<_, std::io::Error>(())
        });
    }
    let mut tried = 0;
    while let Some(outcome) = broken.join_next().await {
        outcome??;
        tried += 1;
    }
    assert!(tried > 40, "{tried}");
    Ok(())
}

/// Returns the length of the response to the query.
async fn whole_answer(client: &Client, engine: &str) -> Result<usize, Box<dyn std::error::Error>> {
    let sales: DataSource = client.source("sales").await?;
    let url = format!("{engine}/api/formatted_data/{}", sales.uuid());
    let query = r#"{"order": "row_by_row", "data_processing_pipeline": [{"select": ["country", "revenue"]}]}"#;
    let asked = reqwest::Client::new().post(url).header("x-api-key", KEY).body(query).send().await?;
    Ok(asked.bytes().await?.len())
}

#[tokio::test]
async fn http2_shutdown_loses_and_repeats_no_requests() -> Outcome {
    let setup = Setup::start(|_| Fault::None).await?;
    let front = Front::start(setup.server.url(), Cut::None, 2).await?;
    let sales = front.client().source("sales").await?;
    for number in 0..20 {
        sales.insert([sale("IT", f64::from(number))]).await?;
    }
    assert_eq!(sales.row_count().await?, 23);
    assert_eq!(front.requests.load(Ordering::Relaxed), 22);
    assert!(front.connections.load(Ordering::Relaxed) >= 11);
    Ok(())
}
