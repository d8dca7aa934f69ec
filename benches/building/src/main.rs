//! Measures how long a program needs to build a query: a static one, and one with three run-time values.
//!
//! `cargo run --release -p serenytics-bench-building` prints one Markdown table.

use std::hint::black_box;
use std::time::Instant;

use serenytics::prelude::*;

/// The columns that the queries name.
#[derive(Source)]
#[source(name = "sales")]
pub struct Sales {
    country: String,
    revenue: f64,
    date: DateTime,
}

/// The number of builds in one measurement.
const TIMES: u32 = 200_000;

/// The number of measurements.
const RUNS: usize = 15;

fn main() {
    let (least, countries, rows) = (20.5, ["FR", "US"], 100_u32);
    println!("| query | ns, minimum | ns, median |\n| --- | ---: | ---: |");
    print("static", || {
        query! {
            from Sales
            where revenue >= 20.5, country in ["FR", "US"]
            group_by country, month(date)
            select sum(revenue) as total, count()
            order_by total desc
            limit 100
        }
    });
    print("the same with three run-time values", || {
        query! {
            from Sales
            where revenue >= {black_box(least)}, country in {black_box(&countries)}
            group_by country, month(date)
            select sum(revenue) as total, count()
            order_by total desc
            limit {black_box(rows)}
        }
    });
}

/// Measures `build` and prints the time of one call.
fn print<Q>(name: &str, build: impl Fn() -> Q) {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..TIMES {
                black_box(build());
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("| {name} | {:.1} | {:.1} |", times[0], times[RUNS / 2]);
}
