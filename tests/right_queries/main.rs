//! Valid queries of every form on the real engine: each returns the same rows as plain loops over
//! the same data.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

mod aggregates;
mod conditions;
mod forms;
mod groups;
mod orders;
mod real;
mod rows;
mod values;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Debug;

use rows::{Flights, Things};
use serenytics::{Client, Query};
use serenytics_local::Local;

/// The result of a case.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// An engine with the rows, which are in memory too, and the cases that were run.
struct Run {
    client: Client,
    things: Vec<Things>,
    flights: Vec<Flights>,
    /// The JSON of each query that was run; all cases are different.
    ran: RefCell<Vec<String>>,
    wrong: RefCell<Vec<String>>,
}

impl Run {
    /// Runs a query whose rows come in an order.
    async fn in_order<R, T>(&self, query: Query<R>, cells: impl Fn(R) -> T, expected: impl IntoIterator<Item = T>)
    where
        R: Send,
        T: Debug + PartialEq,
    {
        let found = self.fetch(&query).await;
        self.compare(&query.to_json(), found.map(|rows| rows.into_iter().map(cells).collect()), expected);
    }

    /// Runs a query whose rows come in any order.
    async fn in_any_order<R, T>(&self, query: Query<R>, cells: impl Fn(R) -> T, expected: impl IntoIterator<Item = T>)
    where
        R: Send,
        T: Debug + PartialEq,
    {
        let sorted = |mut rows: Vec<T>| {
            rows.sort_by_cached_key(|row| format!("{row:?}"));
            rows
        };
        let found = self.fetch(&query).await.map(|rows| sorted(rows.into_iter().map(cells).collect()));
        self.compare(&query.to_json(), found, sorted(expected.into_iter().collect()));
    }

    async fn fetch<R: Send>(&self, query: &Query<R>) -> Result<Vec<R>, String> {
        if !query.problems().is_empty() {
            return Err(format!("{:?}", query.problems()));
        }
        self.client.fetch(query).await.map_err(|error| error.to_string())
    }

    /// Compares the rows of a response with the computed rows, and records the differences.
    fn compare<T>(&self, json: &str, found: Result<Vec<T>, String>, expected: impl IntoIterator<Item = T>)
    where
        T: Debug + PartialEq,
    {
        let expected: Vec<T> = expected.into_iter().collect();
        let wrong = match found {
            Err(error) => Some(error),
            Ok(found) if found == expected => None,
            Ok(found) => {
                let at = found.iter().zip(&expected).take_while(|(found, expected)| found == expected).count();
                let [found_row, expected_row] = [found.get(at), expected.get(at)];
                let rows = format!("{} rows, {} are expected", found.len(), expected.len());
                Some(format!("{rows}; row {at} is {found_row:?} and not {expected_row:?}"))
            }
        };
        let mut ran = self.ran.borrow_mut();
        let again = ran.iter().any(|other| other == json).then(|| "a case before this one is the same".to_owned());
        self.wrong.borrow_mut().extend(wrong.or(again).map(|wrong| format!("{json}\n    {wrong}")));
        ran.push(json.to_owned());
    }
}

/// The shape of a query: its JSON without the values of its conditions and of its limit.
fn shape(json: &str) -> String {
    let mut options: serde_json::Value = serde_json::from_str(json).unwrap();
    let stage = &mut options["data_processing_pipeline"][0];
    for condition in stage["where"].as_array_mut().into_iter().flatten() {
        condition["value"].take();
    }
    if stage.get("limit").is_some() {
        stage["limit"].take();
    }
    options.to_string()
}

/// The rows with equal keys together, in the order in which the keys are met.
fn grouped<'r, T, K: PartialEq>(rows: impl IntoIterator<Item = &'r T>, key: impl Fn(&T) -> K) -> Vec<(K, Vec<&'r T>)> {
    let mut groups: Vec<(K, Vec<&T>)> = Vec::new();
    for row in rows {
        let key = key(row);
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, members)) => members.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups
}

/// The number of distinct values.
fn distinct<T: PartialEq>(values: impl IntoIterator<Item = T>) -> i64 {
    let mut seen: Vec<T> = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    i64::try_from(seen.len()).unwrap()
}

/// The smallest value.
fn smallest<T: PartialOrd>(values: impl IntoIterator<Item = T>) -> Option<T> {
    values.into_iter().reduce(|least, value| if value < least { value } else { least })
}

/// The largest value.
fn largest<T: PartialOrd>(values: impl IntoIterator<Item = T>) -> Option<T> {
    values.into_iter().reduce(|most, value| if value > most { value } else { most })
}

/// The mean of some numbers.
fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.into_iter().collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[tokio::test]
async fn valid_queries_return_the_same_rows_as_loops() -> Outcome {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let client = engine.client();
    let [things, flights] = ["right things: \"é\"", "right flights"];
    client.get_or_create_storage(things).await?.insert(rows::things()).await?;
    client.get_or_create_storage(flights).await?.insert(rows::flights()).await?;
    let run = Run {
        client,
        things: rows::things(),
        flights: rows::flights(),
        ran: RefCell::default(),
        wrong: RefCell::default(),
    };
    conditions::run(&run).await;
    values::run(&run).await;
    aggregates::run(&run).await;
    groups::run(&run).await;
    orders::run(&run).await;
    forms::run(&run).await;
    real::run(&run).await;
    let wrong = run.wrong.borrow();
    let ran = run.ran.borrow();
    assert!(wrong.is_empty(), "{} of {} queries answer wrongly:\n{}", wrong.len(), ran.len(), wrong.join("\n"));
    let shapes: BTreeSet<String> = ran.iter().map(|json| shape(json)).collect();
    println!("{} queries of {} shapes", ran.len(), shapes.len());
    assert!(shapes.len() >= 80, "{} queries of {} shapes were run", ran.len(), shapes.len());
    Ok(())
}
