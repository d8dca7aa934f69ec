//! Memory of `serenytics serve` while it sends a large response to a slow client.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::Write;
use std::time::Duration;

use serenytics_core::Client;
use support::{Serving, memory};

/// Number of rows in the response.
const ROWS: usize = 1_000_000;
/// Memory that the server may use in addition at any time. The response is larger.
const ALLOWED: usize = 64 * 1024 * 1024;

#[tokio::test]
async fn query_response_of_a_million_rows_uses_little_memory() {
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

    // Reset the peak, so that it is the peak of the query.
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
            // Give a server that buffers the response the time to do so.
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        size += piece.len();
        brackets += piece.iter().filter(|byte| **byte == b'[').count();
    }
    // The lists of titles and of rows have one bracket each too.
    assert_eq!(brackets, ROWS + 2);
    let used = memory(serving.id(), "VmHWM") - before;
    assert!(size > ALLOWED, "the test proves nothing: the response has only {size} bytes");
    assert!(used < ALLOWED, "{used} bytes of memory for a response of {size} bytes");
    serving.stop("TERM");
}
