//! Measures: the named formulas that a source's configuration holds, and what they refer to.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;
use serenytics_query::suggest::Suggestions;

use super::parse::parse;
use super::tree::Expression;
use super::types::{RowColumns, Scope, Typed, calls_aggregate, for_each_row, over_all_rows};

/// The type of the measures that are computed.
const FORMULA: &str = "formula";

/// A measure.
#[derive(Debug)]
pub(crate) struct Measure {
    pub(crate) uuid: String,
    pub(crate) name: String,
    /// What it gives for each row, or over all of them.
    pub(crate) typed: Result<Arc<Typed>, Wrong>,
}

/// Why a measure gives nothing.
#[derive(Debug, Clone)]
pub(crate) struct Wrong {
    /// In a sentence, with the measure's name.
    pub(crate) message: String,
    /// The message of the measure at the root of it, when that is another one.
    root: Option<String>,
}

impl Wrong {
    fn new(message: String) -> Wrong {
        Wrong { message, root: None }
    }

    fn root(&self) -> &str {
        self.root.as_ref().unwrap_or(&self.message)
    }
}

/// The measures of a source.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    all: Vec<Measure>,
    by_uuid: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
    ranks: Cell<usize>,
}

/// How many measures of a circle a message tells.
const CIRCLE: usize = 10;

impl Measures {
    /// The measures in the configuration of a source with these columns.
    pub(crate) fn of(configuration: &Value, columns: &dyn RowColumns) -> Measures {
        let mut measures = Measures::default();
        let mut trees = BTreeMap::new();
        for (uuid, configured) in configuration.get("measures").and_then(Value::as_object).into_iter().flatten() {
            let index = measures.all.len();
            let name = configured.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let typed = match read(&name, configured) {
                Ok((formula, tree)) => {
                    trees.insert(index, Pending { formula, tree, needs: Vec::new() });
                    // Stands until the measure's turn comes, or it is told why it never does.
                    Err(Wrong::new(String::new()))
                }
                Err(message) => Err(Wrong::new(message)),
            };
            measures.by_uuid.insert(uuid.clone(), index);
            measures.by_name.entry(name.clone()).or_default().push(index);
            measures.all.push(Measure { uuid: uuid.clone(), name, typed });
        }
        measures.give_types(trees, columns);
        measures
    }

    /// The measure with this uuid.
    pub(crate) fn with_uuid(&self, uuid: &str) -> Option<&Measure> {
        self.by_uuid.get(uuid).map(|index| &self.all[*index])
    }

    /// A measure with this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Measure> {
        self.by_name.get(name).map(|indexes| &self.all[indexes[0]])
    }

    /// Every measure.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Measure> {
        self.all.iter()
    }

    /// The name of every measure.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|measure| measure.name.as_str())
    }

    /// The number of one more place among all rows, in a measure or in a value formula beside them.
    pub(super) fn next_rank(&self) -> usize {
        self.ranks.replace(self.ranks.get() + 1)
    }

    /// What a name in the brackets of a formula gives, if it is a measure's.
    pub(super) fn meaning(&self, name: &str) -> Option<Result<&Arc<Typed>, String>> {
        let measure = match self.by_name.get(name)?.as_slice() {
            [index] => &self.all[*index],
            several => return Some(Err(format!("{} measures are called `{name}`", several.len()))),
        };
        let typed = measure.typed.as_ref();
        Some(typed.map_err(|wrong| format!("`[{name}]` is a measure that is wrong; {}", wrong.root())))
    }

    /// Gives each measure its type after those that it refers to, so that no chain of measures is too long.
    fn give_types(&mut self, mut pending: BTreeMap<usize, Pending>, columns: &dyn RowColumns) {
        let suggestions = Suggestions::default();
        let mut needed_by: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut ready = Vec::new();
        for index in pending.keys().copied().collect::<Vec<_>>() {
            let mut needs = self.references(&pending[&index].tree, columns);
            needs.retain(|needed| pending.contains_key(needed));
            for needed in &needs {
                needed_by.entry(*needed).or_default().push(index);
            }
            if needs.is_empty() {
                ready.push(index);
            }
            if let Some(measure) = pending.get_mut(&index) {
                measure.needs = needs;
            }
        }
        while let Some(index) = ready.pop() {
            let Some(measure) = pending.remove(&index) else { continue };
            self.all[index].typed =
                self.typed(index, &measure, Scope { columns, measures: self, suggestions: &suggestions });
            for waiting in needed_by.remove(&index).into_iter().flatten() {
                if let Some(measure) = pending.get_mut(&waiting) {
                    measure.needs.retain(|needed| *needed != index);
                    if measure.needs.is_empty() {
                        ready.push(waiting);
                    }
                }
            }
        }
        for index in pending.keys() {
            self.all[*index].typed = Err(Wrong::new(self.circle(*index, &pending)));
        }
    }

    /// The measures that a tree refers to.
    fn references(&self, tree: &Expression, columns: &dyn RowColumns) -> Vec<usize> {
        let measure = |name: &str| match self.by_name.get(name)?.as_slice() {
            [index] if columns.column(name).is_none() => Some(*index),
            _ => None,
        };
        let mut indexes: Vec<usize> = tree.references().filter_map(measure).collect();
        indexes.sort_unstable();
        indexes.dedup();
        indexes
    }

    fn typed(&self, index: usize, measure: &Pending, scope: Scope<'_>) -> Result<Arc<Typed>, Wrong> {
        let name = &self.all[index].name;
        let columns = scope.columns;
        let is_total = calls_aggregate(&measure.tree) || self.refers_to_total(&measure.tree, columns);
        let typed = if is_total { over_all_rows(&measure.tree, scope) } else { for_each_row(&measure.tree, scope) };
        typed.map(Arc::new).map_err(|mistake| {
            let message = format!("the formula of the measure `{name}` is wrong: {}", mistake.told(&measure.formula));
            let others = self.references(&measure.tree, columns);
            let wrong = others.into_iter().find_map(|other| self.all[other].typed.as_ref().err());
            Wrong { root: wrong.map(|wrong| wrong.root().to_owned()), message }
        })
    }

    /// Whether a tree refers to a measure that is one value over all rows.
    fn refers_to_total(&self, tree: &Expression, columns: &dyn RowColumns) -> bool {
        let is_total = |index: usize| self.all[index].typed.as_ref().is_ok_and(|typed| typed.is_total);
        self.references(tree, columns).into_iter().any(is_total)
    }

    /// Why a measure never had its turn: what it refers to leads into a circle.
    fn circle(&self, start: usize, pending: &BTreeMap<usize, Pending>) -> String {
        let mut path = vec![start];
        while let Some(next) = path.last().and_then(|last| pending.get(last)?.needs.first()) {
            let is_closed = path.contains(next) || path.len() == CIRCLE;
            path.push(*next);
            if is_closed {
                break;
            }
        }
        let names: Vec<String> = path.iter().map(|index| format!("`{}`", self.all[*index].name)).collect();
        let (first, rest) = names.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        format!("the measure {first} refers to {}: a circle has no value", rest.join(", which refers to "))
    }
}

/// A measure that has no type yet.
struct Pending {
    formula: String,
    tree: Expression,
    /// The measures that it waits for.
    needs: Vec<usize>,
}

/// The formula of a measure as it is configured.
fn read(name: &str, configured: &Value) -> Result<(String, Expression), String> {
    let kind = configured.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind != FORMULA {
        return Err(format!(
            "the measure `{name}` is of type {kind:?}, and the embedded engine computes those of type {FORMULA:?}"
        ));
    }
    let Some(formula) = configured.pointer("/data/formula").and_then(Value::as_str) else {
        return Err(format!("the measure `{name}` has no `data.formula`"));
    };
    match parse(formula) {
        Ok(tree) => Ok((formula.to_owned(), tree)),
        Err(mistake) => Err(format!("the formula of the measure `{name}` is wrong: {}", mistake.told(formula))),
    }
}
