//! Reads the rows of a response: cells in the order of the columns, directly from the bytes of the
//! JSON.

mod checked;
mod column_value;
mod error;
mod field;
mod number;
mod plain;
mod row;
mod types;

use memchr::memchr2;

#[doc(hidden)]
pub use checked::{Checked, Invalid, RowStruct, Second, Then, ThenRow, check_cell, check_column, check_row};
pub use column_value::{
    ColumnCell, ColumnValue, DateTimeCells, FloatCells, IntCells, StrCells, column_option, column_value, stored_value,
};
pub use error::CellError;
pub use field::{FieldOf, field};
pub use row::{Field, Row};
pub use types::Cell;

/// The kinds of JSON scalars that a cell can be, borrowed from the answer.
enum Scalar<'a> {
    Null,
    Number(&'a str),
    /// A string without escapes.
    Text(&'a str),
    /// A string with its quotes and escapes.
    Escaped(&'a [u8]),
    /// `true`, `false`, a list or an object: not valid in a cell.
    Other,
}

/// A position in the bytes of a response, from which the cells of a row are read in turn.
#[derive(Debug, Clone)]
pub struct CellReader<'a> {
    bytes: &'a [u8],
    at: usize,
    column: usize,
}

impl<'a> CellReader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    #[inline]
    pub fn new(bytes: &'a [u8]) -> CellReader<'a> {
        CellReader { bytes, at: 0, column: 0 }
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Reads one row, `[cell, ..]`, of `columns` cells by `read`.
    ///
    /// # Errors
    /// [`CellError`]; after [`CellError::Incomplete`] the same row may be read again with more
    /// bytes.
    #[inline]
    pub fn row<R>(
        &mut self,
        columns: usize,
        read: impl FnOnce(&mut CellReader<'a>) -> Result<R, CellError>,
    ) -> Result<R, CellError> {
        self.skip_space();
        self.expect(b'[')?;
        self.column = 0;
        let row = read(self).map_err(|error| match error {
            CellError::Count { found, .. } => CellError::Count { expected: columns, found },
            error => error,
        })?;
        self.skip_space();
        match self.peek()? {
            b']' if self.column == columns => {
                self.at += 1;
                Ok(row)
            }
            b']' => Err(CellError::Count { expected: columns, found: self.column }),
            b',' => Err(CellError::Count { expected: columns, found: columns + 1 }),
            _ => Err(self.syntax()),
        }
    }

    /// Reads the next cell of the row.
    ///
    /// # Errors
    /// [`CellError`].
    #[expect(clippy::should_implement_trait, reason = "the type of the item differs from call to call")]
    #[inline]
    pub fn next<C: Cell>(&mut self) -> Result<C, CellError> {
        if self.column > 0 {
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => return Err(CellError::Count { expected: 0, found: self.column }),
                _ => return Err(self.syntax()),
            }
        }
        self.skip_space();
        if self.column == 0 && self.peek()? == b']' {
            return Err(CellError::Count { expected: 0, found: 0 });
        }
        let column = self.column;
        self.column += 1;
        if let Some(cell) = C::read_plain(self) {
            return Ok(cell);
        }
        let start = self.at;
        let scalar = self.scalar()?;
        C::from_scalar(&scalar).ok_or_else(|| CellError::Mismatch {
            column,
            expected: C::EXPECTED,
            found: excerpt(&self.bytes[start..]),
        })
    }

    /// Returns true if the row has no further cell.
    ///
    /// # Errors
    /// [`CellError::Incomplete`] at the end of the bytes.
    #[inline]
    pub fn is_row_end(&mut self) -> Result<bool, CellError> {
        self.skip_space();
        Ok(self.peek()? == b']')
    }

    /// Skips spaces and line ends.
    #[inline]
    pub fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// Returns the next byte without reading it.
    ///
    /// # Errors
    /// [`CellError::Incomplete`] at the end of the bytes.
    #[inline]
    pub fn peek(&self) -> Result<u8, CellError> {
        self.bytes.get(self.at).copied().ok_or(CellError::Incomplete)
    }

    /// Reads `byte`.
    ///
    /// # Errors
    /// [`CellError::Syntax`] if the next byte is a different one.
    #[inline]
    pub fn expect(&mut self, byte: u8) -> Result<(), CellError> {
        if self.peek()? == byte {
            self.at += 1;
            Ok(())
        } else {
            Err(self.syntax())
        }
    }

    /// Reads any JSON value and returns its bytes.
    ///
    /// # Errors
    /// [`CellError`] if the value is truncated or is not valid JSON.
    pub fn skip_value(&mut self) -> Result<&'a [u8], CellError> {
        self.skip_space();
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            self.skip_space();
            match self.peek()? {
                b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                }
                b']' | b'}' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b'"' => self.text().map(|_| ())?,
                b']' | b'}' | b',' | b':' => return Err(self.syntax()),
                _ => self.word().map(|_| ())?,
            }
            if depth == 0 {
                return Ok(&self.bytes[start..self.at]);
            }
        }
    }

    #[inline]
    fn scalar(&mut self) -> Result<Scalar<'a>, CellError> {
        match self.peek()? {
            b'"' => self.text(),
            b'[' | b'{' => self.skip_value().map(|_| Scalar::Other),
            _ => {
                let word = self.word()?;
                Ok(match word {
                    // Python's `json` writes a bare NaN for a missing number.
                    "null" | "NaN" => Scalar::Null,
                    "true" | "false" => Scalar::Other,
                    _ => Scalar::Number(word),
                })
            }
        }
    }

    /// Reads a number or a bare word, which ends before a separator.
    #[inline]
    fn word(&mut self) -> Result<&'a str, CellError> {
        let rest = &self.bytes[self.at..];
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b',' | b']' | b'}' | b':' | b' ' | b'\n' | b'\r' | b'\t'))
            .ok_or(CellError::Incomplete)?;
        let word = std::str::from_utf8(&rest[..length]).map_err(|_| self.syntax())?;
        if word.is_empty() {
            return Err(self.syntax());
        }
        self.at += length;
        Ok(word)
    }

    #[inline]
    fn text(&mut self) -> Result<Scalar<'a>, CellError> {
        let start = self.at + 1;
        let mut escaped = false;
        let mut end = start;
        loop {
            let Some(found) = self.bytes.get(end..).and_then(|rest| memchr2(b'"', b'\\', rest)) else {
                return Err(CellError::Incomplete);
            };
            end += found;
            if self.bytes[end] == b'"' {
                break;
            }
            escaped = true;
            end += 2;
        }
        let inside = &self.bytes[start..end];
        let scalar = if escaped {
            Scalar::Escaped(&self.bytes[self.at..=end])
        } else {
            let found = || excerpt(&self.bytes[self.at..]);
            Scalar::Text(std::str::from_utf8(inside).map_err(|_| CellError::Encoding { found: found() })?)
        };
        self.at = end + 1;
        Ok(scalar)
    }

    fn syntax(&self) -> CellError {
        CellError::Syntax { found: excerpt(&self.bytes[self.at..]) }
    }
}

/// The start of some bytes, for a message: up to the next separator, at most 40 characters.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    let end = match text.strip_prefix('"') {
        Some(rest) => rest.find('"').map(|at| at + 2),
        None => text.find([',', ']', '}']).map(|at| at.max(1)),
    };
    let value = end.map_or(&*text, |end| &text[..end]);
    if value.chars().count() <= 40 {
        return format!("`{value}`");
    }
    format!("`{}…`", value.chars().take(40).collect::<String>())
}
