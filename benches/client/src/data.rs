//! Generates the rows that the jobs load and fetch: six columns, with the same values in every run.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::Outcome;
use crate::jobs::Bench;

/// The names of the columns.
pub(crate) const COLUMNS: [&str; 6] = ["id", "country", "product", "revenue", "quantity", "sold_at"];

const COUNTRIES: [&str; 8] = ["FR", "DE", "IT", "ES", "UK", "US", "BR", "JP"];

/// Writes a gzipped CSV file with `rows` rows.
pub(crate) fn write(file: &Path, rows: u64) -> Outcome {
    let mut output = BufWriter::new(GzEncoder::new(File::create(file)?, Compression::fast()));
    writeln!(output, "{}", COLUMNS.join(","))?;
    // A pseudo-random generator that returns the same numbers on every machine.
    let mut state: u64 = 0x2545_f491_4f6c_dd1d;
    for id in 0..rows {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = state >> 16;
        let country = COUNTRIES[(random % 8) as usize];
        let (revenue, quantity, product) = (random % 1_000_000, random % 97, random % 5000);
        let (day, hour, minute) = (random % 28 + 1, random % 24, random % 60);
        writeln!(
            output,
            "{id},{country},product {product:04},{}.{:02},{quantity},2024-{:02}-{day:02}T{hour:02}:{minute:02}:00",
            revenue / 100,
            revenue % 100,
            random % 12 + 1,
        )?;
    }
    output.into_inner().map_err(std::io::IntoInnerError::into_error)?.finish()?.sync_all()?;
    Ok(())
}

/// Reads the rows of a file written by [`write()`] into memory, as a program would have them.
pub(crate) fn read(file: &Path) -> Outcome<Vec<Bench>> {
    let lines = BufReader::new(GzDecoder::new(File::open(file)?)).lines().skip(1);
    let row = |line: std::io::Result<String>| {
        let line = line?;
        let [id, country, product, revenue, quantity, sold_at] = line.split(',').collect::<Vec<_>>()[..] else {
            return Err(format!("{line:?} does not have {} fields", COLUMNS.len()).into());
        };
        Ok(Bench {
            id: id.parse()?,
            country: country.to_owned(),
            product: product.to_owned(),
            revenue: revenue.parse()?,
            quantity: quantity.parse()?,
            sold_at: sold_at.parse()?,
        })
    };
    lines.map(row).collect()
}
