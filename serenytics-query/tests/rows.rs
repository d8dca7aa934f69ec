//! The guide's table of rows, line by line: which outputs are an `Option`, by declaration, aggregate and grouping.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

use serenytics_query::check::check;
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::stage::{Key, KeySlot, Position, Selected, Selection, Stage, Word};
use serenytics_query::vocabulary::{Aggregate, ColumnType, TimeSlot};

const GUIDE: &str = include_str!("../../docs/guide/rows.md");

fn word(text: &str) -> Word {
    Word { text: text.to_owned(), position: Position::default() }
}

fn schema(column_type: ColumnType, nullable: bool) -> Schema {
    let column = |name: &str, column_type| Column {
        name: name.to_owned(),
        wire: name.to_owned(),
        column_type,
        nullable,
        kind: ColumnKind::Stored,
        rust_type: String::new(),
    };
    let columns = vec![column("column", column_type), column("other", ColumnType::Str)];
    Schema { source: SourceRef::Name("source".into()), columns }
}

/// The stage of a line's output, and the type that its column needs; `None` where it cannot stand with that grouping.
fn stage(output: &str, grouped: bool) -> Option<(Stage, ColumnType)> {
    let position = Position::default();
    let key = |column: &str, slot| Key { column: word(column), slot, alias: None };
    let select = |selected| Some(vec![Selection { selected, alias: None }]);
    let other = || if grouped { vec![key("other", KeySlot::Whole)] } else { Vec::new() };
    let (group_by, select, column_type) = match output {
        "`column`" if grouped => return None,
        "`column`" => (Vec::new(), select(Selected::Column(word("column"))), ColumnType::Str),
        _ if output.ends_with("in `group_by`") && !grouped => return None,
        "`column` in `group_by`" => (vec![key("column", KeySlot::Whole)], None, ColumnType::Str),
        "`month(column)` in `group_by`" => {
            (vec![key("column", KeySlot::Slot(TimeSlot::Month))], None, ColumnType::DateTime)
        }
        "`count()`" => (other(), select(Selected::Count(position)), ColumnType::Str),
        aggregate => {
            let name = aggregate.trim_start_matches('`').split('(').next().unwrap();
            let aggregate = Aggregate::from_word(name).unwrap();
            let selected = Selected::Aggregate { aggregate, position, column: word("column") };
            (other(), select(selected), ColumnType::Int)
        }
    };
    Some((Stage { group_by, select, ..Stage::default() }, column_type))
}

#[test]
fn the_guides_table_is_what_the_checker_gives() {
    let lines: Vec<Vec<&str>> = GUIDE
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(lines.len(), 9);
    let mut held = 0;
    for line in &lines {
        let [output, name, _, required, optional] = line[..] else { panic!("{line:?}") };
        for (nullable, told) in [(false, required), (true, optional)] {
            for grouped in [false, true] {
                let Some((stage, column_type)) = stage(output, grouped) else { continue };
                let checked = check(&schema(column_type, nullable), &stage).unwrap();
                let column = checked.shape.last().unwrap();
                let is_option = match told {
                    "never" => false,
                    "always" => true,
                    "ungrouped" => !grouped,
                    other => panic!("{other:?}"),
                };
                assert_eq!(column.nullable, is_option, "{output}, nullable: {nullable}, grouped: {grouped}");
                let named = if name == "the field's" { "column" } else { name.trim_matches('`') };
                assert_eq!(column.name, named, "{output}");
                held += 1;
            }
        }
    }
    assert_eq!(held, 3 * 2 + 6 * 4);
}
