//! An error in a formula, with its position.

/// An error in a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaError {
    /// The byte of the formula at which the error is.
    pub position: usize,
    /// The problem, what was expected and what to write instead.
    pub message: String,
}

impl FormulaError {
    pub(super) fn new(position: usize, message: impl Into<String>) -> FormulaError {
        FormulaError { position, message: message.into() }
    }

    /// Returns the message with the character of the formula: `at character 5, expected ..`. Characters count from 1.
    #[must_use]
    pub fn located_in(&self, formula: &str) -> String {
        let before = formula.get(..self.position).unwrap_or(formula);
        format!("at character {}, {}", before.chars().count() + 1, self.message)
    }
}
