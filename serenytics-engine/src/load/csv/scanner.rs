//! Checks the bytes of a CSV file before they are split into fields: quotes, the size of records,
//! and the line on which each record starts.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Read};

/// The maximum size of a record in bytes.
const MAX_RECORD_BYTES: u64 = 32 * 1024 * 1024;

/// The maximum number of separators in a record, including those in quoted fields. Each may end a
/// field, and even an empty field uses memory.
const MAX_SEPARATORS: u64 = 4 * 1024 * 1024;

/// A reader that passes on the bytes of a CSV file and fails at the first invalid quote.
///
/// The `csv` crate reads such a file without an error: a quote that is never closed makes the rest
/// of the file one field, and text after a closing quote joins two records.
pub(super) struct Scanner<R> {
    input: R,
    separator: u8,
    /// For each byte, whether it can end a field or a line. All others are skipped.
    is_special: [bool; 256],
    state: State,
    /// The line of the next byte.
    line: u64,
    /// True after a carriage return: a line feed then belongs to the same line end.
    after_return: bool,
    /// The line on which the last quoted field starts.
    quote_line: u64,
    /// The number of bytes before the next one, and before the start of the record.
    offset: u64,
    record_offset: u64,
    /// The separators since the start of the record.
    separators: u64,
    /// The lines on which the records start that were not taken yet.
    starts: VecDeque<u64>,
}

/// The position of the next byte in its record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first field. Empty lines are skipped.
    Record,
    /// At the start of a field.
    Field,
    /// In a field without quotes.
    Unquoted,
    /// In a quoted field.
    Quoted,
    /// After a quote in a quoted field: it ends the field, or is the first of a doubled quote.
    Quote,
    /// After spaces that follow a quoted field.
    Spaces,
}

/// An error in the text of a CSV file, as a sentence.
#[derive(Debug)]
pub(super) struct Malformed(pub(super) String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Malformed {}

impl<R: Read> Scanner<R> {
    /// Starts at the beginning of a file.
    pub(super) fn new(input: R, separator: u8) -> Scanner<R> {
        let mut is_special = [false; 256];
        for byte in [separator, b'"', b'\n', b'\r'] {
            is_special[usize::from(byte)] = true;
        }
        Scanner {
            input,
            separator,
            is_special,
            state: State::Record,
            line: 1,
            after_return: false,
            quote_line: 0,
            offset: 0,
            record_offset: 0,
            separators: 0,
            starts: VecDeque::new(),
        }
    }

    /// Returns the line on which the next record starts. Call it once for each record.
    pub(super) fn next_line(&mut self) -> Option<u64> {
        self.starts.pop_front()
    }

    fn scan(&mut self, read: &[u8]) -> Result<(), Malformed> {
        let begin = self.offset;
        let mut rest = read;
        loop {
            if matches!(self.state, State::Unquoted | State::Quoted) {
                let skipped = rest.iter().position(|byte| self.is_special[usize::from(*byte)]).unwrap_or(rest.len());
                self.after_return &= skipped == 0;
                rest = &rest[skipped..];
            }
            let Some((byte, after)) = rest.split_first() else { break };
            self.offset = begin + (read.len() - rest.len()) as u64;
            self.state = self.next(*byte)?;
            match byte {
                b'\n' if self.after_return => self.after_return = false,
                b'\n' | b'\r' => {
                    self.line += 1;
                    self.after_return = *byte == b'\r';
                }
                _ => self.after_return = false,
            }
            rest = after;
        }
        self.offset = begin + read.len() as u64;
        let too_large = match (self.offset - self.record_offset, self.separators) {
            (MAX_RECORD_BYTES.., _) => "is longer than 32 MiB",
            (_, MAX_SEPARATORS..) => "has more than four million separators",
            _ => return Ok(()),
        };
        let quote = match self.state {
            State::Quoted => format!("an unclosed quote: one opens on line {}", self.quote_line),
            _ => "an unclosed quote".to_owned(),
        };
        Err(Malformed(format!("a record {too_large}: look for {quote}")))
    }

    /// Returns the state after a byte.
    #[inline]
    fn next(&mut self, byte: u8) -> Result<State, Malformed> {
        if byte == self.separator {
            self.separators += 1;
        }
        let is_line_end = byte == b'\n' || byte == b'\r';
        Ok(match self.state {
            State::Record if is_line_end => State::Record,
            State::Record => {
                self.starts.push_back(self.line);
                (self.record_offset, self.separators) = (self.offset, 0);
                self.field(byte)
            }
            State::Quoted if byte == b'"' => State::Quote,
            State::Quoted => State::Quoted,
            State::Quote if byte == b'"' => State::Quoted,
            _ if is_line_end => State::Record,
            State::Field => self.field(byte),
            _ if byte == self.separator => State::Field,
            State::Unquoted => State::Unquoted,
            State::Quote | State::Spaces => {
                // Spaces after a quote that spans lines are more likely text between two quotes.
                if matches!(byte, b' ' | b'\t') && self.quote_line == self.line {
                    return Ok(State::Spaces);
                }
                return Err(self.text_after_quote());
            }
        })
    }

    /// Returns the state after the first byte of a field.
    fn field(&mut self, byte: u8) -> State {
        match byte {
            b'"' => {
                self.quote_line = self.line;
                State::Quoted
            }
            _ if byte == self.separator => State::Field,
            _ => State::Unquoted,
        }
    }

    fn text_after_quote(&self) -> Malformed {
        let (line, quote_line) = (self.line, self.quote_line);
        let advice = "write a quote inside of a quoted field twice, or set another separator";
        Malformed(if line == quote_line {
            format!("line {line}: text follows a closing quote: {advice}")
        } else {
            format!(
                "line {line}: text follows a closing quote; the quote opens on line {quote_line}: close it there, \
                 {advice}"
            )
        })
    }
}

impl<R: Read> Read for Scanner<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        let scanned = match read {
            0 if self.state == State::Quoted && !buffer.is_empty() => {
                let line = self.quote_line;
                Err(Malformed(format!("line {line}: a quote opens here and is never closed: close or remove it")))
            }
            _ => self.scan(&buffer[..read]),
        };
        scanned.map(|()| read).map_err(|malformed| io::Error::new(io::ErrorKind::InvalidData, malformed))
    }
}

#[cfg(test)]
mod tests {
    use csv::{ByteRecord, ReaderBuilder};
    use proptest::prelude::*;

    use super::*;

    /// Reads a file in chunks. Returns its records with their lines, or the error.
    fn read(text: &str, chunk: usize) -> Result<Vec<(u64, Vec<String>)>, String> {
        let scanner = Scanner::new(text.as_bytes(), b',');
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(chunk).from_reader(scanner);
        let (mut records, mut record) = (Vec::new(), ByteRecord::new());
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(true) => {
                    let fields = record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
                    records.push((reader.get_mut().next_line().unwrap(), fields));
                }
                Ok(false) => {
                    assert_eq!(reader.get_mut().next_line(), None, "{text:?}");
                    return Ok(records);
                }
                Err(error) => {
                    let csv::ErrorKind::Io(error) = error.into_kind() else { panic!("not an error of the scanner") };
                    return Err(error.to_string());
                }
            }
        }
    }

    fn lines(text: &str) -> Vec<u64> {
        read(text, 64 * 1024).unwrap().into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn unclosed_quote_is_rejected_with_the_line_on_which_it_opens() {
        for (text, line) in [
            ("a,b\n1,\"x\n2,y\n", 2),
            ("a,b\n1,x\n2,\"y", 3),
            ("\"a,b\n1,x\n", 1),
            ("a\n\"", 2),
            ("a\n\n\r\n\"x\"\"\n", 4),
            ("a\r1\r\"2\r", 3),
            ("a,b\n\"multi\nline\",\"x\n", 3),
        ] {
            let error = read(text, 64 * 1024).unwrap_err();
            let expected = format!("line {line}: a quote opens here and is never closed");
            assert!(error.starts_with(&expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn text_after_a_closing_quote_is_rejected_with_its_line() {
        for (text, line, opens) in [
            ("id,t\n1,\"foo\n2,bar\n3,\"baz\n4,q\n", 4, Some(2)),
            ("a\n\"x\"y\n", 2, None),
            ("a\n\"x\" y\n", 2, None),
            ("a\n\"x\"\"\"y\n", 2, None),
            ("a,b\n1,\"x\"y\"\n", 2, None),
            ("a,b\n1,\"x\n\" \n", 3, Some(2)),
            ("\"a\"b,c\n", 1, None),
            ("a\n\"x\" \"y\"\n", 2, None),
        ] {
            let error = read(text, 64 * 1024).unwrap_err();
            assert!(error.starts_with(&format!("line {line}: text follows a closing quote")), "{text:?}: {error}");
            let opens = opens.map(|line| format!("the quote opens on line {line}"));
            assert!(opens.is_none_or(|opens| error.contains(&opens)), "{text:?}: {error}");
        }
    }

    #[test]
    fn quotes_of_other_tools_are_read_as_before() {
        let fields =
            |text| read(text, 64 * 1024).unwrap().into_iter().flat_map(|(_, fields)| fields).collect::<Vec<_>>();
        assert_eq!(fields("a\"b,5'10\"\n"), ["a\"b", "5'10\""]);
        assert_eq!(fields("\"a\"\"b\",\"x\ny\",\"\"\n"), ["a\"b", "x\ny", ""]);
        assert_eq!(fields("1, \"x\", y\n"), ["1", " \"x\"", " y"]);
        assert_eq!(fields("\"x\" ,\"y\"\t\n"), ["x ", "y\t"]);
        assert_eq!(fields("\"\"\"\"\n"), ["\""]);
    }

    #[test]
    fn record_lines_count_empty_and_quoted_lines() {
        assert_eq!(lines("a\n1\n\n\n2\n\"x\ny\"\n3"), [1, 2, 5, 6, 8]);
        assert_eq!(lines("a\r\n1\r\n\r\n2"), [1, 2, 4]);
        assert_eq!(lines("a\r1\r\r2\r"), [1, 2, 4]);
    }

    proptest! {
        #[test]
        fn written_rows_are_read_back_with_their_lines(
            rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r é]{0,4}", 2..4), 1..8),
            chunk in 1_usize..40,
        ) {
            let (mut text, mut expected, mut line) = (String::new(), Vec::new(), 1);
            for row in &rows {
                expected.push((line, row.clone()));
                let quoted: Vec<String> = row.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
                text.push_str(&format!("{}\n", quoted.join(",")));
                line = 1 + text.replace("\r\n", "\n").matches(['\n', '\r']).count() as u64;
            }
            prop_assert_eq!(read(&text, chunk), Ok(expected));
        }

        #[test]
        fn accepted_files_have_the_records_of_the_csv_crate(text in "[a,\"\n\r ]{0,16}", chunk in 1_usize..20) {
            let Ok(records) = read(&text, chunk) else { return Ok(()) };
            let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let plain = reader.byte_records().map(|record| record.unwrap().len()).collect::<Vec<_>>();
            prop_assert_eq!(records.iter().map(|(_, fields)| fields.len()).collect::<Vec<_>>(), plain);
        }
    }
}
