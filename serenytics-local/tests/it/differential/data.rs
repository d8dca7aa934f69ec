//! The rows in both engines: few distinct values, including all special ones.

use serde_json::{Map, Value, json};
use serenytics_query::vocabulary::ColumnType::{self, DateTime, Float, Int, Str};

/// The column with the position of each row in the load.
pub const PLACE: &str = "place";
/// The column of floats whose sum depends on the order in which they are added.
pub const WILD: &str = "wild";
/// The column of integers whose sum is not exact as a float.
pub const LARGE: &str = "big";

/// A table: its columns, and its rows in the order of the columns.
pub struct Table {
    pub name: &'static str,
    pub columns: Vec<(String, ColumnType)>,
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// Returns the rows in the format of a batch.
    pub fn objects(&self) -> Vec<Value> {
        let object = |row: &Vec<Value>| {
            let names = self.columns.iter().map(|(name, _)| name.clone());
            Value::Object(names.zip(row.iter().cloned()).collect::<Map<_, _>>())
        };
        self.rows.iter().map(object).collect()
    }
}

fn countries() -> Vec<Value> {
    let texts = ["FR", "US", "", "it's", "S\u{e3}o Paulo", "Sa\u{303}o Paulo", "fr", " FR", "\u{1f44d}\u{1f3fd}"];
    with_null(texts.iter().map(|text| json!(text)))
}

fn texts() -> Vec<Value> {
    let texts = ["a\"b\"", "a\\b", "%", "_", "\n\t\u{1}", "\u{10ffff}", "\u{1f468}\u{200d}\u{1f469}", "0", "NULL"];
    with_null(texts.iter().map(|text| json!(text)).chain([json!("x".repeat(300))]))
}

fn quantities() -> Vec<Value> {
    with_null([-7, -1, 0, 1, 2, 3, 3, 1000].map(|value| json!(value)))
}

fn large_integers() -> Vec<Value> {
    let values = [i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, 0, (1 << 53) + 1, -(1 << 53) - 1, 1 << 62];
    with_null(values.map(|value| json!(value)))
}

/// Numbers with few digits: their sum is the same in every order.
fn revenues() -> Vec<Value> {
    with_null([0.0, -0.0, 0.25, -0.25, 1.5, 20.0, -20.0, 1234.75].map(|value| json!(value)))
}

fn wild_numbers() -> Vec<Value> {
    let extremes = [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, -5e-324, f64::EPSILON, 0.0, -0.0];
    let digits = [0.1, 0.3, 1.0 / 3.0, 1e300, -1e300, 2.0 / 7.0, 123_456_789.123_456_78];
    let long = [9.007_199_254_740_993e15, 7.120_190_555_104_5e-307, 1.797_693_134_862_315_5e308];
    with_null(extremes.into_iter().chain(digits).chain(long).map(|value| json!(value)))
}

fn datetimes() -> Vec<Value> {
    let texts = [
        "0001-01-01T00:00:00",
        "1582-10-10T12:00:00",
        "1899-12-31T23:59:59.999999",
        "1900-02-28T00:00:00",
        "1969-12-28T23:59:59.000001",
        "1969-12-29T00:00:00",
        "1969-12-31T23:59:59.5",
        "1970-01-01T00:00:00",
        "1972-02-29T12:34:56",
        "2000-02-29T23:59:59",
        "2012-12-31T00:00:00",
        "2013-01-01T00:00:30",
        "2020-12-31T23:30:00",
        "2021-01-03T23:59:59.999999",
        "2021-01-04T00:00:00",
        "2024-02-29T00:00:00.1",
        "2024-03-31T01:02:03",
        "9999-12-31T23:59:59.999999",
    ];
    with_null(texts.iter().map(|text| json!(text)))
}

fn with_null(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    values.into_iter().chain([Value::Null]).collect()
}

/// Returns a row of a large table. The values are spread by the row and the column without a simple pattern.
fn mixed(values: &[Value], row: usize, column: usize) -> Value {
    let mut hash = (row * 31 + column) as u64 ^ 0x9e37_79b9_7f4a_7c15;
    for _ in 0..3 {
        hash = (hash ^ (hash >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    values[(hash >> 33) as usize % values.len()].clone()
}

fn facts(name: &'static str, rows: usize) -> Table {
    let columns = [
        ("country", Str, countries()),
        ("a b;c:\"\u{e9}\"", Str, texts()),
        ("quantity", Int, quantities()),
        (LARGE, Int, large_integers()),
        ("revenue", Float, revenues()),
        (WILD, Float, wild_numbers()),
        ("sold", DateTime, datetimes()),
        ("seen", DateTime, datetimes()),
    ];
    let cells = |row: usize| {
        let place = json!(row);
        std::iter::once(place).chain(columns.iter().enumerate().map(move |(i, (_, _, values))| mixed(values, row, i)))
    };
    let rows = (0..rows).map(|row| cells(row).collect()).collect();
    let columns = columns.iter().map(|(name, column_type, _)| ((*name).to_owned(), *column_type));
    Table { name, columns: std::iter::once((PLACE.to_owned(), Int)).chain(columns).collect(), rows }
}

fn regions() -> Table {
    let columns = [("code", Str), ("level", Int), ("factor", Float), ("opened", DateTime)];
    let rows = [
        (json!("FR"), json!(3), json!(0.0), json!("1969-12-31")),
        (json!("US"), json!(-7), json!(-0.0), json!("2000-02-29")),
        (json!("US"), Value::Null, json!(3.0), Value::Null),
        (json!(""), json!(0), json!(-1.0), json!("2013-01-01T05:00:00")),
        (json!("it's"), json!(3), json!(2.5), json!("2024-02-29")),
        (Value::Null, json!(1), Value::Null, json!("1970-01-01")),
        (json!("Sa\u{303}o Paulo"), json!(1000), json!(1.0), Value::Null),
    ];
    Table {
        name: "regions",
        columns: columns.iter().map(|(name, column_type)| ((*name).to_owned(), *column_type)).collect(),
        rows: rows.into_iter().map(|(code, level, factor, opened)| vec![code, level, factor, opened]).collect(),
    }
}

/// Returns a large table, a small one, and one to join.
pub fn tables() -> [Table; 3] {
    [facts("many", 200), facts("few", 7), regions()]
}
