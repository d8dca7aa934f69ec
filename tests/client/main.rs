//! The client with the embedded engine: sources, queries, loads and everything else.

mod accounts;
#[cfg(feature = "arrow")]
mod arrow;
mod batches;
#[cfg(feature = "blocking")]
mod blocking;
mod data_api;
mod dynamic_queries;
mod exports;
mod loads;
mod measures;
mod messages;
mod pushes;
mod queries;
mod read_back;
mod scripts;
mod sources;
mod streams;
mod web_apps;

use std::borrow::Cow;

use serenytics::Source;
use serenytics_core::{Client, DataSource};
use serenytics_local::{Local, Server, ServerBuilder};
use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::query::Query;
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::source::named;
use serenytics_query::vocabulary::ColumnType;

/// The result of a test.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// An embedded engine over its own folder.
struct Engine {
    local: Local,
    client: Client,
    folder: tempfile::TempDir,
}

impl Engine {
    async fn open() -> Result<Engine, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let local = Local::open(folder.path().join("data")).await?;
        let client = local.client();
        Ok(Engine { local, client, folder })
    }

    /// Creates the storage `sales` with three rows.
    async fn sales(&self) -> Result<DataSource, Box<dyn std::error::Error>> {
        let sales = self.client.get_or_create_storage("sales").await?;
        sales.insert(three_sales()).await?;
        Ok(sales)
    }

    /// Writes a file in this engine's folder.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> std::io::Result<std::path::PathBuf> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }
}

/// A server with further settings, over its own folder.
struct TestServer {
    server: Server,
    client: Client,
    folder: tempfile::TempDir,
}

impl TestServer {
    async fn open(
        configure: impl FnOnce(ServerBuilder) -> ServerBuilder,
    ) -> Result<TestServer, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let server = configure(Server::builder(folder.path().join("data")).api_key(KEY)).start().await?;
        let client = Client::builder().url(server.url()).api_key(KEY).build()?;
        Ok(TestServer { server, client, folder })
    }

    /// Creates the storage `sales` with three rows.
    async fn sales(&self) -> Result<DataSource, Box<dyn std::error::Error>> {
        let sales = self.client.get_or_create_storage("sales").await?;
        sales.insert(three_sales()).await?;
        Ok(sales)
    }
}

/// The API key of a [`TestServer`]. It must not appear anywhere.
const KEY: &str = "canary-7f3a91";

/// A row of the storage `sales`.
#[derive(Debug, Clone, PartialEq, Source)]
#[source(name = "sales")]
struct Sale {
    country: String,
    revenue: f64,
    invoice: Option<i64>,
}

fn sale(country: &str, revenue: f64, invoice: Option<i64>) -> Sale {
    Sale { country: country.to_owned(), revenue, invoice }
}

fn three_sales() -> Vec<Sale> {
    vec![sale("FR", 12.5, Some(1)), sale("DE", 3.0, None), sale("é\"\\\n", -1e-7, Some(i64::MIN))]
}

fn read_sale(cells: &mut CellReader<'_>) -> Result<Sale, CellError> {
    Ok(Sale { country: cells.next()?, revenue: cells.next()?, invoice: cells.next()? })
}

const SALE: &[OutputColumn] = &[
    OutputColumn::fixed("country", "country", OutputType::Column(ColumnType::Str), false, true),
    OutputColumn::fixed("revenue", "revenue", OutputType::Column(ColumnType::Float), false, true),
    OutputColumn::fixed("invoice", "invoice", OutputType::Column(ColumnType::Int), true, true),
];

const SALES_JSON: &str =
    r#"{"order":"row_by_row","data_processing_pipeline":[{"select":["country","revenue","invoice"]}]}"#;

/// A query for all rows of `sales`.
const SALES: Query<Sale> = Query::fixed(named("sales"), SALES_JSON, Cow::Borrowed(SALE), read_sale, Cow::Borrowed(&[]));

/// Sorts rows, whatever the order in which they are stored.
fn ordered(mut sales: Vec<Sale>) -> Vec<Sale> {
    sales.sort_by(|one, other| one.country.cmp(&other.country).then(one.revenue.total_cmp(&other.revenue)));
    sales
}

/// Converts a JSON object to a row.
fn map(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    match value {
        serde_json::Value::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}

/// Returns the error of a call that must fail.
fn error_of<T: std::fmt::Debug>(outcome: Result<T, serenytics_core::Error>) -> serenytics_core::Error {
    match outcome {
        Err(error) => error,
        Ok(value) => panic!("expected an error, got {value:?}"),
    }
}
