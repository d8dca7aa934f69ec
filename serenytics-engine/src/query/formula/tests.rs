//! Tests of the lowering: random formulas never make it panic, and every function of the language has an expression.

use std::time::{Duration, Instant};

use datafusion::common::ScalarValue;
use datafusion::prelude::Expr;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serenytics_query::formula::{Environment, Measures, Scope, Typed, check, check_value_formula, parse};
use serenytics_query::suggest::Suggestions;

use super::{Totals, cell, check_regex, is_time_zone, ranks};

/// The random formulas of the language's own fuzz tests.
#[path = "../../../../serenytics-query/tests/formula/inputs.rs"]
mod inputs;

/// How many formulas each test tries.
const INPUTS: usize = 20_000;
/// How long one formula may take, in a build without optimizations on a busy machine.
const SLOW: Duration = Duration::from_secs(2);

/// The columns of the formulas, with the checks of the engine.
struct Columns;

impl Environment for Columns {
    fn column(&self, name: &str) -> Option<Typed> {
        inputs::Columns.column(name)
    }

    fn column_names(&self) -> Vec<String> {
        inputs::Columns.column_names()
    }

    fn max_rows(&self) -> u128 {
        inputs::Columns.max_rows()
    }

    fn check_regex(&self, pattern: &str) -> Result<(), String> {
        check_regex(pattern)
    }

    fn is_time_zone(&self, name: &str) -> bool {
        is_time_zone(name)
    }
}

/// Parses, checks and lowers a formula. Returns its expressions if it is valid.
fn lower(formula: &str, measures: &Measures) -> Vec<Expr> {
    let suggestions = Suggestions::default();
    let scope = Scope { environment: &Columns, measures, suggestions: &suggestions };
    let started = Instant::now();
    let mut lowered = Vec::new();
    if let Ok(tree) = parse(formula) {
        if let Ok(typed) = check(&tree, scope) {
            lowered.push(cell(&typed));
            lowered.extend(ranks(&typed).into_iter().map(|rank| rank.value));
        }
        lowered.extend(check_value_formula(&tree, scope).ok().map(|typed| Totals::of(&typed).number));
    }
    assert!(started.elapsed() < SLOW, "{:?} for {formula}", started.elapsed());
    lowered
}

fn lower_all(formulas: impl Strategy<Value = String>) {
    let measures = inputs::measures(&Columns);
    let mut runner = TestRunner::deterministic();
    for _ in 0..INPUTS {
        lower(&formulas.new_tree(&mut runner).unwrap().current(), &measures);
    }
}

#[test]
fn lowering_never_panics_for_random_tokens() {
    lower_all(inputs::random_tokens());
}

#[test]
fn lowering_never_panics_for_changed_formulas() {
    lower_all(inputs::changed_formulas());
}

#[test]
fn every_function_of_the_language_is_lowered() {
    let measures = inputs::measures(&Columns);
    for example in inputs::examples() {
        let lowered = lower(&example, &measures);
        assert!(!lowered.is_empty(), "{example} is not valid");
        let is_null = |expr: &Expr| matches!(expr, Expr::Literal(ScalarValue::Null, _));
        assert!(!lowered.iter().any(is_null), "{example} has no expression");
    }
}
