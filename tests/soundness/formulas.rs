//! Compares the types and the nullability that the compiler finds for formulas with the answers of the real engine.

use std::error::Error;

use serde_json::{Map, Value as Json, json};
use serenytics_core::DataSource;
use serenytics_local::Local;
use serenytics_query::formula::{Accepts, FunctionKind, Parameter, functions};
use serenytics_query::formulas::{DeclaredIn, check_formula, check_formulas, type_of_measure};
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::vocabulary::{ColumnType, Operator};
use serenytics_query::wire::{ColumnItem, Condition, Item, Pipeline, Stage, formula_measure};

/// Columns that are never NULL, and the same ones with NULLs.
const COLUMNS: [(&str, ColumnType, bool); 8] = [
    ("t", ColumnType::Str, false),
    ("i", ColumnType::Int, false),
    ("x", ColumnType::Float, false),
    ("d", ColumnType::DateTime, false),
    ("nt", ColumnType::Str, true),
    ("ni", ColumnType::Int, true),
    ("nx", ColumnType::Float, true),
    ("nd", ColumnType::DateTime, true),
];

/// Formulas with a value for each row, apart from calls of each function.
const MEASURES: &[&str] = &[
    "[x] / [i]",
    "[x] / 2",
    "[x] / 0",
    "[i] % [i]",
    "[i] % 3",
    "[x] * [x] - [i]",
    "[nx] + 1",
    "-[i]",
    "[x] > [i]",
    "[nx] > 1",
    "[i] in (1, 2)",
    "[ni] not in (1, 2)",
    "not ([x] > 1)",
    "[x] > 1 and [nx] > 1",
    "[x] > 1 or [i] = 0",
    "if([x] > 1, 'high', 'low')",
    "if([x] > 1, 'high')",
    "if([nx] > 1, 1, [x] > 0, 2, 3)",
    "if([x] > 1, [ni], 3)",
    "if([x] > 1, 1, null)",
    "coalesce([nx], [x])",
    "coalesce([nx], [ni])",
    "coalesce([nx], null, 0)",
    "least([x], [nx])",
    "greatest([nx], [ni])",
    "null_if([i], 0)",
    "to_int([t])",
    "to_int([x])",
    "to_int([x] > 1)",
    "float([t])",
    "float([i])",
    "datetime_from_string([t])",
    "rank([x])",
    "rank([nx], \"desc\")",
    "dense_rank([x], \"asc\", [nt])",
    "sqrt([x])",
    "power([x], -1)",
    "is_defined([nx])",
    "is_empty([nt]) or is_not_empty([t])",
    "year(now())",
    "concat([t], \"-\", [nt])",
];

/// Formulas with one value over all rows.
const VALUES: &[&str] = &[
    "count()",
    "count([nx])",
    "count_if([x] > 1)",
    "count_if([nx] > 1)",
    "dcount([nt])",
    "dcount_if([t], [x] > 1)",
    "count() / 2",
    "count() / dcount([t])",
    "sum([x]) / count()",
    "sum([i])",
    "sum_if([x], [i] > 100)",
    "min([i])",
    "max([x])",
    "avg([x])",
    "avg_if([i], [x] > 100)",
    "coalesce(sum([x]), 0)",
    "sum([x]) > 3",
    "count() > 3",
    "is_defined(sum([x]))",
];

/// Returns the columns of the source and one that has the formula.
fn schema(kind: ColumnKind, formula: &str, column_type: ColumnType) -> Schema {
    let column = |(name, column_type, nullable): (&str, ColumnType, bool)| Column {
        name: name.to_owned(),
        wire: name.to_owned(),
        column_type,
        nullable,
        kind: ColumnKind::Stored,
        rust_type: String::new(),
        formula: None,
    };
    let mut columns: Vec<Column> = COLUMNS.map(column).into();
    let computed = column(("computed", column_type, false));
    columns.push(match kind {
        ColumnKind::Formula => Column { wire: formula.to_owned(), kind, ..computed },
        _ => Column { kind, formula: Some(formula.to_owned()), ..computed },
    });
    Schema { source: SourceRef::Name("source".into()), columns }
}

/// Returns the type of a formula and whether it may be NULL, as the compiler finds them.
fn declared(kind: ColumnKind, formula: &str) -> (ColumnType, bool) {
    let found = match kind {
        ColumnKind::Formula => {
            let column_type = check_formula(&schema(kind, formula, ColumnType::Int), formula).unwrap().unwrap();
            let problems = check_formulas(&schema(kind, formula, column_type), &[], DeclaredIn::Struct);
            (column_type, !problems.is_empty())
        }
        _ => type_of_measure(&schema(kind, formula, ColumnType::Int), "computed").unwrap(),
    };
    // A field of this type has no error.
    let (column_type, is_nullable) = found;
    let problems = check_formulas(&schema(kind, formula, column_type), &[], DeclaredIn::Struct);
    assert_eq!(problems.is_empty(), !is_nullable, "{formula}: {problems:?}");
    found
}

/// Returns calls of each function of one row: with columns that are never NULL, and with nullable ones.
fn calls() -> Vec<String> {
    let argument = |parameter: &Parameter, null: &str, number: &str| match parameter.accepts {
        Accepts::Number | Accepts::Any | Accepts::Plain | Accepts::Alike => format!("[{null}{number}]"),
        Accepts::Int => format!("[{null}i]"),
        Accepts::Text => format!("[{null}t]"),
        Accepts::DateTime => format!("[{null}d]"),
        Accepts::Condition => format!("[{null}i] > 1"),
        Accepts::Word(words) => format!("\"{}\"", words[0]),
        Accepts::LiteralText(_) => "\"x\"".to_owned(),
        Accepts::Regex => "\"^x+\"".to_owned(),
        Accepts::TimeZone => "\"UTC\"".to_owned(),
        Accepts::LiteralInt(_, most) => most.min(3).to_string(),
    };
    let row = functions().filter(|function| matches!(function.kind, FunctionKind::Row(_) | FunctionKind::Remainder));
    let forms = [("", "x"), ("", "i"), ("n", "x"), ("n", "i")];
    row.flat_map(|function| {
        forms.map(|(null, number)| {
            let arguments: Vec<String> =
                function.parameters.iter().map(|parameter| argument(parameter, null, number)).collect();
            format!("{}({})", function.name, arguments.join(", "))
        })
    })
    .collect()
}

async fn storage(engine: &Local) -> Result<DataSource, Box<dyn Error>> {
    let source = engine.client().get_or_create_storage("source").await?;
    let cells = [
        [json!("FR"), json!(0), json!(0.0), json!("2013-01-31T12:30:00")],
        [json!(""), json!(-3), json!(-2.5), json!("1969-12-31T23:59:59")],
        [json!("12"), json!(7), json!(1000.25), json!("2024-02-29T00:00:00")],
        [json!("é x"), json!(1), json!(0.5), json!("2000-01-01T00:00:00")],
    ];
    let rows = cells.iter().enumerate().map(|(index, cells)| -> Map<String, Json> {
        let is_null = index % 2 == 1;
        let nullable = cells.iter().map(|cell| if is_null { Json::Null } else { cell.clone() });
        let cells = cells.iter().cloned().chain(nullable);
        COLUMNS.iter().zip(cells).map(|((name, ..), cell)| ((*name).to_owned(), cell)).collect()
    });
    source.insert(rows.collect::<Vec<_>>()).await?;
    Ok(source)
}

/// Returns the type of the only column, and whether a cell is NULL.
async fn answer(source: &DataSource, name: &str, nothing: bool) -> Result<(Option<ColumnType>, bool), Box<dyn Error>> {
    let condition =
        Condition { name: "t".to_owned(), op: Operator::Equal, value: Some(json!("nothing")), measure_uuid: None };
    let stage = Stage {
        select: vec![Item::Column(ColumnItem { name: name.to_owned(), ..ColumnItem::default() })],
        conditions: if nothing { vec![condition] } else { Vec::new() },
        ..Stage::default()
    };
    let pipeline = Pipeline { data_processing_pipeline: vec![stage], ..Pipeline::default() };
    let answer = source.query(&pipeline).await.map_err(|error| format!("{name}: {error}"))?;
    Ok((answer.columns[0].column_type(), answer.rows.iter().any(|row| row[0].is_null())))
}

#[tokio::test(flavor = "multi_thread")]
async fn types_and_nulls_of_measures_match_the_engine() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let mut source = storage(&engine).await?;
    let mut formulas: Vec<String> = MEASURES.iter().map(|formula| (*formula).to_owned()).collect();
    formulas.extend(calls());
    let measures: Map<String, Json> = formulas
        .iter()
        .enumerate()
        .map(|(index, formula)| (format!("m{index}"), formula_measure(&format!("measure {index}"), formula)))
        .collect();
    source.set_property("measures", measures);
    source.save().await?;
    let (mut never, mut found) = (0, 0);
    for (index, formula) in formulas.iter().enumerate() {
        let (column_type, is_nullable) = declared(ColumnKind::Measure, formula);
        let (served, has_null) = answer(&source, &format!("measure {index}"), false).await?;
        assert_eq!(served, Some(column_type), "{formula}");
        assert!(is_nullable || !has_null, "{formula} is NULL, but was found to be never NULL");
        never += usize::from(!is_nullable);
        found += usize::from(has_null);
    }
    println!("{} measures: {never} are never NULL, {found} are NULL in a row", formulas.len());
    assert!(never > 80 && found > 80, "{never} {found}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn types_and_nulls_of_value_formulas_match_the_engine() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Local::open(folder.path()).await?;
    let source = storage(&engine).await?;
    for formula in VALUES {
        let (column_type, is_nullable) = declared(ColumnKind::Formula, formula);
        let mut has_null = false;
        for nothing in [false, true] {
            let (served, is_null) = answer(&source, formula, nothing).await?;
            assert_eq!(served, Some(column_type), "{formula}");
            has_null |= is_null;
        }
        assert_eq!(has_null, is_nullable, "{formula}");
    }
    Ok(())
}
