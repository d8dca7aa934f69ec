//! Measures: the named formulas of a source, which may refer to each other.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::check::check;
use super::error::{Cause, FormulaErrors};
use super::parse::parse;
use super::scope::{Environment, Scope};
use super::tree::Expression;
use super::typed::Typed;
use crate::syntax::suggest::Suggestions;

/// The maximum number of measures of a circular reference that a message lists.
const CIRCLE: usize = 10;

/// A measure as it is defined.
#[derive(Debug, Clone)]
pub struct MeasureDefinition {
    /// Its uuid.
    pub uuid: String,
    /// Its name, which formulas refer to.
    pub name: String,
    /// Its formula, or the reason why it has none.
    pub formula: Result<String, String>,
}

/// A measure that was checked.
#[derive(Debug)]
pub struct Measure {
    /// Its uuid.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// Its checked formula.
    pub typed: Result<Arc<Typed>, MeasureError>,
}

/// An error in the formula of a measure, or in that of a measure that it refers to.
#[derive(Debug, Clone)]
pub struct MeasureError {
    /// A message with the name of the measure.
    pub message: String,
    /// The errors of its formula; `None` for a circular reference, or if it has no formula.
    pub errors: Option<FormulaErrors>,
    /// Whether the error of another measure, or of another part of the circular reference, causes this one.
    pub is_caused_by_others: bool,
    /// The message of the measure that caused the error, if it is another one.
    cause: Option<String>,
}

impl MeasureError {
    fn new(message: String) -> MeasureError {
        MeasureError { message, errors: None, is_caused_by_others: false, cause: None }
    }

    fn cause(&self) -> &str {
        self.cause.as_ref().unwrap_or(&self.message)
    }
}

/// The measures of a source.
#[derive(Debug, Default)]
pub struct Measures {
    all: Vec<Measure>,
    by_uuid: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
    ranks: Cell<usize>,
}

/// A measure whose formula is parsed and not yet checked.
struct Unchecked {
    formula: String,
    tree: Expression,
    /// The unchecked measures that it refers to.
    needs: Vec<usize>,
}

impl Measures {
    /// Checks measures. An invalid measure is kept with its error.
    pub fn new(definitions: impl IntoIterator<Item = MeasureDefinition>, environment: &dyn Environment) -> Measures {
        let mut measures = Measures::default();
        let mut unchecked = BTreeMap::new();
        for MeasureDefinition { uuid, name, formula } in definitions {
            let index = measures.all.len();
            let parsed = formula.map_err(MeasureError::new).and_then(|formula| match parse(&formula) {
                Ok(tree) => Ok((formula, tree)),
                Err(error) => {
                    let message = wrong_formula(&name, &error.located_in(&formula));
                    Err(MeasureError { errors: Some(error.into()), ..MeasureError::new(message) })
                }
            });
            let error = match parsed {
                Ok((formula, tree)) => {
                    unchecked.insert(index, Unchecked { formula, tree, needs: Vec::new() });
                    // Replaced when the measure is checked.
                    MeasureError::new(String::new())
                }
                Err(error) => error,
            };
            measures.by_uuid.insert(uuid.clone(), index);
            measures.by_name.entry(name.clone()).or_default().push(index);
            measures.all.push(Measure { uuid, name, typed: Err(error) });
        }
        measures.check_all(unchecked, environment);
        measures
    }

    /// Returns the measure with this uuid.
    #[must_use]
    pub fn with_uuid(&self, uuid: &str) -> Option<&Measure> {
        self.by_uuid.get(uuid).map(|index| &self.all[*index])
    }

    /// Returns the first measure with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Measure> {
        self.by_name.get(name).map(|indexes| &self.all[indexes[0]])
    }

    /// Returns every measure.
    pub fn iter(&self) -> impl Iterator<Item = &Measure> {
        self.all.iter()
    }

    /// Returns the name of every measure.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|measure| measure.name.as_str())
    }

    /// Returns a new number for a rank, in a measure or in a value formula of the same query.
    pub(super) fn next_rank(&self) -> usize {
        self.ranks.replace(self.ranks.get() + 1)
    }

    /// Returns the measure that a name in brackets refers to, if any.
    pub(super) fn resolve(&self, name: &str) -> Option<Result<&Arc<Typed>, (String, Cause)>> {
        let measure = match self.by_name.get(name)?.as_slice() {
            [index] => &self.all[*index],
            several => return Some(Err((format!("{} measures are called `{name}`", several.len()), Cause::Formula))),
        };
        let message = |error: &MeasureError| format!("the measure `[{name}]` has an error; {}", error.cause());
        Some(measure.typed.as_ref().map_err(|error| (message(error), Cause::Reference)))
    }

    /// Checks each measure after those that it refers to, without recursion, so a long chain of measures is safe.
    fn check_all(&mut self, mut unchecked: BTreeMap<usize, Unchecked>, environment: &dyn Environment) {
        let suggestions = Suggestions::default();
        let mut needed_by: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut ready = Vec::new();
        for index in unchecked.keys().copied().collect::<Vec<_>>() {
            let mut needs = self.references(&unchecked[&index].tree, environment);
            needs.retain(|needed| unchecked.contains_key(needed));
            for needed in &needs {
                needed_by.entry(*needed).or_default().push(index);
            }
            if needs.is_empty() {
                ready.push(index);
            }
            if let Some(measure) = unchecked.get_mut(&index) {
                measure.needs = needs;
            }
        }
        while let Some(index) = ready.pop() {
            let Some(measure) = unchecked.remove(&index) else { continue };
            let scope = Scope { environment, measures: self, suggestions: &suggestions };
            self.all[index].typed = self.check_one(index, &measure, scope);
            for dependent in needed_by.remove(&index).into_iter().flatten() {
                if let Some(measure) = unchecked.get_mut(&dependent) {
                    measure.needs.retain(|needed| *needed != index);
                    if measure.needs.is_empty() {
                        ready.push(dependent);
                    }
                }
            }
        }
        for index in unchecked.keys() {
            let error = MeasureError::new(self.circle(*index, &unchecked));
            let is_caused_by_others = !is_first_of_circle(*index, &unchecked);
            self.all[*index].typed = Err(MeasureError { is_caused_by_others, ..error });
        }
    }

    /// Returns the measures that a tree refers to.
    fn references(&self, tree: &Expression, environment: &dyn Environment) -> Vec<usize> {
        let measure = |name: &str| match self.by_name.get(name)?.as_slice() {
            [index] if environment.column(name).is_none() => Some(*index),
            _ => None,
        };
        let mut indexes: Vec<usize> = tree.references().filter_map(measure).collect();
        indexes.sort_unstable();
        indexes.dedup();
        indexes
    }

    fn check_one(&self, index: usize, measure: &Unchecked, scope: Scope<'_>) -> Result<Arc<Typed>, MeasureError> {
        check(&measure.tree, scope).map(Arc::new).map_err(|errors| {
            let message = wrong_formula(&self.all[index].name, &errors.located_in(&measure.formula));
            let others = self.references(&measure.tree, scope.environment);
            let wrong = others.into_iter().find_map(|other| self.all[other].typed.as_ref().err());
            let is_caused_by_others = errors.iter().all(|error| error.cause == Cause::Reference);
            let cause = wrong.map(|wrong| wrong.cause().to_owned());
            MeasureError { message, errors: Some(errors), is_caused_by_others, cause }
        })
    }

    /// Returns the message for a measure that refers to itself through others, or to one that does.
    fn circle(&self, start: usize, unchecked: &BTreeMap<usize, Unchecked>) -> String {
        let mut path = vec![start];
        while let Some(next) = path.last().and_then(|last| unchecked.get(last)?.needs.first()) {
            let is_closed = path.contains(next) || path.len() == CIRCLE;
            path.push(*next);
            if is_closed {
                break;
            }
        }
        let names: Vec<String> = path.iter().map(|index| format!("`{}`", self.all[*index].name)).collect();
        let (first, rest) = names.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        format!("the measure {first} refers to {}: a circular reference has no value", rest.join(", which refers to "))
    }
}

/// Returns true for one measure of each circular reference, so that it can be reported once.
fn is_first_of_circle(start: usize, unchecked: &BTreeMap<usize, Unchecked>) -> bool {
    let mut visited = BTreeSet::new();
    let mut index = start;
    while visited.insert(index) {
        match unchecked.get(&index).and_then(|measure| measure.needs.first()) {
            // A smaller index belongs to a circle that is reported there, or leads to another one.
            Some(next) if *next >= start => index = *next,
            _ => return false,
        }
    }
    index == start
}

fn wrong_formula(name: &str, error: &str) -> String {
    format!("the formula of the measure `{name}` is invalid: {error}")
}
