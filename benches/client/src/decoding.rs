//! Compares two decoders on a response that is already in memory: the reader of a query, and `serde_json` into tuples.

use std::hint::black_box;
use std::time::Instant;

use serde::Deserialize;
use serenytics_query::cell::CellReader;

use crate::Outcome;
use crate::jobs::all_rows;

/// A row, as `serde_json` decodes it.
type Tuple = (i64, String, String, f64, i64, String);

/// A response. Only the rows are decoded.
#[derive(Deserialize)]
struct Answer {
    data: Vec<Tuple>,
}

/// Decodes the same rows with both, alternately, and prints the shortest time of each.
pub(crate) fn compare(rows: u64, runs: usize) -> Outcome {
    let answer = answer(rows);
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..runs {
        let begun = Instant::now();
        let read = by_reader(answer.as_bytes())?;
        ours.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let tuples = serde_json::from_str::<Answer>(&answer)?.data.len();
        theirs.push(begun.elapsed().as_secs_f64());
        if black_box(read) != tuples {
            return Err(format!("the query's reader returned {read} rows and `serde_json` {tuples}").into());
        }
    }
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    let (our, their) = (ours[0], theirs[0]);
    println!(
        "\nDecoding {:.0} MiB of these rows: {our:.3} s into structs, with datetimes parsed; {their:.3} s by `serde_json` \
         into tuples, with datetimes left as strings; ratio {:.2}. The minimum of {runs} runs each.",
        answer.len() as f64 / 1024.0 / 1024.0,
        our / their
    );
    Ok(())
}

fn by_reader(answer: &[u8]) -> Outcome<usize> {
    let query = all_rows();
    let begin = answer.windows(8).position(|window| window == b"\"data\":[").ok_or("the response has no rows")? + 8;
    let mut cells = CellReader::new(&answer[begin..]);
    let mut rows = Vec::new();
    loop {
        rows.push(cells.row(query.shape().len(), query.reader())?);
        if cells.peek()? != b',' {
            return Ok(black_box(rows).len());
        }
        cells.expect(b',')?;
    }
}

/// Makes a response in the format of the engine.
fn answer(rows: u64) -> String {
    let mut text = String::from(r#"{"status":"ok","columns_titles":[],"data":["#);
    for id in 0..rows {
        let (quantity, revenue, day) = (id % 97, (id * 7919 % 1_000_000) as f64 / 100.0, id % 28 + 1);
        let row =
            format!(r#"[{id},"FR","product {:04}",{revenue:?},{quantity},"2024-05-{day:02}T12:34:00"],"#, id % 5000);
        text.push_str(&row);
    }
    text.pop();
    text.push_str("]}");
    text
}
