//! The client against the embedded engine with a network between them that fails: what is an error, what is tried again,
//! what is never sent twice, and where the API key never is.

mod answers;
mod calls;
mod elsewhere;
mod every_call;
mod http2;
mod key;
mod logs;
mod proxy;
mod retries;

use std::time::Duration;

use proxy::{Fault, Proxy, Request};
use serenytics::{Client, Source, query};
use serenytics_local::{Server, ServerBuilder};

/// What tests stop with.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The API key, which must be seen nowhere but in its header.
const KEY: &str = "canary-4f1c9b7e";

/// A storage of three rows.
#[derive(Debug, Clone, PartialEq, Source)]
#[source(name = "sales")]
struct Sale {
    country: String,
    revenue: f64,
}

fn sale(country: &str, revenue: f64) -> Sale {
    Sale { country: country.to_owned(), revenue }
}

/// An engine that holds three sales, and a proxy before it.
struct Setup {
    server: Server,
    proxy: Proxy,
    folder: tempfile::TempDir,
}

impl Setup {
    /// An engine, and what happens to the requests of [`Setup::client`].
    async fn start(
        fault: impl Fn(&Request) -> Fault + Send + Sync + 'static,
    ) -> Result<Setup, Box<dyn std::error::Error>> {
        Setup::start_with(|builder| builder, fault).await
    }

    /// The same, of an engine that is set up further.
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

    /// A client that goes through the proxy.
    fn client(&self) -> Client {
        client(&self.proxy.url)
    }

    /// A client that goes straight to the engine.
    fn direct(&self) -> Client {
        client(self.server.url())
    }
}

fn client(url: &str) -> Client {
    let built = Client::builder().url(url).api_key(KEY).read_timeout(Duration::from_secs(60)).build();
    built.unwrap_or_else(|error| panic!("{error}"))
}

/// The countries and revenues of all sales, the largest first.
async fn revenues(client: &Client) -> Result<Vec<(String, f64)>, serenytics::Error> {
    let rows = client.fetch(&query! { from Sale select country, revenue order_by revenue desc }).await?;
    Ok(rows.into_iter().map(|row| (row.country, row.revenue)).collect())
}

fn all() -> Vec<(String, f64)> {
    vec![("FR".to_owned(), 12.5), ("Réunion".to_owned(), 0.25), ("DE".to_owned(), -3.0)]
}

/// The error of what was expected to fail.
fn refused<T: std::fmt::Debug>(outcome: Result<T, serenytics::Error>) -> serenytics::Error {
    match outcome {
        Err(error) => error,
        Ok(value) => panic!("{value:?} was expected to be an error"),
    }
}

/// Everything that an error prints: its text, its `Debug`, and the same of its causes.
fn printed(error: &serenytics::Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}
