//! Errors in a formula, with their positions.

use super::parse::is_word;
use super::tree::Expression;

/// How many characters of a formula an excerpt shows on each side of the error.
const SHOWN: usize = 60;

/// An error in a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaError {
    /// The byte of the formula at which the error is.
    pub position: usize,
    /// The problem, what was expected and what to write instead.
    pub message: String,
    /// What must be changed.
    pub cause: Cause,
    /// The byte after the wrong part of the formula. Equals `position` if the parser found the error.
    end: usize,
}

/// What must be changed so that a formula is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The formula.
    Formula,
    /// A measure or a column that the formula refers to, whose own error is reported elsewhere.
    Reference,
    /// The engine: the platform has the function, but its result is not documented.
    Unsupported,
}

impl FormulaError {
    pub(super) fn new(position: usize, message: impl Into<String>) -> FormulaError {
        FormulaError { position, message: message.into(), cause: Cause::Formula, end: position }
    }

    /// Returns an error of a part of a formula.
    pub(crate) fn of(part: &Expression, message: impl Into<String>) -> FormulaError {
        FormulaError { end: part.end, ..FormulaError::new(part.position, message) }
    }

    /// Returns an error of the function's name in a call.
    pub(super) fn of_name(call: &Expression, name: &str, message: impl Into<String>) -> FormulaError {
        FormulaError { end: call.position + name.len(), ..FormulaError::new(call.position, message) }
    }

    pub(super) fn caused_by(self, cause: Cause) -> FormulaError {
        FormulaError { cause, ..self }
    }

    /// Returns the message with the character of the formula: `at character 5, expected ..`. Characters count from 1.
    #[must_use]
    pub fn located_in(&self, formula: &str) -> String {
        format!("at character {}, {}", self.character_in(formula), self.message)
    }

    /// Returns the character of the formula at which the error is, from 1.
    #[must_use]
    pub fn character_in(&self, formula: &str) -> usize {
        formula.get(..self.position).unwrap_or(formula).chars().count() + 1
    }

    /// Returns the line of the formula that has the error, and below it a line of `^` under the wrong part.
    #[must_use]
    pub fn excerpt(&self, formula: &str) -> String {
        let (before, rest) = formula.split_at_checked(self.position).unwrap_or((formula, ""));
        let before = before.rsplit('\n').next().unwrap_or_default().trim_start();
        let rest = rest.split('\n').next().unwrap_or_default();
        let length = if self.end > self.position { self.end - self.position } else { token_length(rest) };
        let (wrong, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let (before, after) = (last_characters(before), first_characters(after));
        let marks = "^".repeat(wrong.trim_end().chars().count().max(1));
        let printed = |text: &str| text.replace(char::is_control, " ");
        let indent = " ".repeat(before.chars().count());
        format!("{}{}{}\n{indent}{marks}", printed(&before), printed(wrong), printed(after.trim_end()))
    }
}

/// Returns the length of the token at the start of a text, in bytes: a word, an operator or one character.
fn token_length(text: &str) -> usize {
    let run = |belongs: fn(char) -> bool| text.find(|c| !belongs(c)).unwrap_or(text.len());
    let first = text.chars().next().map_or(0, char::len_utf8);
    run(is_word).max(run(|c| matches!(c, '<' | '>' | '=' | '!' | '&' | '|'))).max(first)
}

fn last_characters(text: &str) -> String {
    let count = text.chars().count();
    match count.checked_sub(SHOWN) {
        None | Some(0) => text.to_owned(),
        Some(hidden) => format!("..{}", text.chars().skip(hidden).collect::<String>()),
    }
}

fn first_characters(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() { shown + ".." } else { shown }
}

/// The errors of a formula: at least one, in the order of their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaErrors(Vec<FormulaError>);

impl FormulaErrors {
    /// Returns the errors.
    pub fn iter(&self) -> impl Iterator<Item = &FormulaError> {
        self.0.iter()
    }

    /// Returns the messages with the characters of the formula: `at character 5, expected ..; at character 9, ..`.
    #[must_use]
    pub fn located_in(&self, formula: &str) -> String {
        let located: Vec<String> = self.iter().map(|error| error.located_in(formula)).collect();
        located.join("; ")
    }

    /// Adds errors.
    pub(super) fn and(mut self, more: impl IntoIterator<Item = FormulaError>) -> FormulaErrors {
        self.0.extend(more);
        self.0.sort_by_key(|error| error.position);
        self
    }
}

impl From<FormulaError> for FormulaErrors {
    fn from(error: FormulaError) -> FormulaErrors {
        FormulaErrors(vec![error])
    }
}

impl IntoIterator for FormulaErrors {
    type Item = FormulaError;
    type IntoIter = std::vec::IntoIter<FormulaError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Returns all results, or the errors of all.
pub(super) fn all<T>(results: impl IntoIterator<Item = Result<T, FormulaErrors>>) -> Result<Vec<T>, FormulaErrors> {
    let mut values = Vec::new();
    let mut errors: Option<FormulaErrors> = None;
    for result in results {
        match (result, errors.take()) {
            (Ok(value), before) => {
                values.push(value);
                errors = before;
            }
            (Err(found), None) => errors = Some(found),
            (Err(found), Some(before)) => errors = Some(before.and(found)),
        }
    }
    errors.map_or(Ok(values), Err)
}

/// Returns both results, or the errors of both.
pub(super) fn both<T, U>(
    left: Result<T, FormulaErrors>,
    right: Result<U, FormulaErrors>,
) -> Result<(T, U), FormulaErrors> {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (Err(left), Err(right)) => Err(left.and(right)),
        (Err(errors), Ok(_)) | (Ok(_), Err(errors)) => Err(errors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpt_underlines_the_wrong_part() {
        for (formula, position, end, expected) in [
            ("sum([revnue]) / 2", 4, 12, "sum([revnue]) / 2\n    ^^^^^^^^"),
            ("1 => 2", 2, 2, "1 => 2\n  ^^"),
            ("2 *", 3, 3, "2 *\n   ^"),
            ("", 0, 0, "\n^"),
            ("[é] + é(1)", 7, 7, "[é] + é(1)\n      ^"),
            ("1 +\n\t[x] +\n2", 5, 8, "[x] +\n^^^"),
            ("[a]\n+ [b]", 0, 9, "[a]\n^^^"),
        ] {
            let error = FormulaError { end, ..FormulaError::new(position, "") };
            assert_eq!(error.excerpt(formula), expected, "{formula:?}");
        }
        let long = format!("{}[x]{}", "1 + ".repeat(50), " + 1".repeat(50));
        let error = FormulaError { end: 203, ..FormulaError::new(200, "") };
        let expected = format!("..{}[x]{}..\n{}^^^", "1 + ".repeat(15), " + 1".repeat(15), " ".repeat(62));
        assert_eq!(error.excerpt(&long), expected);
    }
}
