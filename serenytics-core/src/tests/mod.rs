//! Tests of the client against a server with scripted replies.

mod blocking;
mod calls;
mod deadlines;
mod exports;
mod formulas;
mod lists;
mod loads;
mod logs;
mod measures;
mod messages;
mod proxies;
mod queries;
mod retries;
mod runtimes;
mod schemas;
mod server;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;

use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::query::Query;
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::source::named;
use serenytics_query::vocabulary::ColumnType;

use crate::Error;
use server::{Reply, TestServer, ok};

const SOURCE: &str = r#"{"uuid":"u1","name":"sales","type":"Storage","token":"t","jsonContent":{"kept":1}}"#;

fn list(objects: &[&str]) -> Reply {
    ok(format!(r#"{{"num_results":{},"objects":[{}]}}"#, objects.len(), objects.join(",")))
}

const ANSWER: &str = r#"{"columns_titles":[{"name":"country","type":"str"}],"data":[["FR"],["DE"]],"status":"ok"}"#;

fn read_country(cells: &mut CellReader<'_>) -> Result<String, CellError> {
    cells.next()
}

const COUNTRY: &[OutputColumn] =
    &[OutputColumn::fixed("country", "country", OutputType::Column(ColumnType::Str), false, true)];

const COUNTRIES: Query<String> = Query::fixed(
    named("sales"),
    r#"{"order":"row_by_row","data_processing_pipeline":[{"select":["country"]}]}"#,
    std::borrow::Cow::Borrowed(COUNTRY),
    read_country,
    std::borrow::Cow::Borrowed(&[]),
);

/// Starts a server with one source, which answers every query by `reply`.
async fn sales(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> TestServer {
    TestServer::start(
        move |number, asked| {
            if asked.line.contains("formatted_data") { reply(number) } else { list(&[SOURCE]) }
        },
    )
    .await
}

fn printed(error: &Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}
