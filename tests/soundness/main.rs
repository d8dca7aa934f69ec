//! What the checker accepts runs: random stages, lowered and sent to the real engine over rows full of NULLs, give exactly their shape.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

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
use serenytics_query::schema::{Schema, SourceRef};
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::stage::*;
use serenytics_query::vocabulary::{Aggregate, ColumnType, Direction, Operator, TimeSlot};
use serenytics_query::wire::Pipeline;

/// A text, a number, an integer, a datetime, and a text whose name is no identifier.
const COLUMNS: [&str; 5] = ["country", "revenue", "quantity", "sold", "a b;c:\"é\""];

/// How many stages are run.
const RUNS: usize = 400;

fn rows() -> Vec<Map<String, Json>> {
    let texts = [json!("FR"), Json::Null, json!(""), json!("it's \"é\"\n"), json!("US"), json!("NA")];
    let numbers = [json!(1.5), Json::Null, json!(-2.0), json!(1e300), json!(0)];
    let integers = [json!(3), Json::Null, json!(-7), json!(1_000_000_000), json!(3)];
    let datetimes = [json!("2013-01-31T12:30:00"), Json::Null, json!("1969-12-31T23:59:59"), json!("2024-02-29")];
    (0..60)
        .map(|row| {
            let cell = |cells: &[Json], step: usize| cells[row / step % cells.len()].clone();
            let cells = [cell(&texts, 1), cell(&numbers, 2), cell(&integers, 3), cell(&datetimes, 1), cell(&texts, 5)];
            COLUMNS.iter().map(|name| (*name).to_owned()).zip(cells).collect()
        })
        .collect()
}

fn word(text: &str) -> Word {
    Word { text: text.to_owned(), position: Position::default() }
}

fn column() -> impl Strategy<Value = Word> {
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

/// Stages that are often right: plain ones, grouped ones, and ones of a single row.
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

/// Whether a cell is one of its column.
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

async fn holds(client: &Client, source: &DataSource, schema: &Schema, stage: &Stage) -> Result<bool, String> {
    let Ok(checked) = check(schema, stage) else { return Ok(false) };
    let json = lower(schema, stage, &checked).ok_or("an accepted stage is not lowered")?.render(&[]);
    let options: Pipeline = serde_json::from_str(&json).map_err(|error| format!("{error}: {json}"))?;
    let answer = client.fetch_raw(source, &options).await.map_err(|error| format!("{error}: {json}"))?;
    if answer.columns.len() != checked.shape.len() {
        return Err(format!("{} columns for {json}", answer.columns.len()));
    }
    for row in &answer.rows {
        for (cell, column) in row.iter().zip(&checked.shape) {
            if !fits(cell, column) {
                return Err(format!("{cell} is no cell of {column:?}: {json}"));
            }
        }
    }
    Ok(true)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_checker_accepts_runs_and_gives_its_shape() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let client = engine.client();
    let source = client.get_or_create_storage("random").await?;
    source.insert(rows()).await?;
    let schema = Schema::from_titles(SourceRef::Name("random".into()), &source.columns().await?);
    let types: Vec<_> = schema.columns.iter().map(|column| column.column_type.word()).collect();
    // A JSON object of `serde_json` has its names in their order.
    assert_eq!(types, ["str", "str", "int", "float", "datetime"]);

    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[13; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut accepted = 0;
    for _ in 0..RUNS {
        let stage = stage().new_tree(&mut runner).map_err(|reason| reason.to_string())?.current();
        accepted += usize::from(holds(&client, &source, &schema, &stage).await?);
    }
    assert!(accepted > RUNS / 4, "{accepted} of {RUNS} stages were accepted");
    Ok(())
}
