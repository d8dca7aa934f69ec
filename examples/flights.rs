//! A tour: loads a CSV file of real flights and runs five queries that the compiler has checked.
//!
//! `cargo run --example flights` needs no account and no network: it starts the embedded engine in a temporary folder. If
//! `SERENYTICS_API_KEY` is set, it uses the hosted platform instead. Pass a path to load another file with the same columns,
//! for example a whole year.

use std::error::Error;
use std::io::Write;

use serenytics::prelude::*;
use serenytics_local::Local;

/// The flights that left New York City in January 2013.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/flights-2013-01.csv.gz");

/// The columns of the storage, which are the columns of the file.
#[derive(Source)]
#[source(name = "serenytics_rust_example_flights")]
struct Flights {
    year: i32,
    month: i32,
    day: i32,
    dep_time: Option<i32>,
    sched_dep_time: i32,
    /// Minutes; negative for a flight that left early, missing for one that was cancelled.
    dep_delay: Option<i32>,
    arr_time: Option<i32>,
    sched_arr_time: i32,
    arr_delay: Option<i32>,
    carrier: String,
    flight: i32,
    /// The tail number of the aircraft. Where it is unknown, the file has the string `NA`.
    tailnum: String,
    origin: String,
    dest: String,
    air_time: Option<i32>,
    /// Miles.
    distance: i32,
    hour: i32,
    minute: i32,
    /// The scheduled hour of departure, in UTC.
    time_hour: DateTime,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let file = std::env::args().nth(1).unwrap_or_else(|| FILE.to_owned());
    if std::env::var_os("SERENYTICS_API_KEY").is_some() {
        return run(&Client::from_env()?, &file, &mut out).await;
    }
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    run(&engine.client(), &file, &mut out).await
}

/// Loads the flights, runs five queries and prints the JSON and the rows of each.
pub async fn run(client: &Client, file: &str, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    load(client, file, out).await?;

    let q = query! {
        from Flights
        group_by carrier
        select count() as flights, avg(dep_delay) as mean_delay, sum(distance) as miles
        order_by flights desc
        limit 5
    };
    let rows = client.fetch(&q).await?;
    let rows = rows
        .iter()
        .map(|row| [row.carrier.clone(), row.flights.to_string(), minutes(row.mean_delay), row.miles.to_string()]);
    table(out, "The busiest carriers", &q.to_json(), ["carrier", "flights", "mean delay", "miles"], rows)?;

    let q = query! {
        from Flights
        where dep_delay is_defined
        group_by weekday(time_hour) as weekday
        select count() as flights, avg(dep_delay) as mean_delay, max(dep_delay) as longest
        order_by weekday
    };
    let rows = client.fetch(&q).await?;
    let rows = rows.iter().map(|row| {
        let longest = row.longest.map_or_else(String::new, |longest| longest.to_string());
        [row.weekday.to_string(), row.flights.to_string(), minutes(row.mean_delay), longest]
    });
    table(out, "Delays by weekday (1 is Monday)", &q.to_json(), ["weekday", "flights", "mean delay", "longest"], rows)?;

    // Run-time values: the compiler checks them against the types of their columns, and the client escapes them.
    let late = 60;
    let airports = vec!["JFK", "LGA"];
    let carrier: Option<&str> = None;
    let q = query! {
        from Flights
        where dep_delay > {late}, origin in {&airports}, dest !in ["BOS", "DCA"], carrier == {carrier}?
        group_by dest, origin
        select count() as late_flights, max(dep_delay) as longest
        order_by late_flights desc, dest
        limit {airports.len() * 3}
    };
    let rows = client.fetch(&q).await?;
    let rows = rows.iter().map(|row| {
        let longest = row.longest.map_or_else(String::new, |longest| longest.to_string());
        [row.dest.clone(), row.origin.clone(), row.late_flights.to_string(), longest]
    });
    table(
        out,
        "More than an hour late, from JFK and LGA",
        &q.to_json(),
        ["dest", "origin", "late flights", "longest"],
        rows,
    )?;

    let q = query! {
        from Flights
        where tailnum != "NA"
        select dcount(tailnum) as aeroplanes, count() as flights, min(time_hour) as first, max(time_hour) as last
    };
    let rows = client.fetch(&q).await?;
    let rows = rows.iter().map(|row| {
        let time = |time: Option<DateTime>| time.map_or_else(String::new, |time| time.to_string());
        [row.aeroplanes.to_string(), row.flights.to_string(), time(row.first), time(row.last)]
    });
    table(out, "Distinct aeroplanes", &q.to_json(), ["aeroplanes", "flights", "first", "last"], rows)?;

    let q = query! {
        from Flights
        where time_hour >= "2013-01-31", air_time >= 300
        select carrier, flight, dest, air_time
        order_by air_time desc, flight
        limit 4
    };
    let rows = client.fetch(&q).await?;
    let rows = rows.iter().map(|row| {
        let air_time = row.air_time.map_or_else(String::new, |air_time| air_time.to_string());
        [row.carrier.clone(), row.flight.to_string(), row.dest.clone(), air_time]
    });
    table(
        out,
        "The longest flights from the last day of January on",
        &q.to_json(),
        ["carrier", "flight", "dest", "air time"],
        rows,
    )
}

/// Loads the file into the storage, unless a storage with this name has other columns.
async fn load(client: &Client, file: &str, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let schema = Flights::schema();
    let name = schema.source.text();
    let source = client.get_or_create_storage(name).await?;
    let served = source.columns().await?;
    let is_ours = schema.columns.iter().map(|column| &column.wire).eq(served.iter().map(|column| &column.name));
    if !served.is_empty() && !is_ours {
        let message = format!(
            "the storage `{name}` exists and has other columns: rename it, so that this example does not overwrite it"
        );
        return Err(message.into());
    }
    source.reload_from_csv(file).schema::<Flights>().send().await?;
    writeln!(out, "{} flights are loaded into `{name}`.", source.row_count().await?)?;
    Ok(())
}

fn minutes(mean: Option<f64>) -> String {
    mean.map_or_else(String::new, |mean| format!("{mean:.2}"))
}

/// Prints a title, the JSON of a query and its rows as a table.
fn table<const COLUMNS: usize>(
    out: &mut impl Write,
    title: &str,
    json: &str,
    columns: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> Result<(), Box<dyn Error>> {
    writeln!(out, "\n{title}\n{json}")?;
    let rows: Vec<_> = rows.collect();
    let width = |column: usize| {
        rows.iter().map(|row| row[column].len()).chain([columns[column].len()]).max().unwrap_or_default()
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let mut line = |cells: [&str; COLUMNS]| {
        let cells: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        writeln!(out, "  {}", cells.join("  "))
    };
    line(columns)?;
    line(widths.map(|width| "-".repeat(width)).each_ref().map(String::as_str))?;
    for row in &rows {
        line(row.each_ref().map(String::as_str))?;
    }
    Ok(())
}
