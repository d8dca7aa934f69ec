//! The memory of `serenytics serve` while an answer of many rows goes out to a client that is slow.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::Write;
use std::time::Duration;

use serenytics_core::Client;
use support::{Serving, memory};

/// How many rows the answer has.
const ROWS: usize = 1_000_000;
/// How much more memory than before the server may take at any moment. The answer is larger.
const ALLOWED: usize = 64 * 1024 * 1024;

#[tokio::test]
async fn an_answer_of_a_million_rows_takes_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut csv = std::io::BufWriter::new(std::fs::File::create(folder.path().join("rows.csv")).unwrap());
    writeln!(csv, "id,text,amount").unwrap();
    for row in 0..ROWS {
        let text = "and more of it so that the answer is a large one";
        writeln!(csv, "{row},the text of the row {row} {text},{}.25", row * 7 % 1000).unwrap();
    }
    csv.flush().unwrap();
    let serving = Serving::start(&folder.path().join("data"), &["--api-key", "key"]);
    let client = Client::builder().url(&serving.url).api_key("key").build().unwrap();
    let source = client.get_or_create_storage("rows").await.unwrap();
    source.reload_from_csv(folder.path().join("rows.csv")).send().await.unwrap();

    // From here on the peak is that of the query.
    std::fs::write(format!("/proc/{}/clear_refs", serving.id()), "5").unwrap();
    let before = memory(serving.id(), "VmRSS");
    let request = reqwest::Client::new()
        .post(format!("{}/api/formatted_data/{}", serving.url, source.uuid()))
        .header("x-api-key", "key")
        .body(r#"{"order": "row_by_row"}"#);
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (mut size, mut brackets) = (0, 0);
    while let Some(piece) = answer.chunk().await.unwrap() {
        if size == 0 {
            // Time to collect the whole answer in, if anything did.
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        size += piece.len();
        brackets += piece.iter().filter(|byte| **byte == b'[').count();
    }
    // The lists of the titles and of the rows have one too.
    assert_eq!(brackets, ROWS + 2);
    let taken = memory(serving.id(), "VmHWM") - before;
    assert!(size > ALLOWED, "the answer has {size} bytes and shows nothing");
    assert!(taken < ALLOWED, "{taken} bytes of memory for an answer of {size}");
    serving.stop("TERM");
}
