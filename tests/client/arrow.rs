//! Arrow record batches: loads from them, and query results as them.

use std::sync::Arc;

use serenytics::arrow_array::cast::AsArray;
use serenytics::arrow_array::types::{Int64Type, TimestampMicrosecondType};
use serenytics::arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float32Array, Int16Array, ListArray, RecordBatch,
    StringArray, TimestampMillisecondArray, UInt64Array,
};
use serenytics::arrow_schema::{ArrowError, DataType, TimeUnit};
use serenytics::prelude::*;
use serenytics::wire::Pipeline;
use serenytics_query::vocabulary::ColumnType;

use crate::{Engine, Outcome, SALES, Sale, error_of, sale};

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, ArrowError> {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
}

#[tokio::test]
async fn arrow_batches_are_loaded_with_their_types() -> Outcome {
    let engine = Engine::open().await?;
    let storage = engine.client.get_or_create_storage("typed").await?;
    let zoned = TimestampMillisecondArray::from(vec![Some(1_356_998_400_500), None]).with_timezone("+02:00");
    let dictionary: DictionaryArray<serenytics::arrow_array::types::Int8Type> = vec!["007", "b"].into_iter().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("zip", Arc::new(dictionary)),
        ("small", Arc::new(Int16Array::from(vec![Some(-1), None]))),
        ("large", Arc::new(UInt64Array::from(vec![3, 4]))),
        ("ratio", Arc::new(Float32Array::from(vec![0.5, 2.0]))),
        ("day", Arc::new(Date32Array::from(vec![Some(15_706), None]))),
        ("at", Arc::new(zoned)),
        ("paid", Arc::new(BooleanArray::from(vec![true, false]))),
        ("note", Arc::new(StringArray::from(vec![None, Some("x,\n\"")]))),
    ];
    storage.reload_from_arrow([batch(columns)]).send().await?;
    let types: Vec<_> = storage.columns().await?.iter().map(|title| title.column_type()).collect();
    use ColumnType::{DateTime, Float, Int, Str};
    assert_eq!(types, [Str, Int, Int, Float, DateTime, DateTime, Str, Str].map(Some));
    let mut data = storage.get_data().await?;
    data.rows.sort_by_key(|row| row[2].as_i64());
    let expected = serde_json::json!([
        ["007", -1, 3, 0.5, "2013-01-01T00:00:00", "2013-01-01T00:00:00.5", "true", null],
        ["b", null, 4, 2.0, null, null, "false", "x,\n\""],
    ]);
    assert_eq!(serde_json::json!(data.rows), expected);

    let changed: Vec<(&str, ArrayRef)> = vec![
        ("large", Arc::new(UInt64Array::from(vec![4, 5]))),
        ("note", Arc::new(StringArray::from(vec!["four", "five"]))),
    ];
    storage.update_from_arrow("large", [batch(changed)]).send().await?;
    let notes = storage.query(&Pipeline::default()).await?.rows;
    let mut notes: Vec<_> = notes.iter().map(|row| (row[2].as_i64(), row[7].as_str())).collect();
    notes.sort_unstable();
    assert_eq!(notes, [(Some(3), None), (Some(4), Some("four")), (Some(5), Some("five"))]);

    let change: Vec<(&str, ArrayRef)> = vec![("large", Arc::new(UInt64Array::from(vec![u64::MAX])))];
    let error = error_of(storage.reload_from_arrow([batch(change)]).send().await);
    assert!(error.to_string().contains("nothing was sent: column `large`"), "{error}");
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1)])]);
    let error = error_of(storage.reload_from_arrow([batch(vec![("a", Arc::new(lists))])]).send().await);
    assert!(error.to_string().contains("column `a` is of type List"), "{error}");
    let error = error_of(storage.reload_from_arrow(Vec::<RecordBatch>::new()).send().await);
    assert!(error.to_string().contains("there are no batches"), "{error}");
    let one: ArrayRef = Arc::new(UInt64Array::from(vec![1]));
    let batches = [batch(vec![("a", Arc::clone(&one))]), batch(vec![("b", one)])];
    let error = error_of(storage.reload_from_arrow(batches).send().await);
    assert!(error.to_string().contains("a batch has other columns than the first one"), "{error}");
    assert_eq!(storage.row_count().await?, 3);
    Ok(())
}

#[derive(Source)]
#[source(name = "events")]
#[allow(dead_code, reason = "a declaration")]
struct Event {
    name: String,
    at: DateTime,
    weight: Option<f64>,
}

#[tokio::test]
async fn query_results_are_arrow_batches() -> Outcome {
    let engine = Engine::open().await?;
    let events = engine.client.get_or_create_storage("events").await?;
    let nothing = query! { from Event };
    let batches = engine.client.fetch_arrow(&nothing).await?;
    assert_eq!((batches.len(), batches[0].num_rows(), batches[0].num_columns()), (1, 0, 3));
    let event = |number: i32| Event {
        name: format!("é {number}"),
        at: DateTime::constant(2013, 1, 1 + (number % 28) as i8, 1, 2, 3, 4_000),
        weight: (number % 2 == 0).then_some(f64::from(number)),
    };
    events.reload((0..30_000).map(event)).send().await?;
    let q = query! { from Event order_by at, name };
    let batches = engine.client.fetch_arrow(&q).await?;
    let schema = batches[0].schema();
    assert_eq!(schema.field(1).data_type(), &DataType::Timestamp(TimeUnit::Microsecond, None));
    assert_eq!((schema.field(0).is_nullable(), schema.field(2).is_nullable()), (false, true));
    assert_eq!((batches[0].num_rows(), batches[0].column(2).null_count()), (30_000, 15_000));
    let first = batches[0].column(1).as_primitive::<TimestampMicrosecondType>().value(0);
    assert_eq!(first, 1_357_002_123_000_004);

    let mut stream = engine.client.stream_arrow(&q).await?;
    let (mut rows, mut largest) = (0, 0);
    assert_eq!(stream.schema(), schema);
    while let Some(batch) = stream.try_next().await? {
        rows += batch.num_rows();
        largest = largest.max(batch.num_rows());
    }
    assert!(rows == 30_000 && largest < 30_000, "{rows} {largest}");

    let slots = query! { from Event group_by month(at), weekday(at) select count(), sum(weight) };
    let batch = &engine.client.fetch_arrow(&slots).await?[0];
    assert_eq!((batch.num_rows(), batch.schema().field(1).data_type()), (7, &DataType::Int64));
    Ok(())
}

#[tokio::test]
async fn drift_of_arrow_results_is_an_error() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    sales.insert([sale("FR", 1.0, Some(1))]).await?;
    let narrow: ArrayRef = Arc::new(StringArray::from(vec!["FR"]));
    sales
        .reload_from_arrow([batch(vec![
            ("country", Arc::clone(&narrow)),
            ("revenue", narrow.clone()),
            ("invoice", narrow),
        ])])
        .send()
        .await?;
    let error = error_of(engine.client.fetch_arrow(&SALES).await);
    assert!(error.is_decode() && error.to_string().contains("column `revenue` is declared as float"), "{error}");
    let _ = Sale::schema();
    Ok(())
}
