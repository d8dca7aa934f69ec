//! Compares the figures that the example `flights` prints with the same figures computed by plain
//! loops over the file.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Read;

use serenytics_local::Local;

#[allow(dead_code, reason = "the example's `main`")]
#[path = "../examples/flights.rs"]
mod flights;

/// A flight in the file, with the fields that the figures need.
struct Flight {
    carrier: String,
    flight: i64,
    tailnum: String,
    origin: String,
    dest: String,
    dep_delay: Option<i64>,
    air_time: Option<i64>,
    distance: i64,
    time_hour: String,
}

fn file() -> Vec<Flight> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(flights::FILE).unwrap()).read_to_string(&mut text).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let columns =
        ["carrier", "flight", "tailnum", "origin", "dest", "dep_delay", "air_time", "distance", "time_hour"].map(at);
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            let [carrier, flight, tailnum, origin, dest, dep_delay, air_time, distance, time_hour] =
                columns.map(|column| record[column].to_owned());
            Flight {
                carrier,
                flight: flight.parse().unwrap(),
                tailnum,
                origin,
                dest,
                dep_delay: dep_delay.parse().ok(),
                air_time: air_time.parse().ok(),
                distance: distance.parse().unwrap(),
                time_hour,
            }
        })
        .collect()
}

fn mean(values: &[i64]) -> String {
    format!("{:.2}", values.iter().sum::<i64>() as f64 / values.len() as f64)
}

/// Returns the weekday, from 1 (Monday) to 7, of a day in January or February 2013. 1 January was a
/// Tuesday.
fn weekday(time_hour: &str) -> i64 {
    let month: i64 = time_hour[5..7].parse().unwrap();
    let day: i64 = time_hour[8..10].parse().unwrap();
    (day - 1 + 31 * (month - 1) + 1) % 7 + 1
}

/// Returns the cells of a table that the example printed.
fn printed(output: &str, title: &str) -> Vec<Vec<String>> {
    let table = output.split("\n\n").find(|part| part.trim_start().starts_with(title)).unwrap();
    table.lines().skip(4).map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

fn cells(cells: &[&dyn ToString]) -> Vec<String> {
    cells.iter().map(|cell| cell.to_string()).collect()
}

#[tokio::test]
async fn flights_example_prints_the_figures_of_the_file() -> Result<(), Box<dyn Error>> {
    let flights = file();
    assert_eq!(flights.len(), 27_004);
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let mut output = Vec::new();
    flights::run(&engine.client(), flights::FILE, &mut output).await?;
    let output = String::from_utf8(output)?;
    assert!(output.starts_with("27004 flights are loaded"), "{output}");

    let mut carriers: BTreeMap<&str, Vec<&Flight>> = BTreeMap::new();
    for flight in &flights {
        carriers.entry(&flight.carrier).or_default().push(flight);
    }
    let mut carriers: Vec<_> = carriers.into_iter().collect();
    carriers.sort_by_key(|(_, flights)| std::cmp::Reverse(flights.len()));
    let busiest: Vec<_> = carriers[..5]
        .iter()
        .map(|(carrier, flights)| {
            let delays: Vec<_> = flights.iter().filter_map(|flight| flight.dep_delay).collect();
            let miles: i64 = flights.iter().map(|flight| flight.distance).sum();
            cells(&[carrier, &flights.len(), &mean(&delays), &miles])
        })
        .collect();
    assert_eq!(printed(&output, "The busiest carriers"), busiest);

    let mut weekdays: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for flight in &flights {
        if let Some(delay) = flight.dep_delay {
            weekdays.entry(weekday(&flight.time_hour)).or_default().push(delay);
        }
    }
    let weekdays: Vec<_> = weekdays
        .iter()
        .map(|(weekday, delays)| cells(&[weekday, &delays.len(), &mean(delays), delays.iter().max().unwrap()]))
        .collect();
    assert_eq!(weekdays.len(), 7);
    assert_eq!(printed(&output, "Delays by weekday"), weekdays);

    let mut late: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
    for flight in &flights {
        let Some(delay) = flight.dep_delay.filter(|delay| *delay > 60) else { continue };
        if ["JFK", "LGA"].contains(&&*flight.origin) && !["BOS", "DCA"].contains(&&*flight.dest) {
            late.entry((&flight.dest, &flight.origin)).or_default().push(delay);
        }
    }
    let mut late: Vec<_> = late.into_iter().collect();
    late.sort_by_key(|((dest, _), delays)| (std::cmp::Reverse(delays.len()), *dest));
    let late: Vec<_> = late[..6]
        .iter()
        .map(|((dest, origin), delays)| cells(&[dest, origin, &delays.len(), delays.iter().max().unwrap()]))
        .collect();
    assert_eq!(printed(&output, "More than an hour late"), late);

    let known: Vec<_> = flights.iter().filter(|flight| flight.tailnum != "NA").collect();
    let aeroplanes: BTreeSet<_> = known.iter().map(|flight| &flight.tailnum).collect();
    let times = || known.iter().map(|flight| flight.time_hour.trim_end_matches('Z').to_owned());
    let distinct = cells(&[&aeroplanes.len(), &known.len(), &times().min().unwrap(), &times().max().unwrap()]);
    assert_eq!(printed(&output, "Distinct aeroplanes"), [distinct]);

    let mut longest: Vec<_> = flights
        .iter()
        .filter(|flight| flight.time_hour.as_str() >= "2013-01-31" && flight.air_time.is_some_and(|time| time >= 300))
        .collect();
    longest.sort_by_key(|flight| (std::cmp::Reverse(flight.air_time), flight.flight));
    let longest: Vec<_> = longest[..4]
        .iter()
        .map(|flight| cells(&[&flight.carrier, &flight.flight, &flight.dest, &flight.air_time.unwrap()]))
        .collect();
    assert_eq!(printed(&output, "The longest flights"), longest);
    Ok(())
}

#[test]
fn readme_shows_the_busiest_carriers() {
    let mut carriers = BTreeMap::<String, Vec<Option<i64>>>::new();
    for flight in file() {
        carriers.entry(flight.carrier).or_default().push(flight.dep_delay);
    }
    let mut carriers: Vec<_> = carriers.into_iter().collect();
    carriers.sort_by_key(|(_, delays)| std::cmp::Reverse(delays.len()));
    let line = |(carrier, delays): &(String, Vec<Option<i64>>)| {
        let known: Vec<i64> = delays.iter().copied().flatten().collect();
        format!("{carrier} {} {}\n", delays.len(), mean(&known))
    };
    let shown: String = carriers.iter().take(3).map(line).collect();
    assert!(
        include_str!("../README.md").contains(&format!("```text\n{shown}```\n")),
        "README.md does not show:\n{shown}"
    );
}
