//! Generates the rows of the benchmarks, the same in every run.

use std::fmt::Write;

use futures_util::stream;
use serde_json::{Value, json};

const HEADER: &str = "country,product,customer,quantity,revenue,date\n";
/// The number of rows in a chunk of a CSV file.
const CHUNK: u64 = 10_000;

/// Returns a pseudo-random number for a row and a column.
fn mixed(row: u64, column: u64) -> u64 {
    let mut hash = row.wrapping_mul(6).wrapping_add(column).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Returns the cells of a row: one of 40 countries, 1,000 products, a million customers, within two years.
fn cells(row: u64) -> (String, String, u64, u64, f64, String) {
    let (month, day) = (1 + mixed(row, 5) % 12, 1 + mixed(row, 6) % 28);
    let date = format!("{}-{month:02}-{day:02}T{:02}:00:00", 2023 + mixed(row, 7) % 2, mixed(row, 8) % 24);
    (
        format!("C{:02}", mixed(row, 0) % 40),
        format!("product {}", mixed(row, 1) % 1000),
        mixed(row, 2) % 1_000_000,
        mixed(row, 3) % 20,
        (mixed(row, 4) % 1_000_000) as f64 / 100.0,
        date,
    )
}

/// Returns a row as a JSON object.
pub fn object(row: u64) -> Value {
    let (country, product, customer, quantity, revenue, date) = cells(row);
    json!({"country": country, "product": product, "customer": customer, "quantity": quantity, "revenue": revenue, "date": date})
}

/// Returns a CSV file as a stream: each chunk is generated when it is sent.
pub fn csv(rows: u64) -> reqwest::Body {
    let chunk = move |start: u64| async move {
        if start >= rows {
            return None;
        }
        let mut text = String::with_capacity(64 * CHUNK as usize);
        if start == 0 {
            text.push_str(HEADER);
        }
        let end = rows.min(start + CHUNK);
        for row in start..end {
            let (country, product, customer, quantity, revenue, date) = cells(row);
            writeln!(text, "{country},{product},{customer},{quantity},{revenue:?},{date}").unwrap();
        }
        Some((Ok::<_, std::io::Error>(text), end))
    };
    reqwest::Body::wrap_stream(stream::unfold(0, chunk))
}
