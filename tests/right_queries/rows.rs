//! The two sources: hand-made rows of edge cases, and the first flights of a real file.

use std::io::Read;

use serenytics::prelude::*;

/// Things with NULLs, empty strings, quotes, duplicates, and the largest and smallest values.
#[derive(Debug, Clone, Source)]
#[source(name = "right things: \"é\"")]
pub struct Things {
    pub id: i64,
    pub text: String,
    pub note: Option<String>,
    pub number: f64,
    pub ratio: Option<f64>,
    pub whole: i64,
    pub part: Option<i64>,
    pub sold: DateTime,
    pub seen: Option<DateTime>,
    #[column(name = "a;b:c \"λ\"")]
    pub odd: String,
    #[column(name = "sum(id)")]
    pub limit: i32,
    pub r#in: Option<String>,
    pub r#type: String,
    pub count: u32,
    pub month: i8,
    pub single: Option<f32>,
}

/// The columns that cannot be computed from the others.
type Thing<'t> = (&'t str, Option<&'t str>, f64, Option<f64>, i64, Option<i64>, &'t str, Option<&'t str>);

/// Numbers are multiples of 1/8 or huge, so that sums of the former are exact in any order.
const THINGS: &[Thing<'_>] = &[
    ("FR", Some("a"), 1.5, Some(0.5), 3, Some(3), "2013-01-31T12:30:00", Some("2013-01-31T12:30:00")),
    ("FR", None, -2.25, None, -7, None, "2013-01-31T12:30:59.999999", None),
    ("", Some(""), 0.0, Some(0.0), 0, Some(0), "1969-12-31T23:59:59", Some("1969-12-31T23:59:59")),
    ("US", Some("a"), 100.0, Some(-0.125), 3, Some(3), "2024-02-29T00:00:00", Some("2024-02-29T23:00:00")),
    ("it's \"é\"\n\\", Some("it's \"é\"\n\\"), 1.5, Some(1.5), 42, Some(-42), "2012-12-29T23:59:58.75", None),
    ("É", Some("é"), 0.125, None, 1, None, "2013-01-06T00:00:00", Some("2013-01-07T00:00:00")),
    ("NULL", Some("NA"), -0.5, Some(2.5), -1, Some(8), "2013-04-01T08:00:00", Some("2013-04-01T08:00:30")),
    ("😀 %_", Some("null"), 8.0, Some(8.0), 8, Some(8), "2013-04-01T08:59:00", Some("2013-12-31T23:59:59")),
    ("fr", None, 1e300, Some(-1e300), i64::MAX, Some(i64::MIN), "9999-12-31T23:59:59", Some("0001-01-01T00:00:00")),
    (
        "US",
        Some("b"),
        -1e300,
        Some(1e-300),
        i64::MIN,
        Some(i64::MAX),
        "0001-01-01T00:00:00",
        Some("9999-12-31T00:00:00"),
    ),
    (" FR ", Some("  "), 2.0, Some(2.0), 2, Some(2), "2000-02-29T10:20:30.5", None),
    ("FR", Some("b"), 1.5, Some(0.5), 3, None, "2013-07-14T00:00:00", Some("2013-07-14T00:00:00")),
    ("FR", Some("a"), 1.5, Some(0.5), 3, Some(3), "2013-01-31T12:30:00", Some("2013-01-31T12:30:00")),
];

pub fn things() -> Vec<Things> {
    let thing = |(index, thing): (usize, &Thing<'_>)| {
        let (text, note, number, ratio, whole, part, sold, seen) = *thing;
        let id = i64::try_from(index).unwrap();
        let small = i8::try_from(index).unwrap();
        Things {
            id,
            text: text.to_owned(),
            note: note.map(str::to_owned),
            number,
            ratio,
            whole,
            part,
            sold: sold.parse().unwrap(),
            seen: seen.map(|seen| seen.parse().unwrap()),
            odd: format!("{text}:{}", index % 2),
            limit: i32::from(small) % 3 - 1,
            r#in: note.map(str::to_uppercase),
            r#type: if index % 2 == 0 { "even" } else { "odd" }.to_owned(),
            count: u32::MAX - u32::from(small.unsigned_abs() % 4),
            month: small % 5 - 2,
            single: (index % 4 != 1).then_some(f32::from(small) / 4.0),
        }
    };
    THINGS.iter().enumerate().map(thing).collect()
}

/// A flight from New York City in January 2013.
#[derive(Debug, Clone, Source)]
#[source(name = "right flights")]
pub struct Flights {
    pub carrier: String,
    pub flight: i32,
    pub tailnum: Option<String>,
    pub origin: String,
    pub dest: String,
    #[column(name = "dep delay")]
    pub dep_delay: Option<i32>,
    pub arr_delay: Option<i32>,
    pub air_time: Option<f64>,
    pub distance: u32,
    pub hour: i8,
    pub time_hour: DateTime,
}

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/flights-2013-01.csv.gz");

/// The first 2,000 flights of the file.
pub fn flights() -> Vec<Flights> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(FILE).unwrap()).read_to_string(&mut text).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let flights = reader.records().take(2_000).map(|record| {
        let record = record.unwrap();
        let cell = |name: &str| record[at(name)].to_owned();
        Flights {
            carrier: cell("carrier"),
            flight: cell("flight").parse().unwrap(),
            tailnum: Some(cell("tailnum")).filter(|tailnum| tailnum != "NA"),
            origin: cell("origin"),
            dest: cell("dest"),
            dep_delay: cell("dep_delay").parse().ok(),
            arr_delay: cell("arr_delay").parse().ok(),
            air_time: cell("air_time").parse().ok(),
            distance: cell("distance").parse().unwrap(),
            hour: cell("hour").parse().unwrap(),
            time_hour: cell("time_hour").trim_end_matches('Z').parse().unwrap(),
        }
    });
    flights.collect()
}
