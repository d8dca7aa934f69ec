//! Formulas of random signs, and right ones with something changed: never a panic, never slow.

use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use serenytics_query::suggest::Suggestions;
use serenytics_query::vocabulary::ColumnType;

use super::functions::examples;
use super::types::{for_each_row, over_all_rows};
use super::{Measures, RowColumns, Scope, Totals, Typed, cell, parse};

/// How many formulas of each kind are tried.
const INPUTS: usize = 20_000;
/// How long one may take, in a build without optimizations, on a busy machine.
const SLOW: Duration = Duration::from_secs(2);

/// The columns of the formulas: one of each type.
struct Columns;

impl RowColumns for Columns {
    fn column(&self, name: &str) -> Option<Typed> {
        let column_type = match name {
            "t" => ColumnType::Str,
            "i" => ColumnType::Int,
            "x" => ColumnType::Float,
            "d" => ColumnType::DateTime,
            _ => return None,
        };
        Some(Typed::column(name, column_type, 1 << 63))
    }

    fn names(&self) -> Vec<String> {
        ["t", "i", "x", "d"].map(str::to_owned).into()
    }

    fn rows(&self) -> u128 {
        1 << 40
    }
}

/// Takes a formula as far as it goes; whether it is right.
fn taken(formula: &str, measures: &Measures) -> bool {
    let suggestions = Suggestions::default();
    let scope = Scope { columns: &Columns, measures, suggestions: &suggestions };
    let started = Instant::now();
    let is_right = match parse(formula) {
        Ok(tree) => {
            let row = for_each_row(&tree, scope).map(|typed| cell(&typed));
            let total = over_all_rows(&tree, scope).map(|typed| Totals::of(&typed).number);
            for mistake in [row.as_ref().err(), total.as_ref().err()].into_iter().flatten() {
                assert!(mistake.told(formula).starts_with("at character "), "{formula}");
            }
            row.is_ok() || total.is_ok()
        }
        Err(mistake) => {
            assert!(mistake.told(formula).starts_with("at character "), "{formula}");
            false
        }
    };
    assert!(started.elapsed() < SLOW, "{:?} for {formula}", started.elapsed());
    is_right
}

fn measures() -> Measures {
    let formulas: Value = [("gold", "[i] > 3"), ("total", "sum([x])"), ("wrong", "2 *"), ("circle", "[circle]")]
        .map(|(name, formula)| {
            (name.to_owned(), json!({"name": name, "type": "formula", "data": {"formula": formula}}))
        })
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into();
    Measures::of(&json!({"measures": formulas}), &Columns)
}

/// What formulas are made of, words and signs that are none included.
fn tokens() -> Vec<String> {
    let mut tokens: Vec<String> = [
        "[t]",
        "[i]",
        "[x]",
        "[d]",
        "[gold]",
        "[total]",
        "[wrong]",
        "[circle]",
        "[",
        "]",
        "(",
        ")",
        "((",
        "))",
        ",",
        "+",
        "-",
        "*",
        "/",
        "%",
        "=",
        "==",
        "!=",
        "<>",
        "<",
        "<=",
        ">=",
        "!",
        "&&",
        "||",
        "===",
        "and",
        "or",
        "not",
        "in",
        "not in",
        "true",
        "false",
        "null",
        "is",
        "between",
        "case",
        "when",
        "1",
        "0",
        "2.5",
        "1e308",
        ".",
        "1e",
        "18446744073709551615",
        "18446744073709551616",
        "\"\"",
        "\"é👍\"",
        "'it''s'",
        "\"",
        "'",
        "\"2020-02-29\"",
        "\"day\"",
        "{{x}}",
        "é",
        "👍",
        "\u{0}",
        "\n",
        " ",
        "\u{a0}",
        ";",
        "--",
        "/*",
        "\\",
    ]
    .map(str::to_owned)
    .into();
    tokens.extend(
        examples().flat_map(|example| [example.split('(').next().unwrap_or_default().to_owned() + "(", example]),
    );
    tokens
}

#[test]
fn signs_in_any_order_are_told_what_is_wrong() {
    let (measures, tokens) = (measures(), tokens());
    let mut runner = TestRunner::deterministic();
    let soup = proptest::collection::vec(proptest::sample::select(tokens), 0..14);
    let mut right = 0;
    for _ in 0..INPUTS {
        let formula = soup.new_tree(&mut runner).unwrap().current().join(" ");
        right += usize::from(taken(&formula, &measures));
    }
    println!("{INPUTS} formulas of random signs, of which {right} are right");
}

#[test]
fn right_formulas_with_something_changed_are_told_what_is_wrong() {
    let (measures, tokens) = (measures(), tokens());
    let mut formulas: Vec<String> = examples().collect();
    formulas.extend(
        [
            "2 * ([i] - 1) / [x] % 3",
            "[x] > 10 and [t] != \"USA\" or not [gold] and [i] in (1, 2, 3)",
            "if([x] > 100, \"big\", [i] = 2, concat([t], \"-\", str([i])), null)",
            "sum_if([x], [gold] and [d] >= \"2020-02-29\") / [total] * 100",
            "date_diff(date_add([d], [i], \"month\"), now(), \"week\") not in (1, -2)",
        ]
        .map(str::to_owned),
    );
    let mut runner = TestRunner::deterministic();
    let change = (
        proptest::sample::select(formulas),
        proptest::collection::vec((0.0..1.0_f64, 0..4_usize, proptest::sample::select(tokens)), 0..4),
    );
    let changed = change.prop_map(|(formula, changes)| {
        let mut signs: Vec<char> = formula.chars().collect();
        for (at, what, token) in changes {
            let at = (signs.len() as f64 * at) as usize;
            match what {
                0 => drop(signs.splice(at..at, token.chars()).count()),
                1 => drop((at < signs.len()).then(|| signs.remove(at))),
                2 => signs.truncate(at),
                _ => signs = signs.repeat(2),
            }
        }
        signs.into_iter().collect::<String>()
    });
    let mut right = 0;
    for _ in 0..INPUTS {
        let formula = changed.new_tree(&mut runner).unwrap().current();
        right += usize::from(taken(&formula, &measures));
    }
    println!("{INPUTS} formulas with something changed, of which {right} are right");
    assert!(right > INPUTS / 20, "the formulas that are changed are right: {right}");
}

#[test]
fn every_example_is_right() {
    let measures = measures();
    for example in examples() {
        assert!(taken(&example, &measures), "{example}");
    }
}
