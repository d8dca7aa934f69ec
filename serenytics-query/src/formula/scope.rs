//! The names that a formula may refer to: the columns of its rows and the measures of its source.

use super::error::{Cause, FormulaError};
use super::measures::Measures;
use super::tree::Expression;
use super::typed::Typed;
use crate::syntax::suggest::{Suggestions, listed};

/// The rows that a formula computes with, and the checks that only an engine can make.
pub trait Environment {
    /// Returns the column with this name.
    fn column(&self, name: &str) -> Option<Typed>;

    /// Returns the names of all columns.
    fn column_names(&self) -> Vec<String>;

    /// Explains a name that is neither a column nor a measure.
    fn unknown(&self, _name: &str) -> Unknown {
        Unknown::Name
    }

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

/// What an [`Environment`] knows of a name that is neither a column nor a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing: the message suggests a similar name, or lists the names.
    Name,
    /// The message.
    Explained(String),
    /// The name is declared, and the error of its declaration is reported elsewhere.
    Reported,
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
    /// Returns the column or measure that a part of a formula refers to. A column takes precedence.
    pub(super) fn resolve(&self, name: &str, part: &Expression) -> Result<Typed, FormulaError> {
        match self.find(name) {
            Some(Ok(found)) => return Ok(found),
            Some(Err((message, cause))) => return Err(FormulaError::of(part, message).caused_by(cause)),
            None => {}
        }
        let message = match self.environment.unknown(name) {
            Unknown::Name => self.unknown_name(name),
            Unknown::Explained(message) => message,
            Unknown::Reported => {
                let message = format!("`[{name}]` has an error in its declaration");
                return Err(FormulaError::of(part, message).caused_by(Cause::Reference));
            }
        };
        Err(FormulaError::of(part, message))
    }

    fn unknown_name(&self, name: &str) -> String {
        let columns = self.environment.column_names();
        let names = || columns.iter().map(String::as_str).chain(self.measures.names());
        match self.suggestions.nearest(name, names()) {
            Some(near) => format!("there is no column or measure `{name}`; did you mean `[{near}]`?"),
            None => format!("there is no column or measure `{name}`: there are {}", listed(names())),
        }
    }

    /// Returns true if the name refers to a measure that is one value over all rows.
    pub(super) fn is_aggregate(&self, name: &str) -> bool {
        matches!(self.find(name), Some(Ok(typed)) if typed.is_aggregate)
    }

    fn find(&self, name: &str) -> Option<Result<Typed, (String, Cause)>> {
        if let Some(column) = self.environment.column(name) {
            return Some(Ok(column));
        }
        self.measures.resolve(name).map(|measure| measure.map(Typed::measure))
    }
}
