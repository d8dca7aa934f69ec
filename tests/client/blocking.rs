//! The blocking client: the same calls without async code.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde_json::json;
use serenytics::prelude::*;
use serenytics::wire::Pipeline;
use serenytics::{TabOptions, blocking};
use serenytics_local::{Server, ServerBuilder};

use crate::messages::outbox;
use crate::{KEY, Outcome, SALES, SALES_JSON, Sale, error_of, map, ordered, sale, three_sales};

/// A server in its own runtime.
struct TestServer {
    runtime: tokio::runtime::Runtime,
    server: Server,
    client: blocking::Client,
    folder: tempfile::TempDir,
}

fn serve(configure: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Result<TestServer, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let server = configure(Server::builder(folder.path().join("data")).api_key(KEY));
    let server = runtime.block_on(server.start())?;
    let client = Client::builder().url(server.url()).api_key(KEY).build_blocking()?;
    Ok(TestServer { runtime, server, client, folder })
}

#[test]
fn blocking_client_queries_loads_and_exports() -> Outcome {
    let served = serve(|builder| builder)?;
    let client = &served.client;
    assert!(client.find_source("sales")?.is_none() && client.sources()?.is_empty());
    let mut sales = client.get_or_create_storage("sales")?;
    sales.insert(three_sales())?;
    sales.batch().insert([sale("IT", 4.0, Some(4))]).delete("country", ["FR"]).send()?;
    sales.push(json!({"country": "ES", "revenue": 5}))?;
    assert_eq!(sales.row_count()?, 4);
    assert_eq!(client.fetch(&SALES)?.len(), 4);
    assert_eq!(client.fetch_one(&query! { from Sale select count() })?.count, 4);
    assert_eq!(client.fetch_optional(&query! { from Sale where country == "ES" })?.map(|row| row.revenue), Some(5.0));
    assert_eq!(client.fetch_raw(&sales, &serde_json::from_str(SALES_JSON)?)?.rows.len(), 4);
    assert!(sales.value_formula("sum([revenue])")?.is_some());

    sales.reload((0..20_000).map(|number| sale("FR", f64::from(number), Some(i64::from(number))))).send()?;
    let rows = client.stream(&SALES)?.collect::<Result<Vec<Sale>, _>>()?;
    assert_eq!(rows.len(), 20_000);
    let copy = client.create_storage("copy")?;
    copy.reload_from_stream(client.stream(&SALES)?).send()?;
    assert_eq!(client.fetch_from(&copy, &SALES)?.len(), 20_000);
    // Rows that are received while they are sent.
    let doubled = |row: Result<Sale, serenytics::Error>| row.map(|row| Sale { revenue: 2.0 * row.revenue, ..row });
    copy.reload_from_stream(client.stream(&SALES)?.map(doubled)).send()?;
    let sum = |source| -> Result<f64, serenytics::Error> {
        Ok(client.fetch_from(source, &SALES)?.iter().map(|row| row.revenue).sum())
    };
    assert_eq!(sum(&copy)?, 2.0 * sum(&sales)?);
    copy.update("invoice", [sale("DE", 1.0, Some(1))]).timeout(Duration::from_secs(60)).send()?;
    assert_eq!(copy.row_count()?, 20_000);

    let path = served.folder.path().join("sales.csv.gz");
    sales.export().to_file(&path)?;
    copy.reload_from_csv(&path).schema::<Sale>().send()?;
    assert_eq!(ordered(client.fetch_from(&copy, &SALES)?), ordered(rows));
    assert_eq!(copy.export().rows::<Sale, Vec<serde_json::Value>>()?.count(), 20_000);

    sales.set_property("a", 1);
    sales.save()?;
    assert_eq!(client.source("sales")?.property("a"), Some(&json!(1)));
    assert!(error_of(client.source("sale")).is_not_found());
    copy.delete()?;
    served.runtime.block_on(served.server.shutdown());
    Ok(())
}

#[test]
fn blocking_scripts_are_created_and_run() -> Outcome {
    let served = serve(|builder| builder.allow_scripts())?;
    let client = &served.client;
    assert!(client.scripts()?.is_empty() && client.find_script("nightly")?.is_none());
    let code = "import json\nparams = json.load(open('params.json'))\nprint(params['country'], 60 // params['days'])\n";
    let script = client.create_script("nightly", code)?;
    for found in [client.script("nightly")?, client.script_by_uuid(script.uuid())?] {
        assert_eq!((found.name(), found.config()), ("nightly", script.config()));
    }
    assert!(error_of(client.script("nightl")).to_string().contains("did you mean `nightly`"));

    let log = script.run().params(&json!({"country": "FR"})).param("days", 3).log_result(true).wait()?;
    assert!(log.is_success() && log.stdout == "FR 20\n", "{log:?}");
    assert_eq!(script.last_logs()?, [log]);
    let wrong = || script.run().params(&json!({"country": "FR", "days": 0}));
    let error = error_of(wrong().wait());
    assert!(error.is_script_failure() && error.to_string().contains("ZeroDivisionError"), "{error}");
    assert!(wrong().raise_on_error(false).timeout(Duration::from_secs(60)).wait()?.is_failure());

    let slow = client.create_script("slow", "import time\ntime.sleep(1)\n")?;
    slow.run().start()?;
    assert!(slow.is_running()? && error_of(slow.wait(Duration::from_millis(100))).is_timeout());
    slow.wait(Duration::from_secs(60))?;
    assert!(!slow.is_running()? && slow.last_logs()?[0].is_success());

    assert_eq!(client.retrieve_script_data::<Vec<u8>>(slow.uuid())?, None);
    client.store_script_data(slow.uuid(), &[1, 2])?;
    assert_eq!(client.retrieve_script_data(slow.uuid())?, Some(vec![1, 2]));
    slow.clone().delete()?;
    assert!(error_of(slow.is_running()).is_not_found() && client.scripts()?.len() == 1);
    Ok(())
}

#[test]
fn blocking_web_apps_are_created_saved_and_shared() -> Outcome {
    let served = serve(|builder| builder)?;
    let client = &served.client;
    let sales = client.create_storage("sales")?;
    sales.insert(three_sales())?;
    let widget = json!({"type": "chart", "options": {"data": {"sourceUuid": sales.uuid()}}});
    let mut made = client.create_web_app("Sales", map(json!({"tabs": [{"widgets": [widget]}]})))?;
    made.set_name("Sales of the year");
    made.set_folder_name("Reports");
    made.set_custom_css("b { color: grey }");
    made.set_custom_html_header("<h1>Sales</h1>");
    made.config_mut().insert("newer".to_owned(), json!(1));
    made.save()?;
    let found = client.web_app_by_uuid(made.uuid())?;
    assert_eq!((found.name(), found.folder_name()), ("Sales of the year", Some("Reports")));
    assert_eq!((client.web_apps()?.len(), found.config()), (1, made.config()));
    assert_eq!(found.config()["jsonContent"]["htmlHeader"], "<h1>Sales</h1>");

    assert_eq!(found.data_sources()?[0].uuid, sales.uuid());
    found.share_with("ada")?;
    let payload = BTreeMap::from([("country", "FR")]);
    let tab = TabOptions::new("t034a7b13042b529c").filter(2, "2642b931c33373c1", ["France"]);
    found.warm_up_cache().payload(&payload).tab(tab).send()?;
    assert!(found.embed_url(&payload, Duration::from_secs(60))?.contains("/embed/"));
    // The engine does not support PDFs.
    for error in [error_of(found.pdf()), error_of(found.warm_up_cache().pdf())] {
        assert_eq!(error.status(), Some(501), "{error}");
    }
    found.delete()?;
    assert!(error_of(made.save()).is_not_found());
    Ok(())
}

#[test]
fn blocking_messages_are_sent() -> Outcome {
    let served = serve(|builder| builder.mail_quota(2))?;
    let client = &served.client;
    let file = served.folder.path().join("sales.csv");
    std::fs::write(&file, "country\nFR\n")?;
    let mail = || client.email("Sales", ["ada@example.com"], "<p>Hello</p>");
    mail().from_address("bob@example.com").attach(file).send()?;
    let [sent] = outbox(&served.folder.path().join("data"))?.try_into().map_err(|_| "not one mail")?;
    assert!(sent.contains("From: bob@example.com\r\n") && sent.contains("filename=\"sales.csv\""), "{sent}");
    let web_app = client.create_web_app("Sales", map(json!({})))?;
    let as_pdf = mail().attach_web_app(web_app.uuid()).pdf_file_name("sales.pdf").dashboard_payload(&json!({}));
    assert!(error_of(as_pdf.send()).to_string().contains("as PDF"));
    // A mail whose PDF failed counts too.
    assert!(error_of(mail().send()).is_quota());

    client.send_slack_message("#sales", "Loaded.", Some(&json!([{"color": "#f00"}])))?;
    assert!(std::fs::read_to_string(served.folder.path().join("data/outbox/slack.jsonl"))?.contains("#f00"));
    Ok(())
}

/// A blocking writer that calls a server itself, and can fail.
struct CallingWriter<'c> {
    client: &'c blocking::Client,
    written: Vec<u8>,
    fails: bool,
}

impl Write for CallingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.client.sources().map_err(io::Error::other)?;
        if self.fails {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn blocking_data_api_is_read() -> Outcome {
    let served = serve(|builder| builder.data_api_key("reader-7f3a91").data_api_source("sales"))?;
    let sales = served.client.create_storage("sales")?;
    sales.insert(three_sales())?;
    let reader = Client::builder().url(served.server.url()).api_key("reader-7f3a91").build_blocking()?;
    let data_api = reader.data_api();
    assert_eq!(data_api.sources()?[0].uuid, sales.uuid());
    assert_eq!(data_api.columns(sales.uuid())?.len(), 3);
    let query: Pipeline = serde_json::from_value(json!({"data_processing_pipeline": [{
        "select": ["country", "revenue"], "where": [{"name": "revenue", "op": ">", "value": "1"}], "order_by": ["revenue"],
    }]}))?;
    assert_eq!(json!(data_api.query(sales.uuid(), &query)?.rows), json!([["DE", 3.0], ["FR", 12.5]]));
    let mut output = CallingWriter { client: &served.client, written: Vec::new(), fails: false };
    assert_eq!(data_api.query_csv(sales.uuid(), &query, &mut output)?, 31);
    assert_eq!(String::from_utf8(output.written)?, "country,revenue\nDE,3.0\nFR,12.5\n");

    let mut full = CallingWriter { client: &served.client, written: Vec::new(), fails: true };
    let error = error_of(data_api.query_csv(sales.uuid(), &query, &mut full));
    assert!(error.to_string().contains("the rows could not be written"), "{error}");
    assert!(error_of(data_api.query_csv("none", &query, &mut io::sink())).is_not_found());
    assert!(error_of(served.client.data_api().sources()).is_unauthorized());
    Ok(())
}

#[test]
fn blocking_log_in_and_push_work() -> Outcome {
    let served = serve(|builder| builder.user("ada", "canary: é of ada"))?;
    let builder = Client::builder().url(served.server.url());
    let key = builder.clone().log_in_blocking("ada", "canary: é of ada")?;
    let client = builder.clone().api_key(&key).build_blocking()?;
    let sales = client.create_storage("sales")?;
    assert!(error_of(builder.clone().log_in_blocking("ada", "canary")).is_unauthorized());

    let token = sales.config()["token"].as_str().ok_or("no token")?;
    let pusher = builder.pusher_blocking(sales.uuid(), token)?;
    pusher.push(sale("FR", 1.0, None))?;
    sales.pusher()?.push(sale("DE", 2.0, None))?;
    assert_eq!((pusher.uuid(), sales.row_count()?), (sales.uuid(), 2));
    Ok(())
}

#[cfg(feature = "arrow")]
#[test]
fn blocking_arrow_batches_are_loaded_and_fetched() -> Outcome {
    let served = serve(|builder| builder)?;
    let sales = served.client.get_or_create_storage("sales")?;
    sales.insert(three_sales())?;
    let batches = served.client.stream_arrow(&SALES)?.collect::<Result<Vec<_>, _>>()?;
    sales.reload_from_arrow(batches).send()?;
    assert_eq!(served.client.fetch_arrow(&SALES)?[0].num_rows(), 3);
    assert_eq!(sales.export().arrow()?.count(), 1);
    Ok(())
}

#[test]
fn blocking_call_from_async_code_is_an_error() -> Outcome {
    let served = serve(|builder| builder)?;
    let client = served.client.clone();
    let builder = Client::builder().url(served.server.url());
    let errors = served.runtime.block_on(async move {
        let mut output = io::sink();
        [
            error_of(client.sources()),
            error_of(client.script("nightly")),
            error_of(client.email("Sales", ["ada@example.com"], "").send()),
            error_of(client.data_api().query_csv("sales", &Pipeline::default(), &mut output)),
            error_of(builder.log_in_blocking("ada", "canary")),
        ]
    });
    for error in errors {
        assert!(error.to_string().contains("use the async client"), "{error}");
    }
    // Dropping a client in async code does not panic.
    let client = Client::builder().url(served.server.url()).api_key("k").build_blocking()?;
    served.runtime.block_on(async move { drop(client) });
    Ok(())
}
