//! Exports: the call, the download without the key, atomic files, typed rows.

use std::time::Duration;

use serde_json::{Value, json};
use serenytics_query::cell::{CellError, CellReader, Field, Row};
use serenytics_query::schema::SourceRef;
use serenytics_query::source::{Source, named};

use super::server::{CANARY, Reply, TestServer, ok};
use super::{SOURCE, list, printed};
use crate::{DataSource, ExportFormat, Progress};

/// Starts a server whose exports have this format and these bytes, after a redirect.
async fn exporting(format: &'static str, file: Vec<u8>, missing: usize) -> TestServer {
    TestServer::start(move |_, asked| {
        let path = asked.line.split_once(' ').unwrap_or_default().1;
        match path.split('?').next().unwrap_or_default() {
            "/api/data_source/u1/export_source_data" => {
                ok(format!(r#"{{"csv_url":"/files/1?signature=canary-signed","output_file_format":"{format}"}}"#))
            }
            "/files/1" => Reply::Answer(302, "location: /files/2?signature=canary-signed\r\n", String::new()),
            "/files/2" => Reply::Bytes("content-encoding: identity\r\n", file.clone(), missing),
            _ => list(&[SOURCE]),
        }
    })
    .await
}

async fn source(server: &TestServer) -> DataSource {
    server.client().source("sales").await.unwrap()
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn export_to_file_replaces_the_file_once_it_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    std::fs::write(&path, "old").unwrap();
    let server = exporting("csv", b"a,b\n1,2\n".to_vec(), 0).await;
    let (reported, reports) = std::sync::mpsc::channel();
    let export = source(&server).await;
    let export =
        export.export().separator(';').quotes(false).progress(move |progress| reported.send(progress).unwrap());
    let exported = export.to_file(&path).await.unwrap();
    assert_eq!((exported.format, exported.bytes, &exported.path), (ExportFormat::Csv, 8, &path));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a,b\n1,2\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let reports: Vec<_> = reports.iter().collect();
    assert_eq!(
        (reports[0], reports[reports.len() - 1]),
        (Progress::Exporting, Progress::Downloading { received: 8, total: Some(8) })
    );
    let asked = server.asked();
    let body: Value = serde_json::from_slice(&asked[1].body).unwrap();
    assert_eq!(body, json!({"send_email": false, "export_format": "csv", "csv_separator": ";", "add_quotes": false}));
    assert_eq!(asked[3].line, "GET /files/2?signature=canary-signed");
    assert!(asked[2..].iter().all(|asked| !asked.headers.contains(CANARY) && !asked.headers.contains("referer")));
}

#[tokio::test]
async fn failed_export_keeps_the_existing_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.csv");
    std::fs::write(&path, "old").unwrap();
    let untouched = || {
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    };
    let server = exporting("csv", b"a,b\n1,2\n".to_vec(), 100).await;
    let error = source(&server).await.export().to_file(&path).await.unwrap_err();
    assert!(error.is_connection(), "{error}");
    assert!(error.to_string().contains("(exported file)") && !printed(&error).contains("canary"), "{error}");
    untouched();

    let server = exporting("pickle", Vec::new(), 0).await;
    let error = source(&server).await.export().format(ExportFormat::Auto).to_file(&path).await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("created one as `pickle`"), "{error}");
    untouched();

    for (answer, expected) in [
        (r#"{"status":"error","errors":["no rights"]}"#, "no rights"),
        (r#"{"errors":["too large"]}"#, "too large"),
        ("{}", "no `csv_url`"),
        (r#"{"csv_url":"ftp://elsewhere/file"}"#, "invalid `csv_url`"),
    ] {
        let server = TestServer::start(move |_, asked| match asked.line.starts_with("POST") {
            true => ok(answer),
            false => list(&[SOURCE]),
        })
        .await;
        let error = source(&server).await.export().to_file(&path).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        untouched();
    }
    let server = TestServer::start(|_, asked| match asked.line.as_str() {
        line if line.starts_with("POST") => ok(r#"{"csv_url":"/gone","output_file_format":"csv"}"#),
        "GET /gone" => Reply::Answer(410, "", r#"{"errors":["the link is too old"]}"#.to_owned()),
        _ => list(&[SOURCE]),
    })
    .await;
    let error = source(&server).await.export().to_file(&path).await.unwrap_err();
    assert!(error.status() == Some(410) && error.to_string().contains("the link is too old"), "{error}");
    untouched();

    let export = source(&server).await;
    let asked = server.asked().len();
    let error = export.export().to_file(folder.path().join("missing/sales.csv")).await.unwrap_err();
    assert!(error.to_string().contains("its folder does not exist"), "{error}");
    assert!(export.export().to_file(folder.path()).await.is_err());
    assert_eq!(server.asked().len(), asked);
}

#[tokio::test]
async fn export_respects_its_timeout() {
    let server = TestServer::start(|_, asked| match asked.line.starts_with("POST") {
        true => Reply::Silence,
        false => list(&[SOURCE]),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let export = source(&server).await;
    let export = export.export().timeout(Duration::from_millis(50)).to_file(folder.path().join("a.csv")).await;
    assert!(export.unwrap_err().to_string().ends_with("within 50ms; `timeout` of the export sets this timeout"));
}

/// A source with three columns.
pub(super) struct Sales;

impl Source for Sales {
    const SOURCE: SourceRef = named("sales");
    const ENCODED: &'static str = "name\u{1f}sales\u{1e}country\u{1f}country\u{1f}str\u{1f}\u{1f}\u{1f}\u{1e}price\u{1f}unit price\u{1f}float\u{1f}\u{1f}\u{1f}\u{1e}margin\u{1f}margin\u{1f}float\u{1f}\u{1f}measure\u{1f}";
    type Columns = ();
    const COLUMNS: () = ();
}

#[derive(Debug, PartialEq)]
struct Sale {
    price: f64,
    country: String,
}

impl Row for Sale {
    const FIELDS: Option<&'static [Field]> = Some(&[Field::of::<f64>("price"), Field::of::<String>("country")]);

    fn read(cells: &mut CellReader<'_>) -> Result<Sale, CellError> {
        Ok(Sale { price: cells.next()?, country: cells.next()? })
    }
}

#[tokio::test]
async fn exported_rows_are_read_by_field_names() {
    let text = "newer,country,unit price\n1,\"F;\"\"R\n\",1.5\n,,-2\n";
    for (format, file) in [("csv", text.as_bytes().to_vec()), ("csv.gz", gzipped(text))] {
        let server = exporting(format, file, 0).await;
        let source = source(&server).await;
        let format = ExportFormat::from_word(format).unwrap();
        let mut rows = source.export().format(format).rows::<Sales, Sale>().await.unwrap();
        let sale = |price, country: &str| Some(Sale { price, country: country.to_owned() });
        assert_eq!(rows.try_next().await.unwrap(), sale(1.5, "F;\"R\n"));
        assert_eq!(rows.try_next().await.unwrap(), sale(-2.0, ""));
        // Polling after the end returns the end again.
        for _ in 0..2 {
            assert_eq!(rows.try_next().await.unwrap(), None);
        }
        let mut rows = source.export().format(format).rows::<Sales, Vec<Value>>().await.unwrap();
        assert_eq!(rows.try_next().await.unwrap(), Some(vec![json!("F;\"R\n"), json!(1.5)]));
        assert_eq!(rows.try_next().await.unwrap(), Some(vec![json!(null), json!(-2)]));
    }
}

#[tokio::test]
async fn exported_rows_are_streamed_and_a_truncated_file_is_an_error() {
    let text = "country,unit price\n".to_owned() + &"FR,1.5\n".repeat(300_000);
    let file = gzipped(&text);
    let server = exporting("csv.gz", file.clone(), 0).await;
    let export = source(&server).await;
    let mut rows = export.export().rows::<Sales, Sale>().await.unwrap();
    let mut count = 0;
    while rows.try_next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 300_000);
    for (file, missing) in [(file[..file.len() / 2].to_vec(), file.len()), (file[..file.len() - 9].to_vec(), 0)] {
        let server = exporting("csv.gz", file, missing).await;
        let export = source(&server).await;
        let mut rows = export.export().rows::<Sales, Sale>().await.unwrap();
        let error = loop {
            match rows.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a truncated file was read without an error"),
                Err(error) => break error,
            }
        };
        assert!(if missing > 0 { error.is_connection() } else { error.is_decode() }, "{error:?}");
        assert!(rows.try_next().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn exported_row_that_does_not_match_the_declaration_is_an_error() {
    for (file, expected) in [
        ("country\nFR\n", "the exported file has no column `unit price`; it has `country`"),
        (
            "country,unit price\nFR,1\nDE,many\n",
            "row 2, column `price` (unit price): expected a number, found `\"many\"`",
        ),
        ("country,unit price\nFR,\n", "declare the column as an `Option` if it may be NULL"),
        ("country,unit price\nFR\n", "CSV error"),
    ] {
        let server = exporting("csv.gz", gzipped(file), 0).await;
        let export = source(&server).await;
        let mut rows = export.export().rows::<Sales, Sale>().await.unwrap();
        let error = loop {
            if let Err(error) = rows.try_next().await {
                break error;
            }
        };
        assert!(error.is_decode() && error.to_string().contains(expected), "{expected}: {error}");
    }
    #[derive(Debug)]
    struct Other;
    impl Row for Other {
        const FIELDS: Option<&'static [Field]> = Some(&[Field::of::<f64>("margin")]);
        fn read(_: &mut CellReader<'_>) -> Result<Other, CellError> {
            Ok(Other)
        }
    }
    let server = exporting("csv", Vec::new(), 0).await;
    let error = source(&server).await.export().rows::<Sales, Other>().await.unwrap_err();
    assert!(error.to_string().contains("`margin` is computed"), "{error}");
    let export = source(&server).await;
    let error = export.export().format(ExportFormat::Parquet).rows::<Sales, Sale>().await.unwrap_err();
    assert!(error.to_string().contains("not from parquet"), "{error}");
    assert!(server.asked().iter().all(|asked| asked.line.starts_with("GET")));
}
