//! Fuzz tests of the formula language: random formulas never make it panic, and are never slow.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

mod inputs;

use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serenytics_query::formula::{Measures, Scope, check, check_value_formula, parse};
use serenytics_query::suggest::Suggestions;

use inputs::{Columns, changed_formulas, examples, measures, random_tokens};

/// How many formulas each test tries.
const INPUTS: usize = 20_000;
/// How long one formula may take, in a build without optimizations on a busy machine.
const SLOW: Duration = Duration::from_secs(2);

/// Parses and checks a formula. Returns true if it is valid.
fn is_valid(formula: &str, measures: &Measures) -> bool {
    let suggestions = Suggestions::default();
    let scope = Scope { environment: &Columns, measures, suggestions: &suggestions };
    let started = Instant::now();
    let results = match parse(formula) {
        Ok(tree) => vec![check(&tree, scope).map(drop), check_value_formula(&tree, scope).map(drop)],
        Err(error) => vec![Err(error.into())],
    };
    for errors in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(errors.located_in(formula).starts_with("at character "), "{formula}");
        for error in errors.iter() {
            assert!(formula.is_char_boundary(error.position), "{formula}: {error:?}");
            assert_eq!(error.excerpt(formula).lines().count(), 2, "{formula}: {error:?}");
        }
    }
    assert!(started.elapsed() < SLOW, "{:?} for {formula}", started.elapsed());
    results.iter().any(Result::is_ok)
}

/// Returns how many random formulas are valid.
fn count_valid(formulas: impl Strategy<Value = String>) -> usize {
    let measures = measures(&Columns);
    let mut runner = TestRunner::deterministic();
    (0..INPUTS).filter(|_| is_valid(&formulas.new_tree(&mut runner).unwrap().current(), &measures)).count()
}

#[test]
fn random_tokens_never_panic() {
    println!("{} of {INPUTS} formulas of random tokens are valid", count_valid(random_tokens()));
}

#[test]
fn changed_formulas_never_panic() {
    let valid = count_valid(changed_formulas());
    println!("{valid} of {INPUTS} changed formulas are valid");
    assert!(valid > INPUTS / 20, "too few of the changed formulas are valid: {valid}");
}

#[test]
fn example_of_every_function_is_valid() {
    let measures = measures(&Columns);
    for example in examples() {
        assert!(is_valid(&example, &measures), "{example}");
    }
}
