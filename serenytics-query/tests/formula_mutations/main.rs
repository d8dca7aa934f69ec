//! Each single mistake in a valid declared formula is one problem, at the character of the mistake.
//!
//! The tests generate valid formulas at random and make every possible mistake in each, one at a time.

#![allow(clippy::unwrap_used, reason = "a test fails by its panic")]

mod valid;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serenytics_query::formulas::{DeclaredIn, check_formulas};
use serenytics_query::problem::Code;
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::vocabulary::ColumnType;

use valid::{Formula, Slot, Type, measure, value_formula};

/// The number of valid formulas.
const FORMULAS: u32 = 400;

/// A formula with one mistake, and the byte at which it must be reported.
struct Wrong {
    text: String,
    position: usize,
    what: &'static str,
}

/// Returns a schema whose last column has the formula.
fn schema(kind: ColumnKind, formula: &str) -> Schema {
    let column = |name: &str, column_type, nullable| Column {
        name: name.to_owned(),
        wire: name.to_owned(),
        column_type,
        nullable,
        kind: ColumnKind::Stored,
        rust_type: String::new(),
        formula: None,
    };
    let mut columns: Vec<Column> =
        valid::COLUMNS.iter().map(|(name, of)| column(name, of.column_type(), true)).collect();
    columns.push(Column { kind: ColumnKind::Measure, ..column("margin", ColumnType::Float, true) });
    let (wire, formula) = if kind == ColumnKind::Formula { (formula, None) } else { ("computed", Some(formula)) };
    columns.push(Column {
        wire: wire.to_owned(),
        kind,
        formula: formula.map(str::to_owned),
        ..column("computed", ColumnType::Float, true)
    });
    Schema { source: SourceRef::Name("sales".into()), columns }
}

/// Returns the character and the message of each problem in a formula. Its type is not compared.
fn problems(kind: ColumnKind, formula: &str) -> Vec<(usize, String)> {
    let problems = check_formulas(&schema(kind, formula), &[], DeclaredIn::Struct).into_iter();
    let of_formula = problems.filter(|found| found.problem.code == Code::Formula);
    of_formula
        .map(|found| {
            let note = found.problem.note.unwrap();
            let character = note.strip_prefix("at character ").unwrap().split(' ').next().unwrap().parse().unwrap();
            (character, found.problem.message)
        })
        .collect()
}

/// Checks valid formulas, and the single problem of each mistake in them. Returns how often each mistake was made.
fn hold(kind: ColumnKind, generate: fn(&mut TestRng) -> Formula) -> std::collections::BTreeMap<&'static str, usize> {
    let made = std::cell::RefCell::new(std::collections::BTreeMap::new());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = Config { cases: FORMULAS, failure_persistence: None, ..Config::default() };
    let seeds =
        proptest::strategy::Strategy::prop_perturb(proptest::strategy::Just(()), move |(), mut rng| generate(&mut rng));
    let outcome = TestRunner::new_with_rng(config, rng).run(&seeds, |formula| {
        let text = formula.text();
        let found = problems(kind, &text);
        if !found.is_empty() {
            return Err(TestCaseError::fail(format!("a valid formula is rejected\n{text}\n{found:?}")));
        }
        for wrong in mistakes(&formula) {
            let found = problems(kind, &wrong.text);
            let characters: Vec<usize> = found.iter().map(|(character, _)| *character).collect();
            let expected = wrong.text[..wrong.position].chars().count() + 1;
            if characters != [expected] {
                let Wrong { text, what, .. } = wrong;
                return Err(TestCaseError::fail(format!(
                    "{what}: expected character {expected} only\n{text}\n{found:?}"
                )));
            }
            *made.borrow_mut().entry(wrong.what).or_insert(0) += 1;
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    made.into_inner()
}

/// Returns the formula with some of its words replaced. The mistake is at the first of them, or `after` bytes later.
fn replaced(formula: &Formula, from: usize, to: usize, by: &str, after: usize, what: &'static str) -> Wrong {
    let mut words = formula.words.clone();
    words.splice(from..to, [by.to_owned()]);
    let position = words[..from].concat().len() + after;
    Wrong { text: words.concat(), position, what }
}

fn mistakes(formula: &Formula) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for (index, word) in formula.words.iter().enumerate() {
        if let Some(name) = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) {
            wrong.push(replaced(formula, index, index + 1, &format!("[{name}z]"), 0, "misspelled column"));
            wrong.push(replaced(formula, index, index + 1, "[other]", 0, "unknown column"));
            wrong.push(replaced(formula, index, index + 1, name, 0, "column without brackets"));
            wrong.push(
                replaced(formula, index, index + 1, &format!("[{name}"), 0, "unclosed column")
                    .of_unclosed(formula, index),
            );
        }
        if let Some(name) = word.strip_suffix('(').filter(|name| !name.is_empty()) {
            wrong.push(replaced(formula, index, index + 1, &format!("{name}z("), 0, "misspelled function"));
            wrong.push(replaced(formula, index, index + 1, "unknown_thing(", 0, "unknown function"));
        }
        if word == ")" {
            wrong.push(without_close(formula, index));
        }
    }
    for call in &formula.calls {
        let (name, close) = (call.name, call.close);
        if call.has_fixed_arity {
            let mut words = formula.words.clone();
            words.insert(close, ", 1, 1, 1".to_owned());
            let position = words[..name].concat().len();
            wrong.push(Wrong { text: words.concat(), position, what: "too many arguments" });
        }
        wrong.push(replaced(formula, name + 1, close, "", 0, "no arguments").at_call(formula, name, call.may_be_empty));
    }
    wrong.retain(|wrong| !wrong.text.is_empty());
    for slot in &formula.slots {
        let Slot { from, to, expected, is_row } = *slot;
        for (name, of) in valid::COLUMNS {
            if is_row && !expected.accepts(*of) {
                wrong.push(replaced(formula, from, to, &format!("[{name}]"), 0, "column of another type"));
            }
        }
        if is_row {
            wrong.push(replaced(formula, from, to, "count()", 0, "aggregate for each row"));
        } else {
            wrong.push(replaced(formula, from, to, "[x]", 0, "column without an aggregate"));
        }
        if expected != Type::Any {
            wrong.push(replaced(formula, from, to, "", 0, "missing operand").at_next(formula, from, to));
        }
    }
    wrong.retain(|wrong| !wrong.text.is_empty());
    wrong
}

impl Wrong {
    /// A column that is not closed extends to the next bracket; only the last one is a mistake of its own.
    fn of_unclosed(self, formula: &Formula, index: usize) -> Wrong {
        let is_last = formula.words[index + 1..].iter().all(|word| !word.contains(']'));
        if is_last { self } else { Wrong { text: String::new(), ..self } }
    }

    /// A wrong number of arguments is reported at the name of the function.
    fn at_call(self, formula: &Formula, name: usize, may_be_empty: bool) -> Wrong {
        if may_be_empty {
            return Wrong { text: String::new(), ..self };
        }
        Wrong { position: formula.words[..name].concat().len(), ..self }
    }

    /// A missing operand is reported at the next character that is not a space.
    fn at_next(self, formula: &Formula, from: usize, to: usize) -> Wrong {
        let next = formula.words.get(to).map(String::as_str).unwrap_or_default();
        let before = formula.words[..from].last().map(String::as_str).unwrap_or_default();
        // `f()` is a call without arguments, and `-` before the operand is a sign.
        let is_call = before.ends_with('(') && next.starts_with(')');
        if is_call || from + 1 == to && formula.words.len() == 1 || next.trim_start().starts_with('-') {
            return Wrong { text: String::new(), ..self };
        }
        let position = self.position + next.len() - next.trim_start().len();
        Wrong { position, ..self }
    }
}

/// Removes a closing parenthesis. The problem is at the end of what follows it, or at the opening one.
fn without_close(formula: &Formula, index: usize) -> Wrong {
    let mut words = formula.words.clone();
    words.remove(index);
    let text = words.concat();
    // Without a comma after it, the parser can only miss the outermost one.
    let mut depth = 0_i32;
    let mut open = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            '(' => {
                depth += 1;
                open.push(at);
            }
            ')' => {
                depth -= 1;
                open.pop();
            }
            _ => {}
        }
    }
    let is_simple = index + 1 == formula.words.len() && depth == 1 && !text.contains('"');
    let position = open.last().copied().unwrap_or_default();
    Wrong { text: if is_simple { text } else { String::new() }, position, what: "unclosed parenthesis" }
}

#[test]
fn each_mistake_in_a_measure_is_reported_once_at_its_character() {
    let made = hold(ColumnKind::Measure, measure);
    println!("{made:?}");
    for what in ["misspelled column", "misspelled function", "column of another type", "aggregate for each row"] {
        assert!(made.get(what).is_some_and(|count| *count > 300), "{made:?}");
    }
}

#[test]
fn each_mistake_in_a_value_formula_is_reported_once_at_its_character() {
    let made = hold(ColumnKind::Formula, value_formula);
    println!("{made:?}");
    for what in ["misspelled column", "too many arguments", "column without an aggregate", "unclosed parenthesis"] {
        assert!(made.get(what).is_some_and(|count| *count > 100), "{made:?}");
    }
}
