//! Every stage that the checker accepts runs: random stages on the real engine, over rows full of
//! NULLs, return exactly their shape.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

mod formulas;
mod nullability;

use std::error::Error;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value as Json, json};
use serenytics_core::{Client, DataSource};
use serenytics_local::Local;
use serenytics_query::check::check;
use serenytics_query::lower;
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::stage::*;
use serenytics_query::vocabulary::{Aggregate, ColumnType, Direction, Operator, TimeSlot};
use serenytics_query::wire::{ColumnItem, Item, Pipeline};

/// A text, a float, an integer, a datetime, a text whose name is not an identifier, and a measure.
const COLUMNS: [&str; 6] = ["country", "revenue", "quantity", "sold", "a b;c:\"λ\"", MEASURE];

/// A measure, which is computed and not loaded.
const MEASURE: &str = "half";

/// The number of stages for each storage.
const RUNS: usize = 300;

/// The cells of a storage's rows.
struct Cells {
    texts: Vec<Json>,
    numbers: Vec<Json>,
    integers: Vec<Json>,
    datetimes: Vec<Json>,
}

/// Rows with many NULLs, rows with only NULLs after the first one, and rows of the largest and the
/// smallest values.
fn storages() -> [(&'static str, Cells); 3] {
    let full = Cells {
        texts: vec![json!("FR"), Json::Null, json!(""), json!("it's \"é\"\n"), json!("US"), json!("NA")],
        numbers: vec![json!(1.5), Json::Null, json!(-2.0), json!(1e300), json!(0)],
        integers: vec![json!(3), Json::Null, json!(-7), json!(1_000_000_000), json!(3)],
        datetimes: vec![json!("2013-01-31T12:30:00"), Json::Null, json!("1969-12-31T23:59:59"), json!("2024-02-29")],
    };
    let first = |cell: Json| std::iter::once(cell).chain(std::iter::repeat_n(Json::Null, 400)).collect();
    let empty = Cells {
        texts: first(json!("FR")),
        numbers: first(json!(1.5)),
        integers: first(json!(3)),
        datetimes: first(json!("2013-01-31")),
    };
    let extreme = Cells {
        texts: vec![json!("x".repeat(10_000)), json!("\u{1f}\u{10ffff}"), json!("-1"), json!("[\"FR\"]")],
        numbers: vec![json!(f64::MAX), json!(f64::MIN), json!(f64::MIN_POSITIVE), json!(-0.0), json!(5e-324)],
        integers: vec![json!(i64::MAX), json!(i64::MIN), json!(0), json!(-1)],
        datetimes: vec![json!("0001-01-01"), json!("9999-12-31T23:59:59.999999"), json!("1970-01-01")],
    };
    [("full of NULLs", full), ("nothing but NULLs", empty), ("extreme", extreme)]
}

fn rows(of: &Cells) -> Vec<Map<String, Json>> {
    (0..60)
        .map(|row| {
            let cell = |cells: &[Json], step: usize| cells[row / step % cells.len()].clone();
            let Cells { texts, numbers, integers, datetimes } = of;
            let cells = [cell(texts, 1), cell(numbers, 2), cell(integers, 3), cell(datetimes, 1), cell(texts, 5)];
            COLUMNS.iter().map(|name| (*name).to_owned()).zip(cells).collect()
        })
        .collect()
}

fn word(text: &str) -> Ident {
    Ident { text: text.to_owned(), position: Position::default() }
}

fn column() -> impl Strategy<Value = Ident> {
    prop::sample::select(&COLUMNS[..]).prop_map(word)
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<i64>().prop_map(Literal::Int),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Literal::Float),
        prop::sample::select(vec!["FR", "", "it's \"é\"\n", "2013-01-31", "1969-12-31T23:59:59", "\\"])
            .prop_map(|text| Literal::Text(text.to_owned())),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let operand = (literal(), prop::collection::vec(literal(), 0..3));
    (column(), prop::sample::select(Operator::ALL), operand).prop_map(|(column, operator, (one, many))| {
        let position = Position::default();
        let value = |literal| Value::Literal(literal, position);
        let operand = match operator.operand() {
            serenytics_query::vocabulary::Operand::None => ConditionOperand::None,
            serenytics_query::vocabulary::Operand::Scalar => ConditionOperand::Scalar(value(one)),
            serenytics_query::vocabulary::Operand::List => {
                ConditionOperand::List(many.into_iter().map(value).collect(), position)
            }
        };
        Condition { column, operator: Some(operator), operator_position: position, operand }
    })
}

fn key() -> impl Strategy<Value = Key> {
    let slot = prop_oneof![
        3 => Just(KeySlot::Whole),
        1 => prop::sample::select(TimeSlot::ALL).prop_map(KeySlot::Slot),
    ];
    (column(), slot).prop_map(|(column, slot)| Key {
        column: if matches!(slot, KeySlot::Slot(_)) { word("sold") } else { column },
        slot,
        alias: None,
    })
}

fn aggregate() -> impl Strategy<Value = Selected> {
    let position = Position::default();
    prop_oneof![
        1 => Just(Selected::Count(position)),
        5 => (prop::sample::select(Aggregate::ALL), column())
            .prop_map(move |(aggregate, column)| Selected::Aggregate { aggregate, position, column }),
    ]
}

fn selections(what: impl Strategy<Value = Selected>) -> impl Strategy<Value = Option<Vec<Selection>>> {
    let selection = what.prop_map(|selected| Selection { selected, alias: None });
    prop::option::weighted(0.8, prop::collection::vec(selection, 1..4))
}

/// Stages that are often valid: plain ones, grouped ones, and ones of a single row.
fn stage() -> impl Strategy<Value = Stage> {
    let plain = selections(column().prop_map(Selected::Column)).prop_map(|select| (Vec::new(), select));
    let grouped = (prop::collection::vec(key(), 0..3), selections(aggregate()));
    let limit = prop::option::of((1..50_i64).prop_map(|rows| Limit::Rows(rows, Position::default())));
    let order = (any::<prop::sample::Index>(), any::<bool>());
    (prop_oneof![plain, grouped], prop::collection::vec(condition(), 0..3), prop::collection::vec(order, 0..3), limit)
        .prop_map(|((group_by, select), conditions, orders, limit)| {
            let mut orderable: Vec<Selected> =
                select.iter().flatten().map(|selection: &Selection| selection.selected.clone()).collect();
            orderable.extend(group_by.iter().map(|key: &Key| match key.slot {
                KeySlot::Slot(slot) => {
                    Selected::Slot { slot, position: Position::default(), column: key.column.clone() }
                }
                _ => Selected::Column(key.column.clone()),
            }));
            let order_by = orders
                .into_iter()
                .filter(|_| !orderable.is_empty())
                .map(|(index, ascending)| Order {
                    by: index.get(&orderable).clone(),
                    direction: if ascending { Direction::Asc } else { Direction::Desc },
                })
                .collect();
            Stage { conditions, group_by, select, order_by, limit, ..Stage::default() }
        })
}

/// Returns true if a cell fits its column.
fn fits(cell: &Json, column: &OutputColumn) -> bool {
    let datetime = |cell: &Json| cell.as_str().is_some_and(|text| text.parse::<serenytics::DateTime>().is_ok());
    match column.output_type {
        _ if cell.is_null() => column.nullable,
        OutputType::Column(ColumnType::Str) => cell.is_string(),
        OutputType::Column(ColumnType::Int) | OutputType::Slot(TimeSlot::Weekday) => cell.is_i64(),
        OutputType::Column(ColumnType::Float) => cell.is_number(),
        OutputType::Column(ColumnType::DateTime) | OutputType::Slot(_) => datetime(cell),
    }
}

/// Adds the measure's uuid to the pipeline, as the client does.
fn with_uuids(mut pipeline: Pipeline) -> Pipeline {
    let uuid = |name: &str| (name == MEASURE).then(|| "m1".to_owned());
    for stage in &mut pipeline.data_processing_pipeline {
        for item in stage.group_by.iter_mut().chain(&mut stage.select).chain(&mut stage.order_by) {
            let column = item.clone().into_column();
            *item = Item::Column(ColumnItem { measure_uuid: uuid(&column.name), ..column });
        }
        for condition in &mut stage.conditions {
            condition.measure_uuid = uuid(&condition.name);
        }
    }
    pipeline
}

async fn holds(client: &Client, source: &DataSource, schema: &Schema, stage: &Stage) -> Result<bool, String> {
    let Ok(checked) = check(schema, stage) else { return Ok(false) };
    let json = lower(schema, stage, &checked).ok_or("an accepted stage is not lowered")?.render(&[]);
    let options: Pipeline = serde_json::from_str(&json).map_err(|error| format!("{error}: {json}"))?;
    let answer = match client.fetch_raw(source, &with_uuids(options)).await {
        Ok(answer) => answer,
        // A number that does not fit into a cell is reported at run time: the result is never a
        // wrong number.
        Err(error) if error.to_string().contains("64 bits") => return Ok(true),
        Err(error) => return Err(format!("{error}: {json}")),
    };
    if answer.columns.len() != checked.shape.len() {
        return Err(format!("{} columns for {json}", answer.columns.len()));
    }
    for row in &answer.rows {
        for (cell, column) in row.iter().zip(&checked.shape) {
            if !fits(cell, column) {
                return Err(format!("{cell} does not fit {column:?}: {json}"));
            }
        }
    }
    Ok(true)
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_queries_run_and_return_their_shape() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let mut accepted = 0;
    for (name, cells) in storages() {
        accepted += run(&engine, name, &rows(&cells)).await?;
    }
    assert!(accepted > RUNS, "{accepted} stages were accepted");
    Ok(())
}

/// Runs random stages over some rows, and returns how many the checker accepted.
async fn run(engine: &Local, name: &str, rows: &[Map<String, Json>]) -> Result<usize, Box<dyn Error>> {
    let client = engine.client();
    let source = client.get_or_create_storage(name).await?;
    source.insert(rows).await?;
    let measures = json!({"m1": {"name": MEASURE, "type": "formula", "data": {"formula": "[revenue] / 2"}}});
    let request = reqwest::Client::new().put(format!("{}/api/data_source/{}", engine.url(), source.uuid()));
    let body = json!({"jsonContent": {"measures": measures}}).to_string();
    assert_eq!(request.header("x-api-key", engine.api_key()).body(body).send().await?.status(), 200);
    let mut schema = Schema::from_titles(SourceRef::Name(name.to_owned().into()), &source.columns().await?);
    let types: Vec<_> = schema.columns.iter().map(|column| column.column_type.word()).collect();
    // `serde_json` sorts the names of an object.
    assert_eq!(types, ["str", "str", "int", "float", "datetime"]);

    schema.columns.push(Column {
        name: MEASURE.to_owned(),
        wire: MEASURE.to_owned(),
        column_type: ColumnType::Float,
        nullable: true,
        kind: ColumnKind::Measure,
        rust_type: String::new(),
        formula: None,
    });
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[13; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut accepted = 0;
    for _ in 0..RUNS {
        let stage = stage().new_tree(&mut runner).map_err(|reason| reason.to_string())?.current();
        accepted +=
            usize::from(holds(&client, &source, &schema, &stage).await.map_err(|error| format!("{name}: {error}"))?);
    }
    Ok(accepted)
}
