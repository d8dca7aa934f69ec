//! The client with an engine behind a network that fails: which failures are errors, which calls
//! are retried, which are never sent twice, and where the API key never appears.

mod answers;
mod calls;
mod every_call;
mod http2;
mod key;
mod logs;
mod other_servers;
mod proxy;
mod retries;

use std::time::Duration;

use proxy::{Fault, Proxy, Request};
use serenytics::{Client, Source, query};
use serenytics_local::{Server, ServerBuilder};

/// The result of a test.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The API key, which must only appear in its header.
const KEY: &str = "canary-4f1c9b7e";

/// A storage with three rows.
#[derive(Debug, Clone, PartialEq, Source)]
#[source(name = "sales")]
struct Sale {
    country: String,
    revenue: f64,
}

fn sale(country: &str, revenue: f64) -> Sale {
    Sale { country: country.to_owned(), revenue }
}

/// An engine with three sales, behind a proxy.
struct Setup {
    server: Server,
    proxy: Proxy,
    folder: tempfile::TempDir,
}

impl Setup {
    /// Starts an engine. `fault` applies to the requests of [`Setup::client`].
    async fn start(
        fault: impl Fn(&Request) -> Fault + Send + Sync + 'static,
    ) -> Result<Setup, Box<dyn std::error::Error>> {
        Setup::start_with(|builder| builder, fault).await
    }

    /// Starts an engine with further settings.
    async fn start_with(
        configure: impl FnOnce(ServerBuilder) -> ServerBuilder,
        fault: impl Fn(&Request) -> Fault + Send + Sync + 'static,
    ) -> Result<Setup, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let server = configure(Server::builder(folder.path().join("data")).api_key(KEY)).start().await?;
        let proxy = Proxy::start(server.url(), fault).await?;
        let setup = Setup { server, proxy, folder };
        let sales = setup.direct().get_or_create_storage("sales").await?;
        sales.insert([sale("FR", 12.5), sale("DE", -3.0), sale("Réunion", 0.25)]).await?;
        Ok(setup)
    }

    /// Returns a client that goes through the proxy.
    fn client(&self) -> Client {
        client(&self.proxy.url)
    }

    /// Returns a client that connects to the engine directly.
    fn direct(&self) -> Client {
        client(self.server.url())
    }
}

fn client(url: &str) -> Client {
    let built = Client::builder().url(url).api_key(KEY).read_timeout(Duration::from_secs(60)).build();
    built.unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the countries and revenues of all sales, the largest first.
async fn revenues(client: &Client) -> Result<Vec<(String, f64)>, serenytics::Error> {
    let rows = client.fetch(&query! { from Sale select country, revenue order_by revenue desc }).await?;
    Ok(rows.into_iter().map(|row| (row.country, row.revenue)).collect())
}

fn all() -> Vec<(String, f64)> {
    vec![("FR".to_owned(), 12.5), ("Réunion".to_owned(), 0.25), ("DE".to_owned(), -3.0)]
}

/// Returns the error of a call that must fail.
fn error_of<T: std::fmt::Debug>(outcome: Result<T, serenytics::Error>) -> serenytics::Error {
    match outcome {
        Err(error) => error,
        Ok(value) => panic!("expected an error, got {value:?}"),
    }
}

/// Returns everything that an error prints: `Display` and `Debug`, also of its causes.
fn printed(error: &serenytics::Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}
