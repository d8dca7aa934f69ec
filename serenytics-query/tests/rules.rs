//! Compares each cell of the guide's rules with the checker: what it accepts, and the codes of what
//! it rejects.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

mod support;

use serenytics_query::check::check;
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::shape::OutputType;
use serenytics_query::vocabulary::{Aggregate, ColumnType, Operand, Operator, TimeSlot};
use support::{problems, read};

const GUIDE: &str = include_str!("../../docs/guide/rules.md");

const KINDS: [(ColumnKind, &str); 4] = [
    (ColumnKind::Stored, "stored"),
    (ColumnKind::Joined, "joined"),
    (ColumnKind::Measure, "measure"),
    (ColumnKind::Formula, "value formula"),
];

/// The kinds of columns that have a cell in each row.
const ROW_KINDS: [ColumnKind; 3] = [ColumnKind::Stored, ColumnKind::Joined, ColumnKind::Measure];

/// The guide's name of a type.
fn type_name(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Str => "text",
        ColumnType::Int => "integer",
        ColumnType::Float => "float",
        ColumnType::DateTime => "datetime",
    }
}

/// The table under a heading: its titles, and its lines without the quotes of their first cells.
fn table(heading: &str) -> (Vec<&'static str>, Vec<Vec<&'static str>>) {
    let section = GUIDE.split("\n## ").find(|section| section.lines().next() == Some(heading)).unwrap();
    let mut lines = section.lines().filter(|line| line.starts_with('|')).map(|line| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().trim_matches('`')).collect::<Vec<_>>()
    });
    let titles = lines.next().unwrap();
    assert!(lines.next().unwrap().iter().all(|cell| *cell == "---"));
    let lines: Vec<_> = lines.collect();
    assert!(lines.iter().all(|line| line.len() == titles.len()), "{heading}");
    (titles, lines)
}

/// A source whose column `column` is of a type and a kind.
fn schema(column_type: ColumnType, nullable: bool, kind: ColumnKind) -> Schema {
    let column = |name: &str, column_type, nullable, kind| Column {
        name: name.to_owned(),
        wire: name.to_owned(),
        column_type,
        nullable,
        kind,
        rust_type: String::new(),
        formula: None,
    };
    let columns = vec![
        column("column", column_type, nullable, kind),
        column("other", column_type, nullable, ColumnKind::Stored),
        column("number", ColumnType::Float, nullable, ColumnKind::Stored),
        column("date", ColumnType::DateTime, nullable, ColumnKind::Stored),
    ];
    Schema { source: SourceRef::Name("source".into()), columns }
}

/// Every schema whose `column` is of this type and has a cell in each row.
fn schemas(column_type: ColumnType) -> impl Iterator<Item = Schema> {
    let all = ROW_KINDS.into_iter().flat_map(|kind| [(kind, false), (kind, true)]);
    all.map(move |(kind, nullable)| schema(column_type, nullable, kind))
}

/// The guide's cell for a query: `yes`, or codes with spaces between them.
fn outcome(schema: &Schema, clauses: &str) -> String {
    let problems = problems(schema, &format!("from source {clauses}"));
    if problems.is_empty() {
        return "yes".to_owned();
    }
    problems.iter().map(|problem| problem.code.text()).collect::<Vec<_>>().join(" ")
}

/// Compares the cells of a line, one for each type, with the results of the clauses that `clauses`
/// returns for the type.
fn compare_types(line: &[&str], clauses: impl Fn(ColumnType) -> Vec<String>) -> usize {
    let mut compared = 0;
    for (column_type, cell) in ColumnType::ALL.iter().zip(line) {
        for schema in schemas(*column_type) {
            for clauses in clauses(*column_type) {
                assert_eq!(outcome(&schema, &clauses), *cell, "{column_type}: {clauses}");
                compared += 1;
            }
        }
    }
    compared
}

/// The titles of the type columns.
fn type_titles() -> Vec<&'static str> {
    ColumnType::ALL.iter().map(|column_type| type_name(*column_type)).collect()
}

#[test]
fn operators() {
    let (titles, lines) = table("Operators");
    assert_eq!(titles[2..], type_titles());
    assert_eq!(lines.iter().map(|line| line[0]).collect::<Vec<_>>(), Operator::words().collect::<Vec<_>>());
    for line in &lines {
        let operator = Operator::from_word(line[0]).unwrap();
        let takes = match operator.operand() {
            Operand::None => "nothing",
            Operand::Scalar => "a value",
            Operand::List => "a list",
        };
        assert_eq!(line[1], takes, "{operator}");
        let value = |column_type| match column_type {
            ColumnType::Str => "\"FR\"",
            ColumnType::Int => "3",
            ColumnType::Float => "2.5",
            ColumnType::DateTime => "\"2013-01-31\"",
        };
        compare_types(&line[2..], |column_type| {
            let value = value(column_type);
            match operator.operand() {
                Operand::None => vec![format!("where column {operator}")],
                Operand::Scalar => {
                    vec![format!("where column {operator} {value}"), format!("where column {operator} {{value}}?")]
                }
                Operand::List => {
                    let operands = [format!("[{value}, {{value}}]"), "{values}".to_owned(), "{values}?".to_owned()];
                    operands.map(|operand| format!("where column {operator} {operand}")).to_vec()
                }
            }
        });
        let others: &[&str] = match operator.operand() {
            Operand::None => &["3", "[3]", "{value}"],
            Operand::Scalar => &["", "[3]"],
            Operand::List => &["", "3", "\"FR\""],
        };
        for other in others {
            let schema = schema(ColumnType::Str, false, ColumnKind::Stored);
            assert_eq!(outcome(&schema, &format!("where column {operator} {other}")), "SRN010", "{operator} {other}");
        }
    }
}

#[test]
fn values() {
    let (titles, lines) = table("Values");
    assert_eq!(titles[1..], type_titles());
    let mut compared = 0;
    for line in &lines {
        let value = line[0];
        compared += compare_types(&line[1..], |_| {
            let clauses = Operator::ALL.iter().filter_map(|operator| match operator.operand() {
                Operand::None => None,
                Operand::Scalar => Some(format!("where column {operator} {value}")),
                Operand::List => Some(format!("where column {operator} [{{first}}, {value}]")),
            });
            clauses.collect()
        });
    }
    assert_eq!(compared, lines.len() * ColumnType::ALL.len() * ROW_KINDS.len() * 2 * 8);
}

#[test]
fn aggregates() {
    let (titles, lines) = table("Aggregates");
    assert_eq!(titles[1..], type_titles());
    assert_eq!(lines.iter().map(|line| line[0]).collect::<Vec<_>>(), Aggregate::words().collect::<Vec<_>>());
    for line in &lines {
        let aggregate = line[0];
        for (column_type, cell) in ColumnType::ALL.iter().zip(&line[1..]) {
            for schema in schemas(*column_type) {
                for clauses in
                    [format!("select {aggregate}(column)"), format!("group_by other select {aggregate}(column)")]
                {
                    let checked = check(&schema, &read(&format!("from source {clauses}")).stage);
                    let outcome = match &checked {
                        Err(_) => outcome(&schema, &clauses),
                        Ok(checked) => match checked.shape.last().unwrap().output_type {
                            OutputType::Column(result) => type_name(result).to_owned(),
                            OutputType::Slot(slot) => panic!("{clauses} is a slot of {slot}"),
                        },
                    };
                    assert_eq!(outcome, *cell, "{column_type}: {clauses}");
                }
            }
        }
    }
}

#[test]
fn time_slots() {
    let (titles, lines) = table("Time slots");
    assert_eq!(titles[1..], type_titles());
    assert_eq!(lines.iter().map(|line| line[0]).collect::<Vec<_>>(), TimeSlot::words().collect::<Vec<_>>());
    for line in &lines {
        let slot = line[0];
        compare_types(&line[1..], |_| {
            vec![format!("group_by {slot}(column)"), format!("group_by {slot}(column) as name select count()")]
        });
    }
}

#[test]
fn kinds() {
    let (titles, lines) = table("Kinds of columns");
    assert_eq!(titles[1..], KINDS.map(|(_, title)| title));
    for line in &lines {
        for ((kind, _), cell) in KINDS.iter().zip(&line[1..]) {
            for column_type in ColumnType::ALL {
                for nullable in [false, true] {
                    let schema = schema(*column_type, nullable, *kind);
                    assert_eq!(outcome(&schema, line[0]), *cell, "{kind:?} {column_type}: {}", line[0]);
                }
            }
        }
    }
    for (kind, title) in KINDS {
        let checked = check(&schema(ColumnType::Int, false, kind), &read("from source").stage).unwrap();
        let has = checked.shape.iter().any(|column| column.name == "column");
        assert_eq!(has, kind != ColumnKind::Formula, "a query without `select`: {title}");
    }
}

#[test]
fn results() {
    let (titles, lines) = table("Results");
    assert_eq!(titles, ["query", "is"]);
    let mut compared = 0;
    for line in &lines {
        compared += compare_types(&[line[1]; 4], |_| vec![line[0].to_owned()]);
    }
    assert_eq!(compared, lines.len() * ColumnType::ALL.len() * ROW_KINDS.len() * 2);
}

/// The guide has a cell for each code that depends on a column's type or kind.
#[test]
fn each_code_of_a_type_or_kind_has_a_cell() {
    let cells: std::collections::BTreeSet<&str> =
        GUIDE.lines().filter(|line| line.starts_with('|')).flat_map(|line| line.split(['|', ' '])).collect();
    for code in
        ["SRN021", "SRN022", "SRN023", "SRN024", "SRN025", "SRN026", "SRN027", "SRN028", "SRN029", "SRN030", "SRN031"]
    {
        assert!(cells.contains(code), "{code}");
    }
}
