//! Each single mistake in a valid query is reported as one problem, with its code and at its
//! position.
//!
//! The tests generate valid queries at random and make every possible mistake in each, one at a
//! time. The grammar and the checker together must report it once.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

mod grammar;
mod meaning;
#[path = "../support/mod.rs"]
mod support;
mod text;
mod valid;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serenytics_query::problem::{Code, Problem};
use support::{at, problems};
use text::Wrong;
use valid::{Query, query, schema};

/// The number of valid queries.
const QUERIES: u32 = 300;

/// Checks valid queries and the problems of the mistakes that `mistakes` makes in them. Returns the
/// codes that occurred.
fn hold(mistakes: impl Fn(&Query) -> Vec<Wrong>) -> BTreeMap<Code, usize> {
    let schema = schema();
    let reached = RefCell::new(BTreeMap::new());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = Config { cases: QUERIES, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new_with_rng(config, rng).run(&query(), |query| {
        let text = query.text.words().join(" ");
        let found = problems(&schema, &text);
        if !found.is_empty() {
            return Err(TestCaseError::fail(format!("a valid query is rejected\n{text}\n{}", listed(&found))));
        }
        for wrong in mistakes(&query) {
            let text = wrong.text();
            let found = problems(&schema, &text);
            let expected = [(wrong.code, at(wrong.offset()))];
            if !found.iter().map(|problem| (problem.code, problem.position)).eq(expected) {
                let place = format!(
                    "{:>width$}^ only {} is expected",
                    "",
                    wrong.code,
                    width = text[..wrong.offset()].chars().count()
                );
                return Err(TestCaseError::fail(format!("\n{text}\n{place}\n{}", listed(&found))));
            }
            *reached.borrow_mut().entry(wrong.code).or_insert(0) += 1;
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    reached.into_inner()
}

fn listed(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(|problem| format!("{}: {problem}", problem.position.0)).collect();
    lines.join("\n")
}

/// The codes with a number in this range.
fn codes(from: Code, to: Code) -> BTreeSet<Code> {
    Code::ALL.iter().copied().filter(|code| (from..=to).contains(code)).collect()
}

#[test]
fn each_mistake_of_meaning_is_reported_once_at_its_position() {
    let reached = hold(meaning::mistakes);
    let mut expected = codes(Code::UnknownColumn, Code::FormulaPlace);
    expected.extend([Code::BadLimit, Code::UnknownFunction]);
    assert_eq!(reached.keys().copied().collect::<BTreeSet<_>>(), expected, "{reached:?}");
}

#[test]
fn each_mistake_of_syntax_is_reported_once_at_its_position() {
    let reached = hold(grammar::mistakes);
    let expected = codes(Code::Unexpected, Code::BadLimit);
    assert_eq!(reached.keys().copied().collect::<BTreeSet<_>>(), expected, "{reached:?}");
}
