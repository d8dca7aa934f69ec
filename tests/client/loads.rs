//! Loads and inserts: rows, files and types, and what happens to the data if they fail.

use std::io::Write;

use serde_json::{Map, Value, json};
use serenytics_core::ForceType;
use serenytics_query::vocabulary::ColumnType;

use crate::{Engine, Outcome, SALES, Sale, error_of, map, ordered, sale, three_sales};

#[tokio::test]
async fn insert_accepts_maps() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    sales.insert(three_sales()).await?;
    sales.insert([map(json!({"country": "IT", "revenue": 2, "unknown": "left out"}))]).await?;
    sales.insert(Vec::<Map<String, Value>>::new()).await?;
    let mut expected = three_sales();
    expected.push(sale("IT", 2.0, None));
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), ordered(expected));
    Ok(())
}

#[tokio::test]
async fn insert_of_an_invalid_value_changes_nothing() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let rows = [json!({"country": "IT", "revenue": 2}), json!({"country": "IT", "revenue": "3,4"})].map(map);
    let error = error_of(sales.insert(rows).await);
    assert!(error.is_rejected() && error.to_string().contains("3,4"), "{error}");
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), ordered(three_sales()));

    let error = error_of(sales.insert([sale("IT", 1.0, None), sale("IT", f64::NAN, None)]).await);
    assert!(error.to_string().contains("nothing was sent: row 2, column `revenue`"), "{error}");
    assert_eq!(sales.row_count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn reload_keeps_strings_whatever_they_look_like() -> Outcome {
    let engine = Engine::open().await?;
    let storage = engine.client.get_or_create_storage("orders").await?;
    let rows = [
        json!({"zip": null, "ordered": "2024-01-31", "count": 1, "shop": "20240131"}),
        json!({"zip": "01234", "ordered": "2024-02-01T10:00:00", "count": 2.5, "shop": "01011201"}),
    ];
    storage.reload(rows.map(map)).send().await?;
    let types: Vec<_> = storage.columns().await?.iter().map(|title| title.column_type()).collect();
    assert_eq!(
        types,
        [Some(ColumnType::Float), Some(ColumnType::DateTime), Some(ColumnType::Str), Some(ColumnType::Str)]
    );
    let expected =
        json!([[1.0, "2024-01-31T00:00:00", "20240131", null], [2.5, "2024-02-01T10:00:00", "01011201", "01234"],]);
    assert_eq!(json!(storage.get_data().await?.rows), expected);
    // An update keeps the types of the storage's columns.
    storage.update("zip", [json!({"zip": "01234", "count": "3"})].map(map)).send().await?;
    let counts: Vec<_> = storage.get_data().await?.rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(counts, [json!(1.0), json!(3.0)]);
    Ok(())
}

fn csv(rows: &[&str]) -> String {
    format!("country;revenue;invoice\n{}\n", rows.join("\n"))
}

#[tokio::test]
async fn reload_from_csv_replaces_the_data() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let path = engine.file("new sales.csv", csv(&["FR;1.5;", "\"I;T\";2;7"]))?;
    sales.reload_from_csv(path).separator(';').send().await?;
    let expected = [sale("FR", 1.5, None), sale("I;T", 2.0, Some(7))];
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), expected);

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(csv(&["DE;0.5;1"]).as_bytes())?;
    let path = engine.file("sales.csv.gz", encoder.finish()?)?;
    sales.reload_from_csv(path).separator(';').send().await?;
    assert_eq!(engine.client.fetch(&SALES).await?, [sale("DE", 0.5, Some(1))]);
    Ok(())
}

#[tokio::test]
async fn reload_from_csv_infers_forces_or_declares_types() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    let path = engine.file("sales.csv", "country,revenue,invoice\n12,1,3\n013,2,\n")?;
    let types = |columns: Vec<serenytics_query::wire::ColumnTitle>| -> Vec<_> {
        columns.iter().map(|title| title.column_type()).collect()
    };
    sales.reload_from_csv(&path).send().await?;
    let inferred = types(sales.columns().await?);
    assert_eq!(inferred[1..], [Some(ColumnType::Int), Some(ColumnType::Int)]);

    sales.reload_from_csv(&path).schema::<Sale>().send().await?;
    let declared = [Some(ColumnType::Str), Some(ColumnType::Float), Some(ColumnType::Int)];
    assert_eq!(types(sales.columns().await?), declared);
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), [sale("013", 2.0, None), sale("12", 1.0, Some(3))]);

    let load = sales.reload_from_csv(&path).force_type("invoice", ForceType::Str).schema::<Sale>();
    load.send().await?;
    assert_eq!(types(sales.columns().await?)[2], Some(ColumnType::Str));

    // Types that were forced in an earlier load are forgotten.
    sales.reload_from_csv(&path).send().await?;
    assert_eq!(types(sales.columns().await?), inferred);
    Ok(())
}

#[tokio::test]
async fn failed_reload_from_csv_changes_nothing() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let broken = [
        ("broken.csv", csv(&["FR;1.5;1", "too;many;fields;here;and;there"]).into_bytes()),
        ("forced.csv", csv(&["FR;1.5;1", "DE;many;2"]).into_bytes()),
        ("truncated.csv.gz", {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(csv(&["FR;1.5;1"; 1000]).as_bytes())?;
            let mut bytes = encoder.finish()?;
            bytes.truncate(bytes.len() - 20);
            bytes
        }),
    ];
    for (name, content) in broken {
        let path = engine.file(name, content)?;
        let load = sales.reload_from_csv(path).separator(';').force_type("revenue", ForceType::Float64);
        let error = error_of(load.send().await);
        assert!(error.is_rejected(), "{name}: {error:?}");
        assert_eq!(ordered(engine.client.fetch(&SALES).await?), ordered(three_sales()), "{name}");
    }
    for name in ["missing.csv", "", "data"] {
        let error = error_of(sales.reload_from_csv(engine.folder.path().join(name)).send().await);
        assert!(!error.is_rejected() && error.status().is_none(), "{name}: {error}");
    }
    let path = engine.file("separated.csv", "country;revenue;invoice\nFR;1;2\n")?;
    for load in [sales.reload_from_csv(&path), sales.update_from_csv(&path, "invoice")] {
        let error = error_of(load.send().await);
        assert!(error.to_string().contains("separated by ';'; set `.separator(';')`"), "{error}");
    }
    let error = error_of(sales.reload_from_csv("missing.csv").send().await);
    assert_eq!(error.to_string(), "there is no file `missing.csv`");
    assert_eq!(sales.row_count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn reload_replaces_rows_and_columns() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let rows = (0..50_000).map(|number| sale(&format!("{number:05}"), f64::from(number), None));
    sales.reload(rows).send().await?;
    assert_eq!(sales.row_count().await?, 50_000);
    let declared = [Some(ColumnType::Str), Some(ColumnType::Float), Some(ColumnType::Int)];
    let types = |columns: Vec<serenytics_query::wire::ColumnTitle>| -> Vec<_> {
        columns.iter().map(|title| title.column_type()).collect()
    };
    assert_eq!(types(sales.columns().await?), declared);
    let unusual = [sale("\"a\",\r\nb", f64::MIN_POSITIVE, Some(i64::MAX)), sale(" c ", -0.5, None)];
    sales.reload(&unusual).send().await?;
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), ordered(unusual.to_vec()));

    // From one storage to another, in constant memory.
    let copy = engine.client.get_or_create_storage("copy").await?;
    copy.reload_from_stream(engine.client.stream(&SALES).await?).send().await?;
    assert_eq!(ordered(engine.client.fetch_from(&copy, &SALES).await?), ordered(unusual.to_vec()));

    sales.reload_from_array(["country", "revenue", "invoice"], [[json!("FR"), json!(1.5), Value::Null]]).send().await?;
    assert_eq!(sales.row_count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn reload_of_an_invalid_row_changes_nothing() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.sales().await?;
    let many = || (0..50_000).map(|number| sale("FR", f64::from(number), None));
    for (last, expected) in [(sale("", 1.0, None), "an empty string"), (sale("FR", f64::NAN, None), "column `revenue`")]
    {
        let error = error_of(sales.reload(many().chain([last])).send().await);
        assert!(
            error.to_string().contains("nothing was loaded: row 50001, ") && error.to_string().contains(expected),
            "{error}"
        );
        assert_eq!(ordered(engine.client.fetch(&SALES).await?), ordered(three_sales()));
    }
    sales.reload(many().chain([sale("", 1.0, None)])).empty_as_null().send().await?;
    assert_eq!(sales.row_count().await?, 50_001);
    let error = error_of(sales.reload_from_csv(engine.file("upper.csv", "Country,été\n1,2\n")?).send().await);
    let message = error.to_string();
    assert!(message.contains("has to be called `country`") && message.contains("has to be called `ete`"), "{message}");
    Ok(())
}

#[tokio::test]
async fn update_replaces_rows_by_primary_key() -> Outcome {
    let engine = Engine::open().await?;
    let sales = engine.client.get_or_create_storage("sales").await?;
    sales.insert([sale("FR", 1.0, Some(1)), sale("DE", 2.0, Some(2))]).await?;
    sales.update("invoice", [sale("de", 20.0, Some(2)), sale("IT", 3.0, Some(3))]).send().await?;
    let expected = [sale("FR", 1.0, Some(1)), sale("IT", 3.0, Some(3)), sale("de", 20.0, Some(2))];
    assert_eq!(ordered(engine.client.fetch(&SALES).await?), expected);
    let path = engine.file("changes.csv", "country,revenue,invoice\nit,30,3\n")?;
    sales.update_from_csv(&path, "invoice").send().await?;
    assert_eq!(sales.row_count().await?, 3);
    let rows =
        futures_util::stream::iter([sale("es", 4.0, Some(4)), sale("FR", 7.0, Some(1))].map(Ok::<_, std::io::Error>));
    sales.update_from_stream("invoice", rows).send().await?;
    assert_eq!(ordered(engine.client.fetch(&SALES).await?)[0], sale("FR", 7.0, Some(1)));
    assert_eq!(sales.row_count().await?, 4);
    let error = error_of(sales.update_from_csv(&path, "invoce").send().await);
    assert!(
        error.to_string().contains("there is no column `invoce`, the primary key; did you mean `invoice`?"),
        "{error}"
    );
    Ok(())
}
