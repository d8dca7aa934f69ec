//! The names that a formula may refer to: the columns of its rows and the measures of its source.

use super::measures::Measures;
use super::typed::Typed;
use crate::syntax::suggest::{Suggestions, listed};

/// The rows that a formula computes with, and the checks that only an engine can make.
pub trait Environment {
    /// Returns the column with this name.
    fn column(&self, name: &str) -> Option<Typed>;

    /// Returns the names of all columns.
    fn column_names(&self) -> Vec<String>;

    /// Returns an upper bound for the number of rows.
    fn max_rows(&self) -> u128;

    /// Checks a regular expression. The default accepts all.
    ///
    /// # Errors
    /// Returns the reason if the engine cannot compile it.
    fn check_regex(&self, _pattern: &str) -> Result<(), String> {
        Ok(())
    }

    /// Returns true if there is a time zone with this name. The default accepts every name.
    fn is_time_zone(&self, _name: &str) -> bool {
        true
    }
}

/// The columns and measures that the names in brackets refer to.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The columns.
    pub environment: &'a dyn Environment,
    /// The measures.
    pub measures: &'a Measures,
    /// The limit on suggestions for wrong names.
    pub suggestions: &'a Suggestions,
}

impl Scope<'_> {
    /// Returns the column or measure with this name. A column takes precedence.
    pub(super) fn resolve(&self, name: &str) -> Result<Typed, String> {
        if let Some(found) = self.find(name) {
            return found;
        }
        let columns = self.environment.column_names();
        let names = || columns.iter().map(String::as_str).chain(self.measures.names());
        Err(match self.suggestions.nearest(name, names()) {
            Some(near) => format!("there is no column or measure `{name}`; did you mean `[{near}]`?"),
            None => format!("there is no column or measure `{name}`: there are {}", listed(names())),
        })
    }

    /// Returns true if the name refers to a measure that is one value over all rows.
    pub(super) fn is_aggregate(&self, name: &str) -> bool {
        matches!(self.find(name), Some(Ok(typed)) if typed.is_aggregate)
    }

    fn find(&self, name: &str) -> Option<Result<Typed, String>> {
        if let Some(column) = self.environment.column(name) {
            return Some(Ok(column));
        }
        self.measures.resolve(name).map(|measure| measure.map(Typed::measure))
    }
}
