//! Random well-typed formulas: each returns a result or an integer overflow error. The result is the same if the cells are
//! written into the formula as literals.

use proptest::strategy::{BoxedStrategy, Just, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::formula_functions::loaded;
use crate::measures::named;
use crate::support::LocalEngine;

/// The number of formulas, and the maximum depth of their nested calls and operations.
const FORMULAS: usize = 200;
const DEPTH: u32 = 3;

#[derive(Debug, Clone, Copy)]
enum Type {
    Text,
    Int,
    Float,
    DateTime,
    Condition,
}

fn one_of(texts: &'static [&'static str]) -> BoxedStrategy<String> {
    proptest::sample::select(texts).prop_map(str::to_owned).boxed()
}

/// Fills the placeholders of a template: `$t` with a string, `$i`, `$f`, `$d` and `$c` with the other types.
fn filled(template: &'static str, depth: u32) -> BoxedStrategy<String> {
    let mut filled = Just(String::new()).boxed();
    let mut pieces = template.split('$');
    let first = pieces.next().unwrap_or_default();
    filled = filled.prop_map(move |text| text + first).boxed();
    for piece in pieces {
        let (hole, rest) = piece.split_at(1);
        let of = match hole {
            "t" => Type::Text,
            "i" => Type::Int,
            "f" => Type::Float,
            "d" => Type::DateTime,
            _ => Type::Condition,
        };
        filled = (filled, formula(of, depth)).prop_map(move |(before, inside)| before + &inside + rest).boxed();
    }
    filled
}

fn formula(of: Type, depth: u32) -> BoxedStrategy<String> {
    let leaves: &[&str] = match of {
        Type::Text => &["[t]", "[e]", "[b]", "[nt]", "[s]", "'x''y'", "\"\"", "[f]"],
        Type::Int => &["[i]", "[m]", "[z]", "[ni]", "[large]", "[small]", "3", "0", "-1"],
        Type::Float => &["[x]", "[y]", "[o]", "[h]", "[nx]", "0.5", "-0.0", "1e300"],
        Type::DateTime => &["[d]", "[p]", "[w]", "[nd]"],
        Type::Condition => &["true", "false"],
    };
    if depth == 0 {
        return one_of(leaves);
    }
    let templates: &[&str] = match of {
        Type::Text => &[
            "left($t, $i)",
            "right($t, $i)",
            "substring($t, $i)",
            "substring($t, $i, $i)",
            "lower($t)",
            "upper($t)",
            "trim($t)",
            "lpad($t, 5, 'é')",
            "rpad($t, 3)",
            "split($t, 'e', 2)",
            "replace($t, 'a', 'bb')",
            "concat($t, $t)",
            "if($c, $t, $t)",
            "coalesce($t, null, $t)",
            "str($i)",
            "str($f)",
            "str($d)",
            "str($c)",
            "null_if($t, $t)",
            "least($t, $t)",
        ],
        Type::Int => &[
            "($i + $i)",
            "($i - $i)",
            "$i * $i",
            "($i % $i)",
            "-($i)",
            "str_len($t)",
            "position($t, $t)",
            "abs($i)",
            "ceil($i)",
            "round($i, -2)",
            "sign($f)",
            "mod($i, $i)",
            "least($i, $i)",
            "to_int($f)",
            "to_int($t)",
            "to_int($c)",
            "year($d)",
            "week($d)",
            "extract_date_part($d, 'weekday')",
            "date_diff($d, $d, 'month')",
            "date_diff($d, $d, 'second')",
            "if($c, $i, $c, null, $i)",
            "coalesce($i, $i)",
        ],
        Type::Float => &[
            "($f + $i)",
            "($i / $i)",
            "$f * $f",
            "($f % $i)",
            "-($f)",
            "abs($f)",
            "floor($f)",
            "round($f, 2)",
            "round($f)",
            "sqrt($f)",
            "power($f, $i)",
            "power($i, $f)",
            "exp($f)",
            "ln($f)",
            "log($i)",
            "greatest($f, $i)",
            "float($t)",
            "float($i)",
            "if($c, $f, $i)",
            "coalesce($i, $f)",
            "null_if($f, $f)",
        ],
        Type::DateTime => &[
            "date_trunc($d, 'week')",
            "date_trunc($d, 'quarter')",
            "date($d)",
            "date_add($d, $i)",
            "date_add($d, $i, 'month')",
            "date_add($d, $i, 'second')",
            "datetime_from_string($t)",
            "utc_to_timezone($d, 'Europe/Paris')",
            "if($c, $d, '2020-02-29')",
            "coalesce($d, $d)",
            "greatest($d, $d)",
        ],
        Type::Condition => &[
            "$i = $i",
            "$f <= $i",
            "$t != $t",
            "$d > $d",
            "$d < '1970-01-01'",
            "($c) = ($c)",
            "not ($c)",
            "(($c) and ($c) or ($c))",
            "$t in ($t, 'a')",
            "$f not in ($i, 0)",
            "like($t, '%e_')",
            "ilike($t, 'A%')",
            "contains($t, $t)",
            "icontains($t, $t)",
            "regexp_match($t, '^[a-z]+')",
            "starts_with($t, $t)",
            "is_defined($f)",
            "is_empty($t)",
            "is_not_empty($d)",
            "if($c, $c, $c)",
        ],
    };
    let deeper = proptest::sample::select(templates).prop_flat_map(move |template| filled(template, depth - 1));
    proptest::prop_oneof![1 => one_of(leaves), 4 => deeper].boxed()
}

/// Replaces the columns of a formula with the values of the first row.
fn written(formula: &str) -> String {
    let cells = [
        ("[t]", "'Crème brûlée'"),
        ("[e]", "'a👍b'"),
        ("[b]", "''"),
        ("[s]", "'  a b '"),
        ("[f]", "'3.5e2'"),
        ("[i]", "7"),
        ("[m]", "(-3)"),
        ("[z]", "0"),
        ("[large]", "9223372036854775807"),
        ("[small]", "(-9223372036854775808)"),
        ("[x]", "2.5"),
        ("[y]", "(-2.5)"),
        ("[o]", "(-0.0)"),
        ("[h]", "1e300"),
        ("[d]", "datetime_from_string('2020-02-29T13:45:59.25')"),
        ("[p]", "datetime_from_string('1969-12-31T23:59:59')"),
        ("[w]", "datetime_from_string('2021-01-01')"),
    ];
    cells.iter().fold(formula.to_owned(), |formula, (cell, value)| formula.replace(cell, value))
}

/// Returns the cells of these measures in the first row, or the error.
async fn first_row(engine: &LocalEngine, uuid: &str, names: &[&str]) -> Result<Vec<Value>, String> {
    let mut select = vec![json!("id")];
    select.extend(names.iter().map(|name| named(name, name)));
    let stage = json!({"select": select, "order_by": [select[1], "id"]});
    let (status, answer) = engine.ask(uuid, json!({"order": "row_by_row", "data_processing_pipeline": [stage]})).await;
    let error = answer["errors"][0].as_str().unwrap_or_default();
    match status {
        200 => {
            let rows = answer["data"].as_array().unwrap();
            Ok(rows.iter().find(|row| row[0] == 1).unwrap().as_array().unwrap()[1..].to_vec())
        }
        400 if error.contains("does not fit 64 bits") || error.contains("and may have") => Err(error.to_owned()),
        _ => panic!("{names:?}: {status} {answer}"),
    }
}

#[tokio::test]
async fn formula_that_type_checks_also_computes() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let mut runner = TestRunner::deterministic();
    let any = proptest::sample::select(&[Type::Text, Type::Int, Type::Float, Type::DateTime, Type::Condition][..])
        .prop_flat_map(|of| formula(of, DEPTH));
    let (mut answered, mut compared) = (0, 0);
    for _ in 0..FORMULAS {
        let formula = any.new_tree(&mut runner).unwrap().current();
        let written = written(&formula);
        engine.save_measures(&uuid, &[("cells", "cells", &formula), ("written", "written", &written)]).await;
        if let Ok(both) = first_row(&engine, &uuid, &["cells", "written"]).await {
            assert_eq!(both[0], both[1], "{formula} and {written}");
            (answered, compared) = (answered + 1, compared + 1);
        } else if first_row(&engine, &uuid, &["cells"]).await.is_ok() {
            answered += 1;
        }
    }
    println!("{answered} of {FORMULAS} formulas are answered, {compared} of them also over what is written in them");
    assert!(compared > FORMULAS / 2, "{compared}");
}
