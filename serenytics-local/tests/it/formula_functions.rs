//! Tests the result of every formula function for one row, through the server.

use serde_json::{Map, Value, json};

use crate::measures::named;
use crate::support::LocalEngine;

/// Creates a source with the row under test, and a row that determines the column types.
pub async fn loaded(engine: &LocalEngine) -> String {
    let uuid = engine.storage().await;
    let row = json!({
        "id": 1, "t": "Crème brûlée", "e": "a👍b", "q": "it's \"x\"", "b": "", "s": "  a b ", "n": "-12", "f": "3.5e2",
        "i": 7, "m": -3, "z": 0, "large": i64::MAX, "small": i64::MIN, "x": 2.5, "y": -2.5, "o": -0.0, "h": 1e300,
        "d": "2020-02-29T13:45:59.25", "p": "1969-12-31T23:59:59", "w": "2021-01-01T00:00:00",
        "iso": "x2013-05-06T07:08:09+02:00", "nt": null, "ni": null, "nx": null, "nd": null,
    });
    let types = json!({"id": 2, "nt": "x", "ni": 1, "nx": 0.5, "nd": "2013-01-01T00:00:00"});
    engine.insert(&uuid, json!([row, types])).await;
    uuid
}

/// Returns the values of formulas for the first row, with their types.
pub async fn computed(engine: &LocalEngine, uuid: &str, formulas: &[&str]) -> Vec<(Value, String)> {
    let mut computed = Vec::new();
    for formulas in formulas.chunks(40) {
        let names: Vec<String> = (0..formulas.len()).map(|index| format!("m{index}")).collect();
        let measures = names.iter().zip(formulas);
        let measures: Vec<_> = measures.map(|(name, formula)| (name.as_str(), name.as_str(), *formula)).collect();
        engine.save_measures(uuid, &measures).await;
        let select: Vec<_> = names.iter().map(|name| named(name, name)).collect();
        let first = json!([{"name": "id", "op": "==", "value": "1"}]);
        let answer = engine.query(uuid, json!({"select": select, "where": first})).await;
        let titles = answer["columns_titles"].as_array().unwrap().iter().map(|title| title["type"].as_str().unwrap());
        let cells = answer["data"][0].as_array().unwrap().iter().cloned();
        computed.extend(cells.zip(titles.map(str::to_owned)));
    }
    computed
}

/// Compares the results of formulas with the expected ones.
pub async fn hold(engine: &LocalEngine, uuid: &str, cases: &[(&str, Value)]) {
    let formulas: Vec<&str> = cases.iter().map(|(formula, _)| *formula).collect();
    let computed = computed(engine, uuid, &formulas).await;
    let mut wrong = Vec::new();
    for ((formula, expected), (cell, column_type)) in cases.iter().zip(computed) {
        let fits = match expected {
            Value::Number(number) if number.is_f64() => column_type == "float",
            Value::Number(_) => column_type == "int",
            Value::String(_) => column_type == "str" || column_type == "datetime",
            _ => true,
        };
        if cell != *expected || !fits {
            wrong.push(format!("{formula} returns {cell} of type {column_type}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn row_functions() -> Vec<(&'static str, Value)> {
    let null = Value::Null;
    let text = "Crème brûlée";
    vec![
        (r#"if([i] > 5, "big", "small")"#, json!("big")),
        (r#"if([ni] > 5, "big", "small")"#, json!("small")),
        ("if([i] < 0, 1, [i] = 7, 2, [i] = 7, 3, 4)", json!(2)),
        ("if([i] < 0, 1)", null.clone()),
        ("if([i] > 0, [i], [x])", json!(7.0)),
        ("if([i] > 0, null, [x])", null.clone()),
        (r#"if(true, [d], "2020-01-01")"#, json!("2020-02-29T13:45:59.25")),
        (r#"case([x] > 2, [t], "")"#, json!(text)),
        ("coalesce([ni], [i])", json!(7)),
        ("coalesce([ni], null, 2.5)", json!(2.5)),
        ("if_null([nt], [t])", json!(text)),
        (r#"coalesce([nd], "2020-01-01")"#, json!("2020-01-01T00:00:00")),
        ("null_if([i], 7)", null.clone()),
        ("null_if([i], 8)", json!(7)),
        (r#"null_if([t], "")"#, json!(text)),
        ("is_defined([i])", json!(1)),
        ("is_defined([nt])", json!(0)),
        ("is_not_defined([nx])", json!(1)),
        ("is_not_defined([b])", json!(0)),
        ("is_empty([b])", json!(1)),
        ("is_empty([nt])", json!(1)),
        ("is_empty([s])", json!(0)),
        ("is_empty([nd])", json!(1)),
        ("is_empty([z])", json!(0)),
        ("is_not_empty([b])", json!(0)),
        ("is_not_empty([t])", json!(1)),
        (r#"like([t], "Cr_me%")"#, json!(1)),
        (r#"like([t], "cr_me%")"#, json!(0)),
        (r#"like([t], "_____")"#, json!(0)),
        (r#"like([e], "a_b")"#, json!(1)),
        (r#"like("50%", "50\%")"#, json!(1)),
        (r#"like("50x", "50\%")"#, json!(0)),
        (r#"like([nt], "%")"#, null.clone()),
        (r#"ilike([t], "CRÈME%")"#, json!(1)),
        (r#"ilike([t], "x%")"#, json!(0)),
        (r#"contains([t], "brû")"#, json!(1)),
        (r#"contains([t], "BRÛ")"#, json!(0)),
        (r#"contains([t], "")"#, json!(1)),
        ("contains([t], [nt])", null.clone()),
        (r#"icontains([t], "BRÛ")"#, json!(1)),
        (r#"icontains([t], "xx")"#, json!(0)),
        (r#"regexp_match([t], "^Cr.me\s")"#, json!(1)),
        (r#"regexp_match([t], "^r")"#, json!(0)),
        (r#"regexp_match([n], "^-?[0-9]+$")"#, json!(1)),
        (r#"regexp_match([nt], "x")"#, null.clone()),
        (r#"starts_with([t], "Crè")"#, json!(1)),
        (r#"starts_with([t], "rè")"#, json!(0)),
        (r#"ends_with([t], "ée")"#, json!(1)),
        (r#"ends_with([t], "é")"#, json!(0)),
        ("left([t], 4)", json!(text.chars().take(4).collect::<String>())),
        ("left([e], 2)", json!("a👍")),
        ("left([e], -1)", json!("a👍")),
        ("left([t], [small])", json!("")),
        ("left([t], [large])", json!(text)),
        ("left([nt], 1)", null.clone()),
        ("left([t], [ni])", null.clone()),
        ("right([t], 4)", json!("ûlée")),
        ("right([e], 2)", json!("👍b")),
        ("right([e], -1)", json!("👍b")),
        ("right([t], [small])", json!("")),
        ("substring([t], 7)", json!("brûlée")),
        ("substring([e], 2, 1)", json!("👍")),
        ("substring([t], 0, 2)", json!("C")),
        ("substring([t], 2, -5)", json!("")),
        ("substring([t], [small], [large])", json!("")),
        ("substring([t], [large])", json!("")),
        ("substring([t], 1, [ni])", null.clone()),
        ("substr([t], str_len([t]) - 2)", json!("lée")),
        ("str_len([t])", json!(text.chars().count())),
        ("str_len([e])", json!(3)),
        ("length([b])", json!(0)),
        ("str_len([nt])", null.clone()),
        ("lower_case([t])", json!(text.to_lowercase())),
        ("lower_case([nt])", null.clone()),
        ("lower(\"ÀÉ\")", json!("àé")),
        ("upper_case([t])", json!(text.to_uppercase())),
        ("upper_case(\"straße\")", json!("STRASSE")),
        ("upper([nt])", null.clone()),
        ("trim([s])", json!("a b")),
        ("trim([b])", json!("")),
        (r#"lpad([n], 5, "0")"#, json!("00-12")),
        ("lpad([e], 5)", json!("  a👍b")),
        (r#"lpad([t], 2, "é")"#, json!("Cr")),
        (r#"rpad([e], 6, "éà")"#, json!("a👍béàé")),
        ("rpad([t], 0)", json!("")),
        ("rpad([nt], 3)", null.clone()),
        (r#"split("a,b,,c", ",", 2)"#, json!("b")),
        (r#"split("a,b,,c", ",", 3)"#, json!("")),
        (r#"split([t], " ", 9)"#, json!("")),
        (r#"split_part([nt], " ", 1)"#, null.clone()),
        (r#"position([t], "brû")"#, json!(7)),
        (r#"position([e], "b")"#, json!(3)),
        (r#"position([t], "zz")"#, json!(0)),
        (r#"replace([t], "è", "e")"#, json!("Creme brûlée")),
        (r#"replace([q], "x", "''")"#, json!("it's \"''\"")),
        (r#"replace([nt], "x", "")"#, null.clone()),
        (r#"concat([n], "-", [e])"#, json!("-12-a👍b")),
        (r#"concat([t], [b])"#, json!(text)),
        (r#"concat("a", [nt])"#, null.clone()),
        ("abs([m])", json!(3)),
        ("abs([y])", json!(2.5)),
        ("abs([ni])", null.clone()),
        ("ceil([x])", json!(3.0)),
        ("ceil([y])", json!(-2.0)),
        ("ceil([i])", json!(7)),
        ("floor([x])", json!(2.0)),
        ("floor([y])", json!(-3.0)),
        ("floor([small])", json!(i64::MIN)),
        ("round([x])", json!(3.0)),
        ("round([y])", json!(-3.0)),
        ("round(2.345, 2)", json!(2.35)),
        ("round([h], 15)", json!(1e300)),
        ("round(1234.5, -2)", json!(1200.0)),
        ("round([i], 3)", json!(7)),
        ("round(-1250, -2)", json!(-1300)),
        ("round(1249, -2)", json!(1200)),
        ("round([nx])", null.clone()),
        ("sign([m])", json!(-1)),
        ("sign([o])", json!(0)),
        ("sign([x])", json!(1)),
        ("sqrt(16)", json!(4.0)),
        ("sqrt([y])", null.clone()),
        ("power(2, 10)", json!(1024.0)),
        ("power([x], 2)", json!(6.25)),
        ("power(0, -1)", null.clone()),
        ("power([h], 2)", null.clone()),
        ("pow(2, 0.5)", json!(2.0_f64.sqrt())),
        ("exp(0)", json!(1.0)),
        ("exp([h])", null.clone()),
        ("ln(exp(2))", json!(2.0)),
        ("ln([z])", null.clone()),
        ("ln([m])", null.clone()),
        ("log(1000)", json!(3.0)),
        ("log([o])", null.clone()),
        ("mod([i], 4)", json!(3)),
        ("mod([m], 2)", json!(-1)),
        ("mod([x], [z])", null.clone()),
        ("least([i], [m], 0)", json!(-3)),
        ("least([x], [ni])", json!(2.5)),
        ("least([ni], [nx])", null.clone()),
        ("greatest([i], [m])", json!(7)),
        (r#"greatest([t], "a")"#, json!("a")),
        (r#"greatest([d], "2021-01-01")"#, json!("2021-01-01T00:00:00")),
        ("to_int(2.9)", json!(2)),
        ("to_int([y])", json!(-2)),
        ("to_int([n])", json!(-12)),
        ("to_int([t])", null.clone()),
        ("to_int([h])", null.clone()),
        ("to_int([i] > 1)", json!(1)),
        ("to_int(\" 12 \")", json!(12)),
        ("to_int([i])", json!(7)),
        ("float([f])", json!(350.0)),
        ("float([i])", json!(7.0)),
        ("float([t])", null.clone()),
        (r#"float("inf")"#, null.clone()),
        ("numeric(\"1.5\")", json!(1.5)),
        ("float(false)", json!(0.0)),
        ("str([i])", json!("7")),
        ("str([x])", json!("2.5")),
        ("str([p])", json!("1969-12-31T23:59:59")),
        ("str([i] = 7)", json!("true")),
        ("str([nd])", null.clone()),
        ("str([t])", json!(text)),
        ("rank([id], \"desc\")", json!(2)),
        ("rank([id], \"desc\", [i])", json!(1)),
        ("rank([ni])", null.clone()),
        ("dense_rank([id])", json!(1)),
        ("if(dense_rank([id], \"desc\") = 2, [t])", json!(text)),
    ]
}

fn datetime_functions() -> Vec<(&'static str, Value)> {
    let null = Value::Null;
    vec![
        (r#"extract_date_part([d], "year")"#, json!(2020)),
        (r#"extract_date_part([d], "weekday")"#, json!(6)),
        (r#"extract_date_part([p], "second")"#, json!(59)),
        (r#"extract_date_part([nd], "year")"#, null.clone()),
        (r#"extract_date_part("2013-05-06", "MONTH")"#, json!(5)),
        ("year([d])", json!(2020)),
        ("year([p])", json!(1969)),
        ("quarter([d])", json!(1)),
        ("quarter([p])", json!(4)),
        ("month([d])", json!(2)),
        ("month([nd])", null.clone()),
        ("week([d])", json!(9)),
        // The first of January 2021 is in the last week of 2020, which has 53.
        ("week([w])", json!(53)),
        ("weekday([w])", json!(5)),
        ("weekday([p])", json!(3)),
        ("day([d])", json!(29)),
        ("day([p])", json!(31)),
        ("hour([d])", json!(13)),
        ("hour([p])", json!(23)),
        ("minute([d])", json!(45)),
        ("minute([w])", json!(0)),
        ("second([d])", json!(59)),
        ("second([w])", json!(0)),
        (r#"date_trunc([d], "month")"#, json!("2020-02-01T00:00:00")),
        (r#"date_trunc([p], "week")"#, json!("1969-12-29T00:00:00")),
        (r#"date_trunc([d], "quarter")"#, json!("2020-01-01T00:00:00")),
        (r#"date_trunc([p], "hour")"#, json!("1969-12-31T23:00:00")),
        (r#"date_trunc([nd], "day")"#, null.clone()),
        ("date([d])", json!("2020-02-29T00:00:00")),
        ("date([p])", json!("1969-12-31T00:00:00")),
        ("date([nd])", null.clone()),
        ("date_diff([d], [w])", json!(307)),
        ("date_diff([w], [d])", json!(-307)),
        (r#"date_diff([p], "1970-01-01", "second")"#, json!(1)),
        (r#"date_diff([p], "1970-01-01")"#, json!(1)),
        (r#"date_diff("1970-01-04", "1970-01-05", "week")"#, json!(1)),
        (r#"date_diff("1970-01-05", "1970-01-11", "week")"#, json!(0)),
        (r#"date_diff("2020-01-31", "2020-02-01", "month")"#, json!(1)),
        (r#"date_diff("2020-12-31", "2019-01-01", "quarter")"#, json!(-7)),
        (r#"date_diff([p], [w], "year")"#, json!(52)),
        (r#"date_diff([d], "2020-02-29T14:00:00", "hour")"#, json!(1)),
        (r#"date_diff([d], "2020-02-29T14:00:00", "minute")"#, json!(15)),
        (r#"date_diff([nd], [d])"#, null.clone()),
        ("date_add([d], 1)", json!("2020-03-01T13:45:59.25")),
        (r#"date_add([d], 1, "year")"#, json!("2021-02-28T13:45:59.25")),
        (r#"date_add("2020-01-31", 1, "month")"#, json!("2020-02-29T00:00:00")),
        (r#"date_add("2021-03-31", -1, "month")"#, json!("2021-02-28T00:00:00")),
        (r#"date_add([p], 1, "second")"#, json!("1970-01-01T00:00:00")),
        (r#"date_add([w], -3, "quarter")"#, json!("2020-04-01T00:00:00")),
        (r#"date_add([w], [i], "week")"#, json!("2021-02-19T00:00:00")),
        (r#"date_add([w], 90, "minute")"#, json!("2021-01-01T01:30:00")),
        (r#"date_add([w], 25, "hour")"#, json!("2021-01-02T01:00:00")),
        ("date_add([w], [large])", null.clone()),
        ("date_add([w], 9223372036854775807)", null.clone()),
        (r#"date_add("9999-12-31", 1, "day")"#, null.clone()),
        (r#"date_add("-009999-01-01", -1, "month")"#, null.clone()),
        (r#"date_trunc("-009999-01-01", "week")"#, json!("-009999-01-01T00:00:00")),
        (r#"utc_to_timezone("9999-12-31T23:00:00", "Asia/Tokyo")"#, null.clone()),
        (r#"date_add([w], [small], "second")"#, null.clone()),
        (r#"date_add([w], [large], "year")"#, null.clone()),
        (r#"date_add([w], 9000, "year")"#, null.clone()),
        (r#"date_add([w], -2021, "year")"#, json!("0000-01-01T00:00:00")),
        ("date_add([w], [ni])", null.clone()),
        ("year(now()) > 2020 and now() > today()", json!(1)),
        (r#"date_diff(now(), now(), "second")"#, json!(0)),
        ("date_trunc(now(), \"day\") = today()", json!(1)),
        ("hour(today()) + minute(today())", json!(0)),
        ("datetime_from_string(substring([iso], 2))", json!("2013-05-06T05:08:09")),
        (r#"datetime_from_string("2013-05-06 07:08:09.5")"#, json!("2013-05-06T07:08:09.5")),
        (r#"datetime_from_string(" 1960-02-29 ")"#, json!("1960-02-29T00:00:00")),
        ("datetime_from_string([t])", null.clone()),
        (r#"datetime_from_string("2013-02-30")"#, null.clone()),
        (r#"datetime_from_string("2016-12-31T23:59:60")"#, null.clone()),
        (r#"datetime_from_string("2016-12-31 23:59:60.5Z")"#, null.clone()),
        (r#"datetime_from_string("2016-12-31T10:00:00+25:00")"#, null.clone()),
        (r#"datetime_from_string("2016-12-31T23:59:59.60")"#, json!("2016-12-31T23:59:59.6")),
        ("to_date([nt])", null.clone()),
        (r#"utc_to_timezone("2020-07-01T12:00:00", "Europe/Paris")"#, json!("2020-07-01T14:00:00")),
        (r#"utc_to_timezone("2020-01-01T12:00:00", "Europe/Paris")"#, json!("2020-01-01T13:00:00")),
        (r#"utc_to_timezone([p], "America/New_York")"#, json!("1969-12-31T18:59:59")),
        (r#"utc_to_timezone([nd], "UTC")"#, null),
    ]
}

/// Returns aggregate formulas, with their results over the two rows of the source.
fn totals() -> Vec<(&'static str, Value)> {
    vec![
        ("sum([id])", json!(3)),
        ("sum([x] * [id])", json!(2.5)),
        ("sum_if([id], [id] > 1)", json!(2)),
        (r#"sum_if([x], [t] = "none")"#, Value::Null),
        ("min([id]) * 10", json!(10)),
        ("min([x])", json!(2.5)),
        ("min_if([id], is_defined([ni]))", json!(2)),
        ("min_if([id], [id] > 5)", Value::Null),
        ("max([id])", json!(2)),
        ("max([nx])", json!(0.5)),
        ("max_if([id], [id] < 2)", json!(1)),
        ("max_if([id], [nt] = \"zz\")", Value::Null),
        ("avg([id])", json!(1.5)),
        ("avg([x])", json!(2.5)),
        ("avg_if([id], [id] in (2, 3))", json!(2.0)),
        ("avg_if([id], false)", Value::Null),
        ("dcount([id])", json!(2)),
        ("dcount([nt])", json!(1)),
        ("dcount_if([id], [id] != 1)", json!(1)),
        ("dcount_if([id], [id] = 5)", json!(0)),
        ("count()", json!(2)),
        ("count([x])", json!(1)),
        ("count_if([id] < 2)", json!(1)),
        ("count_if([x] < 0)", json!(0)),
        ("round(sum_if([id], [id] > 1) / sum([id]) * 100, 1)", json!(66.7)),
        ("if(count_if([id] > 5) = 0, -1, 1 / count_if([id] > 5))", json!(-1.0)),
        ("sum([id]) > 2 and count() = 2", json!(1)),
    ]
}

const NOT_COMPUTED: [&str; 7] = [
    "ntile([i], 4)",
    "quantile([i], 0.5)",
    "is_first([i])",
    "last_value([i])",
    "last_value_if([i], true)",
    "time_delta(1)",
    "json_extract_path_text([t], \"a\")",
];

#[tokio::test]
async fn formula_row_functions_match_their_documentation() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    hold(&engine, &uuid, &row_functions()).await;
    hold(&engine, &uuid, &datetime_functions()).await;
}

#[tokio::test]
async fn formula_aggregates_return_one_number() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    for (formula, expected) in totals() {
        let rows = engine.rows(&uuid, json!({"select": [{"name": formula}]})).await;
        assert_eq!(rows, json!([[expected]]), "{formula}");
        engine.save_measures(&uuid, &[("u", "total", formula)]).await;
        let rows = engine.rows(&uuid, json!({"select": [named("total", "u")]})).await;
        assert_eq!(rows, json!([[expected]]), "{formula} as a measure");
    }
}

#[tokio::test]
async fn formula_functions_that_are_not_supported_are_errors() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    for formula in NOT_COMPUTED {
        engine.save_measures(&uuid, &[("u", "m", &format!("1 + {formula}"))]).await;
        let error = engine.rejection(&uuid, json!({"select": [named("m", "u")]})).await;
        let (name, _) = formula.split_once('(').unwrap();
        let expected = format!("at character 5, `{name}` is not supported: ");
        assert!(error.contains(&expected), "{error}");
    }
}

/// Another test compares the tables in the documentation with the functions of the engine.
#[test]
fn formula_function_tests_cover_every_function() {
    let documentation = include_str!("../../../docs/guide/formulas.md");
    let (_, tables) = documentation.split_once("## Functions").unwrap();
    let (computed, others) = tables.split_once("### Not supported").unwrap();
    let name = |line: &str| Some(line.strip_prefix("| `")?.split(['(', '`']).next()?.to_owned());
    let tested: Vec<&str> =
        [row_functions(), datetime_functions(), totals()].concat().iter().map(|(formula, _)| *formula).collect();
    let mut counts = Map::new();
    for name in computed.lines().filter_map(name) {
        let calls = |formula: &&&str| {
            let call = format!("{name}(");
            formula
                .match_indices(&call)
                .any(|(at, _)| !formula[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
        };
        let count = tested.iter().filter(calls).count();
        if count < 2 {
            counts.insert(name, count.into());
        }
    }
    assert!(counts.is_empty(), "tested less than twice: {}", Value::from(counts));
    for name in others.lines().filter_map(name) {
        assert!(NOT_COMPUTED.iter().any(|formula| formula.starts_with(&format!("{name}("))), "{name}");
    }
}
