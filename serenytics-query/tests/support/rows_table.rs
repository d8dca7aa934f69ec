//! The guide's table of rows: its lines, and a stage for each output.

use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::stage::{Ident, Key, KeySlot, Position, Selected, Selection, Stage};
use serenytics_query::vocabulary::{Aggregate, ColumnType, TimeSlot};

const GUIDE: &str = include_str!("../../../docs/guide/rows.md");

/// A line of the table.
pub struct Line {
    /// The output, as the guide writes it.
    pub output: &'static str,
    /// The name of its field.
    pub name: &'static str,
    /// When the output is an `Option`: for a column that is never NULL, and for a nullable column.
    pub options: [(bool, &'static str); 2],
}

impl Line {
    /// Returns true if the output is an `Option` according to the guide.
    pub fn is_option(options: &str, grouped: bool) -> bool {
        match options {
            "never" => false,
            "always" => true,
            "ungrouped" => !grouped,
            other => panic!("{other:?}"),
        }
    }
}

/// The lines of the table.
pub fn lines() -> Vec<Line> {
    let rows = GUIDE.lines().filter(|line| line.starts_with("| `"));
    let lines: Vec<Line> = rows
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [output, name, _, required, optional] = cells[..] else { panic!("{line:?}") };
            Line { output, name, options: [(false, required), (true, optional)] }
        })
        .collect();
    assert_eq!(lines.len(), 10);
    lines
}

/// Returns the formula of `column` in the line of value formulas: one that may be NULL, or one that may not.
const fn formula(nullable: bool) -> &'static str {
    if nullable { "sum([other_number]) / count()" } else { "count() / 2" }
}

fn word(text: &str) -> Ident {
    Ident { text: text.to_owned(), position: Position::default() }
}

/// A source with one `column`, and another one to group by.
pub fn schema(output: &str, column_type: ColumnType, nullable: bool) -> Schema {
    let is_formula = output.ends_with("value formula");
    let column = |name: &str, wire: &str, column_type, kind| Column {
        name: name.to_owned(),
        wire: wire.to_owned(),
        column_type,
        nullable,
        kind,
        rust_type: String::new(),
        formula: None,
    };
    let (wire, kind) =
        if is_formula { (formula(nullable), ColumnKind::Formula) } else { ("column", ColumnKind::Stored) };
    let columns =
        vec![column("column", wire, column_type, kind), column("other", "other", ColumnType::Str, ColumnKind::Stored)];
    Schema { source: SourceRef::Name("source".into()), columns }
}

/// Returns the stage of a line's output and the type of its column; `None` if it is not allowed
/// with that grouping.
pub fn stage(output: &str, grouped: bool) -> Option<(Stage, ColumnType)> {
    let position = Position::default();
    let key = |column: &str, slot| Key { column: word(column), slot, alias: None };
    let select = |selected| Some(vec![Selection { selected, alias: None }]);
    let other = || if grouped { vec![key("other", KeySlot::Whole)] } else { Vec::new() };
    let (group_by, select, column_type) = match output {
        "`column`" | "`column`, a value formula" if grouped => return None,
        "`column`" => (Vec::new(), select(Selected::Column(word("column"))), ColumnType::Str),
        "`column`, a value formula" => (Vec::new(), select(Selected::Column(word("column"))), ColumnType::Float),
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
