//! Compares the guide's table of rows with the real engine: an output is NULL in some row exactly
//! where the table says `Option`.

use std::error::Error;

use serde_json::{Map, Value as Json, json};
use serenytics_core::{Client, DataSource};
use serenytics_local::Local;
use serenytics_query::check::check;
use serenytics_query::lower;
use serenytics_query::stage::{Condition, ConditionOperand, Ident, Literal, Position, Stage, Value};
use serenytics_query::vocabulary::{ColumnType, Operator};

#[allow(dead_code, reason = "the names of the outputs are the language's tests' own")]
#[path = "../../serenytics-query/tests/support/rows_table.rs"]
mod rows_table;

use rows_table::{Line, lines, schema, stage};

/// A storage whose `column` has this type. With `nulls`, one of its groups has only NULLs.
async fn storage(client: &Client, column_type: ColumnType, nulls: bool) -> Result<DataSource, Box<dyn Error>> {
    let source = client.get_or_create_storage(&format!("{column_type} {nulls}")).await?;
    let value = match column_type {
        ColumnType::Str => json!("x"),
        ColumnType::Int => json!(-3),
        ColumnType::Float => json!(2.5),
        ColumnType::DateTime => json!("2013-01-31T12:30:00"),
    };
    let row = |column: &Json, other: &str| -> Map<String, Json> {
        let cells = [("column", column.clone()), ("other", json!(other)), ("other_number", json!(1))];
        cells.map(|(name, cell)| (name.to_owned(), cell)).into_iter().collect()
    };
    let second = if nulls { Json::Null } else { value.clone() };
    source.insert([row(&value, "a"), row(&second, "b"), row(&second, "b")]).await?;
    Ok(source)
}

/// Adds a condition that no row meets.
fn of_nothing(mut stage: Stage) -> Stage {
    let position = Position::default();
    let operand = ConditionOperand::Scalar(Value::Literal(Literal::Text("nothing".to_owned()), position));
    let column = Ident { text: "other".to_owned(), position };
    stage.conditions.push(Condition { column, operator: Some(Operator::Equal), operator_position: position, operand });
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn nullability_of_rows_matches_the_guide() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let client = engine.client();
    let mut held = 0;
    for Line { output, options, .. } in lines() {
        for (nullable, options) in options {
            for grouped in [false, true] {
                let Some((stage, column_type)) = stage(output, grouped) else { continue };
                let source = storage(&client, column_type, nullable).await?;
                let schema = schema(output, column_type, nullable);
                let mut nulls = 0;
                for stage in [stage.clone(), of_nothing(stage)] {
                    let checked = check(&schema, &stage).unwrap();
                    let json = lower(&schema, &stage, &checked).unwrap().render(&[]);
                    let answer = client.fetch_raw(&source, &serde_json::from_str(&json)?).await?;
                    nulls += answer.rows.iter().filter(|row| row.last().is_some_and(Json::is_null)).count();
                }
                let is_option = Line::is_option(options, grouped);
                assert_eq!(nulls > 0, is_option, "{output}, nullable: {nullable}, grouped: {grouped}");
                held += 1;
                source.delete().await?;
            }
        }
    }
    assert_eq!(held, 4 * 2 + 6 * 4);
    Ok(())
}
