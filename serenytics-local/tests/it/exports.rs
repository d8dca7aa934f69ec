//! Exports and their links: content, access, and round trips.

use std::io::Read;

use bytes::Bytes;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use serenytics_local::Server;

use crate::support::{LocalEngine, empty};

/// Creates a storage with NULLs, extreme values, and strings that need quotes in CSV.
async fn odd(engine: &LocalEngine) -> String {
    let uuid = engine.storage().await;
    let rows = json!([
        {"n": 1, "o": 1.5, "p": "2013-01-01T05:00:00", "q,1": "plain"},
        {"n": -2, "o": 3.0, "p": "2013-01-01T05:00:00.25", "q,1": "a,b"},
        {"n": null, "o": 1e300, "p": null, "q,1": "say \"hi\""},
        {"n": 4, "o": null, "p": "0001-01-01T00:00:00", "q,1": "two\nlines\r\n"},
        {"n": 5, "o": -0.5, "p": "1969-12-31T23:59:59", "q,1": null},
        {"n": 6, "o": 2.0, "p": "2013-01-01T00:00:00", "q,1": " é|; "},
    ]);
    engine.insert(&uuid, rows).await;
    uuid
}

/// Returns the response of an export call with these options.
async fn ask(engine: &LocalEngine, uuid: &str, options: Value) -> (u16, Value) {
    engine.call("POST", &format!("/api/data_source/{uuid}/export_source_data"), options.to_string()).await
}

/// Returns the link of an export.
async fn link(engine: &LocalEngine, uuid: &str, options: Value) -> String {
    let (status, answer) = ask(engine, uuid, options).await;
    assert_eq!((status, &answer["status"]), (200, &json!("ok")), "{answer}");
    answer["csv_url"].as_str().unwrap().to_owned()
}

/// Requests a link without an API key.
async fn follow(link: &str) -> (u16, Bytes) {
    let answer = reqwest::get(link).await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap())
}

/// Returns the file of an export.
async fn exported(engine: &LocalEngine, uuid: &str, options: Value) -> Bytes {
    let (status, bytes) = follow(&link(engine, uuid, options).await).await;
    assert_eq!(status, 200, "{bytes:?}");
    bytes
}

async fn exported_text(engine: &LocalEngine, uuid: &str, options: Value) -> String {
    String::from_utf8(exported(engine, uuid, options).await.to_vec()).unwrap()
}

#[tokio::test]
async fn export_csv_quotes_only_where_needed() {
    let engine = LocalEngine::start().await;
    let uuid = odd(&engine).await;
    let expected = "n,o,p,\"q,1\"\n\
        1,1.5,2013-01-01T05:00:00,plain\n\
        -2,3.0,2013-01-01T05:00:00.25,\"a,b\"\n\
        ,1e+300,,\"say \"\"hi\"\"\"\n\
        4,,0001-01-01T00:00:00,\"two\nlines\r\n\"\n\
        5,-0.5,1969-12-31T23:59:59,\n\
        6,2.0,2013-01-01T00:00:00, é|; \n";
    for options in [json!({}), json!({"send_email": false, "export_format": "auto"}), json!({"export_format": "csv"})] {
        assert_eq!(exported_text(&engine, &uuid, options).await, expected);
    }
    let piped = exported_text(&engine, &uuid, json!({"csv_separator": "|"})).await;
    assert!(piped.starts_with("n|o|p|q,1\n1|1.5|2013-01-01T05:00:00|plain\n-2|3.0|2013-01-01T05:00:00.25|a,b\n"));
    assert!(piped.ends_with("6|2.0|2013-01-01T00:00:00|\" é|; \"\n"), "{piped}");
    let quoted = exported_text(&engine, &uuid, json!({"add_quotes": true, "csv_separator": ";"})).await;
    assert!(quoted.starts_with("\"n\";\"o\";\"p\";\"q,1\"\n\"1\";\"1.5\";\"2013-01-01T05:00:00\";\"plain\"\n"));
    assert!(quoted.contains("\n\"5\";\"-0.5\";\"1969-12-31T23:59:59\";\n"), "a NULL has no quotes: {quoted}");
    // A separator that numbers and datetimes contain.
    let dashed = exported_text(&engine, &uuid, json!({"csv_separator": "-"})).await;
    assert!(dashed.contains("\n\"-2\"-3.0-\"2013-01-01T05:00:00.25\"-a,b\n"), "{dashed}");
}

#[tokio::test]
async fn export_csv_distinguishes_empty_strings_from_null() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"a": "", "b": "x"}, {"a": null, "b": "y"}])).await;
    assert_eq!(exported_text(&engine, &uuid, json!({})).await, "a,b\n\"\",x\n,y\n");
    let uuid = engine.storage().await;
    engine.insert(&uuid, json!([{"a": 1}, {"a": null}, {"a": 3}])).await;
    let csv = exported_text(&engine, &uuid, json!({})).await;
    assert_eq!(csv, "a\n1\n\"\"\n3\n");
    engine.load(&uuid, csv).await.unwrap();
    assert_eq!(engine.rows(&uuid, json!({})).await, json!([[1], [null], [3]]));
}

#[tokio::test]
async fn export_and_reload_round_trip() {
    let engine = LocalEngine::start().await;
    let uuid = odd(&engine).await;
    let (columns, rows) = (engine.columns(&uuid).await, engine.rows(&uuid, json!({})).await);
    for format in ["csv", "csv.gz"] {
        for quotes in [true, false] {
            for separator in [",", "|", ";", "\t", "e"] {
                let options = json!({"export_format": format, "csv_separator": separator, "add_quotes": quotes});
                let file = exported(&engine, &uuid, options).await.to_vec();
                let copy = engine.storage().await;
                let content = json!({"separator": separator});
                let config = json!({"originalFileName": format!("a.{format}"), "jsonContent": content});
                engine.load_file(&copy, file, config).await.unwrap();
                assert_eq!(engine.columns(&copy).await, columns, "{format} {separator:?} {quotes}");
                assert_eq!(engine.rows(&copy, json!({})).await, rows, "{format} {separator:?} {quotes}");
            }
        }
    }
}

#[tokio::test]
async fn export_parquet_has_the_types_of_the_storage() {
    let engine = LocalEngine::start().await;
    let uuid = odd(&engine).await;
    let file = exported(&engine, &uuid, json!({"export_format": "parquet"})).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let types: Vec<_> = reader.schema().fields().iter().map(|f| (f.name().as_str(), f.data_type().clone())).collect();
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    assert_eq!(types, [("n", DataType::Int64), ("o", DataType::Float64), ("p", time), ("q,1", DataType::Utf8)]);
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    assert_eq!(batch.num_rows(), 6);
    assert!(batch.column(0).is_null(2) && batch.column(3).is_null(4));
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(1), -2);
    assert_eq!(batch.column(3).as_string::<i32>().value(3), "two\nlines\r\n");
}

#[tokio::test]
async fn export_of_many_rows_is_complete() {
    let engine = LocalEngine::start().await;
    let mut csv = String::from("n,text\n");
    for n in 0..200_000 {
        csv.push_str(&format!("{n},row {n}\n"));
    }
    let uuid = engine.loaded(&csv).await;
    assert!(exported_text(&engine, &uuid, json!({})).await == csv);
    let file = exported(&engine, &uuid, json!({"export_format": "csv.gz"})).await;
    let mut text = String::new();
    flate2::read::GzDecoder::new(&file[..]).read_to_string(&mut text).unwrap();
    assert!(text == csv);
    let file = exported(&engine, &uuid, json!({"export_format": "parquet"})).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert!(reader.metadata().num_row_groups() > 2);
    let values = reader.build().unwrap().flat_map(|batch| {
        let batch = batch.unwrap();
        batch.column(0).as_primitive::<Int64Type>().values().to_vec()
    });
    assert!(values.eq(0..200_000));
}

#[tokio::test]
async fn export_of_a_join_prefixes_its_columns() {
    let engine = LocalEngine::start().await;
    let sales = engine.loaded("country,revenue\nFR,1\nUS,2\n").await;
    let regions = engine.loaded("country,region\nFR,Europe\n").await;
    let make = async |one: Value, other: Value| {
        let on = json!([{"left": format!("{sales}.country"), "right": "country"}]);
        let config = json!([{"uuid": sales, "prefix": one}, {"uuid": regions, "prefix": other, "on": on}]);
        let body = json!({"name": "both", "type": "InnerJoin", "jsonContent": {"joinConfig": config}});
        let (status, source) = engine.call("POST", "/api/data_source", body.to_string()).await;
        assert_eq!(status, 201, "{source}");
        source["uuid"].as_str().unwrap().to_owned()
    };
    let both = make(json!("s"), json!("r")).await;
    let csv = exported_text(&engine, &both, json!({})).await;
    assert_eq!(csv, "s.country,s.revenue,r.country,r.region\nFR,1,FR,Europe\n");
    let both = make(json!(null), json!("r")).await;
    let csv = exported_text(&engine, &both, json!({})).await;
    assert_eq!(csv, format!("{sales}.country,{sales}.revenue,r.country,r.region\nFR,1,FR,Europe\n"));
    let both = make(json!("s"), json!("s")).await;
    let (status, answer) = ask(&engine, &both, json!({})).await;
    assert_eq!(status, 400);
    assert!(answer["errors"][0].as_str().unwrap().contains("\"s.country\""), "{answer}");
}

#[tokio::test]
async fn export_link_has_content_type_and_file_name() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a\n1\n").await;
    let body = json!({"name": "ventes d'\u{e9}t\u{e9} \"1\"\n"}).to_string();
    engine.call("PUT", &format!("/api/data_source/{uuid}"), body).await;
    for (format, file, media) in [
        ("auto", "csv", "text/csv; charset=utf-8"),
        ("csv.gz", "csv.gz", "application/gzip"),
        ("parquet", "parquet", "application/vnd.apache.parquet"),
    ] {
        let (_, answer) = ask(&engine, &uuid, json!({"export_format": format})).await;
        assert_eq!(answer["output_file_format"], file);
        let answer = reqwest::get(answer["csv_url"].as_str().unwrap()).await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let name = "attachment; filename=\"ventes d__t_ _1__";
        let encoded = "filename*=UTF-8''ventes%20d%27%C3%A9t%C3%A9%20%221%22%0A";
        assert_eq!(header("content-disposition").unwrap(), format!("{name}.{file}\"; {encoded}.{file}"));
        assert_eq!(header("content-type").unwrap(), media);
        assert_eq!(header("content-encoding"), None, "a file stays as it is");
    }
}

#[tokio::test]
async fn export_link_cannot_be_changed() {
    let engine = LocalEngine::start().await;
    let uuid = engine.loaded("a\n1\n").await;
    let other = engine.loaded("a\n2\n").await;
    let good = link(&engine, &uuid, json!({})).await;
    assert_eq!(follow(&good).await.0, 200);
    assert_eq!(follow(&good).await.0, 200, "it can be followed again");
    let path = good.split('?').next().unwrap();
    for wrong in [
        path.to_owned(),
        good.replace(&uuid, &other),
        good.replace("format=csv", "format=parquet"),
        good.replace("expires=", "expires=9"),
        format!("{good}0"),
        good[..good.len() - 1].to_owned(),
    ] {
        let (status, answer) = follow(&wrong).await;
        assert_eq!(status, 403, "{wrong}: {answer:?}");
    }
    // A link does not work as an API key, and an API key does not replace a link.
    let put = reqwest::Client::new().put(good.replace("/export?", "/upload?")).body("x").send().await.unwrap();
    assert_eq!(put.status(), 403);
    assert_eq!(engine.call("GET", &format!("/api/data_source/{uuid}/export"), "").await.0, 403);
    let head = reqwest::Client::new().head(&good).send().await.unwrap();
    assert_eq!(head.status(), 200);
    // The file has the rows at the time of the download.
    engine.load(&uuid, "b\n3\n").await.unwrap();
    assert_eq!(follow(&good).await.1, "b\n3\n");
    assert_eq!(engine.call("DELETE", &format!("/api/data_source/{uuid}"), "").await.0, 204);
    assert_eq!(follow(&good).await.0, 404);
}

#[tokio::test]
async fn export_with_mistakes_is_rejected() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    assert_eq!(ask(&engine, &uuid, json!({})).await, empty());
    engine.load(&uuid, "a\n1\n").await.unwrap();
    for (options, status, expected) in [
        (json!({"export_format": "xlsx"}), 400, "one of auto, csv, csv.gz, parquet"),
        (json!({"csv_separator": "||"}), 400, "expected one character"),
        (json!({"csv_separator": "\""}), 400, "expected one character"),
        (json!({"send_email": true}), 501, "an export by e-mail"),
        (json!({"export_format": 1}), 400, "invalid JSON body"),
    ] {
        let (answered, answer) = ask(&engine, &uuid, options.clone()).await;
        assert_eq!(answered, status, "{options}: {answer}");
        assert!(answer["errors"][0].as_str().unwrap().contains(expected), "{answer}");
    }
    let path = format!("/api/data_source/{uuid}/export_source_data");
    assert_eq!(engine.call_with_key("POST", &path, "{}", None).await.0, 401);
}

#[tokio::test]
async fn export_guards_texts_against_spreadsheets_only_if_asked() {
    let engine = LocalEngine::start().await;
    let uuid = engine.storage().await;
    let texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "a=1", "", " =1", "=a,\"b\""];
    let rows: Vec<_> = texts.iter().map(|text| json!({"=n": -1, "t": text})).collect();
    engine.insert(&uuid, json!(rows)).await;
    let plain = exported_text(&engine, &uuid, json!({})).await;
    assert!(plain.starts_with("=n,t\n-1,=1+1\n"), "{plain}");
    let guarded = "'=n,t\n-1,'=1+1\n-1,'+1\n-1,'-1\n-1,'@x\n-1,'\tx\n-1,\"'\rx\"\n-1,'=1\n-1,a=1\n-1,\"\"\n-1, =1\n-1,\"'=a,\"\"b\"\"\"\n";
    assert_eq!(exported_text(&engine, &uuid, json!({"guard_formulas": true})).await, guarded);
    let (status, answer) = ask(&engine, &uuid, json!({"guard_formulas": true, "export_format": "parquet"})).await;
    assert_eq!(status, 400);
    assert!(answer["errors"][0].as_str().unwrap().contains("does not apply to parquet"), "{answer}");
}

#[tokio::test]
async fn signed_upload_needs_no_key_and_expires() {
    let folder = tempfile::tempdir().unwrap();
    let start = |seconds| {
        let builder = Server::builder(folder.path()).api_key("key").sign_uploads();
        builder.link_ttl(std::time::Duration::from_secs(seconds)).start()
    };
    let http = reqwest::Client::new();
    let signed = async |server: &Server, uuid: &str| {
        let path = format!("/api/data_source/sign_s3/?s3_object_type=csv%2Fgz&s3_object_name={uuid}");
        let answer = http.get(format!("{}{path}", server.url())).header("x-api-key", "key").send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap())
    };
    let put = async |url: &str, body: &'static str| {
        let request = http.put(url).header("content-type", "csv/gz").header("x-amz-acl", "private").body(body);
        request.send().await.unwrap().status().as_u16()
    };
    let server = start(60).await.unwrap();
    let new = http.post(format!("{}/api/data_source", server.url())).header("x-api-key", "key");
    let source = new.body(r#"{"name": "x", "type": "Storage"}"#).send().await.unwrap().text().await.unwrap();
    let source: Value = serde_json::from_str(&source).unwrap();
    let uuid = source["uuid"].as_str().unwrap();
    let (status, answer) = signed(&server, uuid).await;
    assert_eq!((status, &answer["status"]), (200, &json!("ok")));
    let url = answer["signed_request"].as_str().unwrap().to_owned();
    assert!(url.starts_with(server.url()), "{url}");
    assert_eq!(put(&url, "a\n1\n").await, 200);
    let attached = folder.path().join("uploads").join(uuid);
    assert_eq!(std::fs::read_to_string(&attached).unwrap(), "a\n1\n");
    for wrong in [
        url.replace("signature=", "signature=0"),
        url.replace("expires=", "expires=9"),
        url.split('?').next().unwrap().to_owned(),
        url.replace(uuid, "00000000-0000-4000-8000-000000000000"),
    ] {
        assert_eq!(put(&wrong, "a\n2\n").await, 403, "{wrong}");
    }
    assert_eq!(signed(&server, "00000000-0000-4000-8000-000000000000").await.0, 404);
    server.shutdown().await;

    // Another server rejects the link, and an expired link is rejected.
    let server = start(0).await.unwrap();
    let again = url.replacen(url.split("/api").next().unwrap(), server.url(), 1);
    assert_eq!(put(&again, "a\n2\n").await, 403);
    let (_, answer) = signed(&server, uuid).await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert_eq!(put(answer["signed_request"].as_str().unwrap(), "a\n2\n").await, 403);
    assert_eq!(std::fs::read_to_string(&attached).unwrap(), "a\n1\n");
}
