//! A position in a formula, with the lookahead that the grammar needs.

use crate::formula::error::FormulaError;

/// The maximum nesting of parentheses, calls and signs.
const NESTING: usize = 32;

/// The part of a formula that has not been read.
pub(super) struct Cursor<'a> {
    formula: &'a str,
    position: usize,
    /// How many parentheses, calls and signs surround the position.
    nesting: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(formula: &'a str) -> Cursor<'a> {
        Cursor { formula, position: 0, nesting: 0 }
    }

    /// Returns the byte of the formula that is read next.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn rest(&self) -> &'a str {
        self.formula.get(self.position..).unwrap_or_default()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Returns the characters from here on that `belongs` accepts, without reading them.
    pub(super) fn peek_while(&self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(|c| !belongs(c)).unwrap_or(rest.len())]
    }

    /// Reads the characters from here on that `belongs` accepts.
    pub(super) fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let taken = self.peek_while(belongs);
        self.position += taken.len();
        taken
    }

    /// Reads this character, if it is the next one.
    pub(super) fn eat(&mut self, expected: char) -> bool {
        let is_next = self.peek() == Some(expected);
        if is_next {
            self.position += expected.len_utf8();
        }
        is_next
    }

    pub(super) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Skips space and returns the word there, which may be empty, without reading it.
    pub(super) fn peek_word(&mut self) -> &'a str {
        self.skip_space();
        self.peek_while(is_word)
    }

    /// Skips space and reads this keyword, in any case of letters, if it is the next word.
    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let word = self.peek_word();
        let is_next = word.eq_ignore_ascii_case(keyword);
        if is_next {
            self.position += word.len();
        }
        is_next
    }

    /// Returns the text from `start` to the position.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.formula.get(start..self.position).unwrap_or_default()
    }

    /// Returns the byte after the part from `start` to the position, without space at its end.
    pub(super) fn end_of(&self, start: usize) -> usize {
        start + self.since(start).trim_end().len()
    }

    /// Reads something nested one level deeper.
    ///
    /// # Errors
    /// Returns an error if the formula is nested too deep.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Cursor<'a>) -> Result<T, FormulaError>,
    ) -> Result<T, FormulaError> {
        if self.nesting == NESTING {
            return self.error(format!("the formula is nested more than {NESTING} deep"));
        }
        self.nesting += 1;
        let read = read(self)?;
        self.nesting -= 1;
        Ok(read)
    }

    /// Returns the next character for a message.
    pub(super) fn found(&self) -> String {
        match self.peek() {
            Some(c) => format!("`{c}`"),
            None => "the end of the formula".to_owned(),
        }
    }

    /// Returns an error at the position.
    pub(super) fn error<T>(&self, message: impl Into<String>) -> Result<T, FormulaError> {
        Err(FormulaError::new(self.position, message))
    }
}

/// Returns true for the characters of keywords and function names.
pub(in crate::formula) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
