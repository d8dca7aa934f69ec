//! What is written is read back: the extremes of each column type, on every way in and out.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serenytics::{ColumnValue, prelude::*};
use serenytics_core::DataSource;

use crate::{Engine, Outcome};

/// A column of each Rust type.
#[derive(Debug, Clone, PartialEq, Source, Row)]
#[source(name = "extremes")]
struct Extreme {
    id: i64,
    int8: i8,
    int16: i16,
    int32: i32,
    int64: Option<i64>,
    byte: u8,
    word: u16,
    long: u32,
    single: f32,
    double: Option<f64>,
    text: String,
    at: DateTime,
}

fn extremes() -> Vec<Extreme> {
    let base = Extreme {
        id: 0,
        int8: 0,
        int16: 0,
        int32: 0,
        int64: Some(0),
        byte: 0,
        word: 0,
        long: 0,
        single: 0.0,
        double: Some(0.0),
        text: "x".to_owned(),
        at: DateTime::constant(1970, 1, 1, 0, 0, 0, 0),
    };
    let singles = [f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, 123_456_789.0, 1e11, 1.5e12, 16_777_216.0, 0.1];
    let doubles = [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1e23, 9_007_199_254_740_992.0, 0.1 + 0.2, -1e16];
    let texts = ["01234", "1e5", "NULL", "NaN", "2024-01-31", " x ", "a\u{0}b", "\"é\r\n,;\t\\😀", "\u{feff}x"];
    let mut rows = vec![
        Extreme { int8: i8::MIN, int16: i16::MIN, int32: i32::MIN, int64: Some(i64::MIN), ..base.clone() },
        Extreme { int8: i8::MAX, int16: i16::MAX, int32: i32::MAX, int64: Some(i64::MAX), ..base.clone() },
        Extreme { byte: u8::MAX, word: u16::MAX, long: u32::MAX, int64: None, double: None, ..base.clone() },
        Extreme { int64: Some(9_007_199_254_740_993), at: DateTime::constant(1, 1, 1, 0, 0, 0, 0), ..base.clone() },
        Extreme { at: DateTime::constant(9999, 12, 31, 23, 59, 59, 999_999_000), ..base.clone() },
    ];
    rows.extend(singles.map(|single| Extreme { single, ..base.clone() }));
    rows.extend(doubles.map(|double| Extreme { double: Some(double), ..base.clone() }));
    rows.extend(texts.map(|text| Extreme { text: text.to_owned(), ..base.clone() }));
    numbered(rows)
}

fn numbered(mut rows: Vec<Extreme>) -> Vec<Extreme> {
    for (id, row) in rows.iter_mut().enumerate() {
        row.id = id as i64;
    }
    rows
}

/// Rows of any values that a storage can represent.
fn any_rows() -> Vec<Extreme> {
    let integers =
        (any::<i8>(), any::<i16>(), any::<i32>(), any::<Option<i64>>(), any::<u8>(), any::<u16>(), any::<u32>());
    let single = any::<f32>().prop_filter("finite", |value| value.is_finite());
    let double = proptest::option::of(any::<f64>().prop_filter("finite", |value| value.is_finite()));
    let text = any::<String>().prop_filter("not empty", |text| !text.is_empty());
    let microsecond = -62_135_596_800_000_000_i64..253_402_300_799_999_999;
    let row =
        (integers, single, double, text, microsecond).prop_map(|(integers, single, double, text, microsecond)| {
            let (int8, int16, int32, int64, byte, word, long) = integers;
            let at = jiff::tz::Offset::UTC
                .to_datetime(jiff::Timestamp::from_microsecond(microsecond).expect("the range is that of timestamps"));
            Extreme { id: 0, int8, int16, int32, int64, byte, word, long, single, double, text, at }
        });
    let rows = proptest::collection::vec(row, 300);
    numbered(rows.new_tree(&mut TestRunner::deterministic()).expect("the strategy has values").current())
}

/// Reads all rows, in the order in which they were created.
async fn fetched(engine: &Engine) -> Result<Vec<Extreme>, serenytics_core::Error> {
    let all = query! {
        from Extreme
        select id, int8, int16, int32, int64, byte, word, long, single, double, text, at
        order_by id
        into Extreme
    };
    engine.client.fetch(&all).await
}

/// Asserts that all rows are equal to the bit, and names the first that is not.
fn assert_same(read: &[Extreme], written: &[Extreme], way: &str) {
    assert_eq!(read.len(), written.len(), "{way}");
    for (read, written) in read.iter().zip(written) {
        assert_eq!(format!("{read:?}"), format!("{written:?}"), "{way}");
    }
}

async fn emptied(engine: &Engine) -> Result<DataSource, Box<dyn std::error::Error>> {
    if let Some(storage) = engine.client.find_source("extremes").await? {
        storage.delete().await?;
    }
    Ok(engine.client.create_storage("extremes").await?)
}

#[tokio::test]
async fn extremes_of_each_type_are_read_back_however_they_are_loaded() -> Outcome {
    let engine = Engine::open().await?;
    let mut rows = extremes();
    rows.extend(any_rows());
    let rows = numbered(rows);
    emptied(&engine).await?.insert(&rows).await?;
    assert_same(&fetched(&engine).await?, &rows, "insert");

    emptied(&engine).await?.batch().insert_or_update("id", &rows).send().await?;
    assert_same(&fetched(&engine).await?, &rows, "batch");

    emptied(&engine).await?.reload(&rows).send().await?;
    assert_same(&fetched(&engine).await?, &rows, "reload");

    let storage = emptied(&engine).await?;
    storage.insert(&rows[..1]).await?;
    storage.update("id", &rows).send().await?;
    assert_same(&fetched(&engine).await?, &rows, "update");

    let storage = emptied(&engine).await?;
    storage.insert(&rows[..1]).await?;
    for row in &rows[1..40] {
        storage.push(row).await?;
    }
    assert_same(&fetched(&engine).await?, &rows[..40], "push");
    Ok(())
}

#[tokio::test]
async fn values_are_the_same_in_aggregates_groups_and_conditions() -> Outcome {
    let engine = Engine::open().await?;
    let rows = extremes();
    emptied(&engine).await?.insert(&rows).await?;
    let widest = query! {
        from Extreme
        select max(single) as single, max(double) as double, max(int64) as int64, min(int64) as least, max(at) as at
    };
    let widest = engine.client.fetch_one(&widest).await?;
    assert_eq!((widest.single, widest.double), (Some(f32::MAX), Some(f64::MAX)));
    assert_eq!((widest.int64, widest.least), (Some(i64::MAX), Some(i64::MIN)));
    assert_eq!(widest.at, rows.iter().map(|row| row.at).max());

    let groups = query! { from Extreme group_by single select count() as rows order_by single asc };
    let groups: Vec<f32> = engine.client.fetch(&groups).await?.into_iter().map(|group| group.single).collect();
    let mut expected: Vec<f32> = rows.iter().map(|row| row.single).collect();
    expected.sort_by(f32::total_cmp);
    expected.dedup();
    assert_eq!(groups, expected);

    for row in &rows {
        let (single, text, at, int64) = (row.single, &row.text, row.at, row.int64);
        let same = query! {
            from Extreme
            where single == {single}, text == {text}, at == {at}, int64 == {int64}?, id == {row.id}
            select id
        };
        assert_eq!(engine.client.fetch_one(&same).await?.id, row.id, "{row:?}");
    }
    Ok(())
}

#[tokio::test]
async fn datetime_is_stored_with_microseconds() -> Outcome {
    let engine = Engine::open().await?;
    let mut rows = extremes();
    rows.truncate(1);
    rows[0].at = DateTime::constant(2024, 2, 29, 23, 59, 59, 123_456_789);
    emptied(&engine).await?.insert(&rows).await?;
    assert_eq!(fetched(&engine).await?[0].at, DateTime::constant(2024, 2, 29, 23, 59, 59, 123_456_000));
    Ok(())
}

/// The states of an order.
#[derive(Debug, Clone, Copy, PartialEq, ColumnValue)]
enum State {
    #[column_value(name = "open, \"new\"")]
    Open,
    Paid,
}

#[derive(Debug, Clone, Copy, PartialEq, ColumnValue)]
#[column_value(type = "int")]
enum Priority {
    Low = -1,
    High = 7,
}

#[derive(Debug, Clone, PartialEq, ColumnValue)]
struct Amount(f32);

#[derive(Debug, Clone, PartialEq, Source, Row)]
#[source(name = "orders")]
struct Order {
    #[column(type = "str")]
    state: State,
    #[column(type = "int")]
    priority: Option<Priority>,
    #[column(type = "float")]
    amount: Amount,
}

#[tokio::test]
async fn enums_and_newtypes_are_written_compared_and_read_back() -> Outcome {
    let engine = Engine::open().await?;
    let orders = engine.client.create_storage("orders").await?;
    let order = |state, priority, amount| Order { state, priority, amount: Amount(amount) };
    let rows = [
        order(State::Open, Some(Priority::High), 123_456_789.0),
        order(State::Paid, None, 0.1),
        order(State::Paid, Some(Priority::Low), f32::MAX),
    ];
    orders.insert(&rows).await?;
    let all = query! { from Order select state, priority, amount order_by amount desc into Order };
    assert_eq!(engine.client.fetch(&all).await?, [&rows[2], &rows[0], &rows[1]].map(Clone::clone));
    orders.reload(&rows).send().await?;
    assert_eq!(engine.client.fetch(&all).await?.len(), 3);

    let (state, wanted) = (State::Paid, [Priority::Low, Priority::High]);
    let paid = query! {
        from Order
        where state == {state}, priority in {wanted}, amount >= {Amount(0.5)}
        group_by state, priority
        select max(amount) as largest
    };
    let paid = engine.client.fetch(&paid).await?;
    assert_eq!(paid.len(), 1);
    assert_eq!((paid[0].state, paid[0].priority), (State::Paid, Some(Priority::Low)));
    assert_eq!(paid[0].largest, Amount(f32::MAX));

    orders.insert([serde_json::json!({"state": "lost", "amount": 1})]).await?;
    let error = engine.client.fetch(&all).await.unwrap_err().to_string();
    let expected = "column `state`: expected a value of `State`: `open, \"new\"`, `Paid`, found `\"lost\"`";
    assert!(error.contains(expected), "{error}");
    Ok(())
}
