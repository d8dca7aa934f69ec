//! Compares the guide's table of rows with the checker: which outputs are an `Option`, by
//! declaration, aggregate and grouping.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

#[path = "support/rows_table.rs"]
mod rows_table;

use rows_table::{Line, lines, schema, stage};
use serenytics_query::check::check;

#[test]
fn nullability_of_outputs_matches_the_guide() {
    let mut compared = 0;
    for Line { output, name, options } in lines() {
        for (nullable, options) in options {
            for grouped in [false, true] {
                let Some((stage, column_type)) = stage(output, grouped) else { continue };
                let checked = check(&schema(output, column_type, nullable), &stage).unwrap();
                let column = checked.shape.last().unwrap();
                let is_option = Line::is_option(options, grouped);
                assert_eq!(column.nullable, is_option, "{output}, nullable: {nullable}, grouped: {grouped}");
                let named = if name == "the field's" { "column" } else { name.trim_matches('`') };
                assert_eq!(column.name, named, "{output}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 4 * 2 + 6 * 4);
}
