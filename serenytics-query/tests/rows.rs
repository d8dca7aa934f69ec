//! The guide's table of rows, line by line: which outputs are an `Option`, by declaration, aggregate and grouping.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

#[path = "support/rows_table.rs"]
mod rows_table;

use rows_table::{Line, lines, schema, stage};
use serenytics_query::check::check;

#[test]
fn the_guides_table_is_what_the_checker_gives() {
    let mut held = 0;
    for Line { output, name, told } in lines() {
        for (nullable, told) in told {
            for grouped in [false, true] {
                let Some((stage, column_type)) = stage(output, grouped) else { continue };
                let checked = check(&schema(output, column_type, nullable), &stage).unwrap();
                let column = checked.shape.last().unwrap();
                let is_option = Line::is_option(told, grouped);
                assert_eq!(column.nullable, is_option, "{output}, nullable: {nullable}, grouped: {grouped}");
                let named = if name == "the field's" { "column" } else { name.trim_matches('`') };
                assert_eq!(column.name, named, "{output}");
                held += 1;
            }
        }
    }
    assert_eq!(held, 4 * 2 + 6 * 4);
}
