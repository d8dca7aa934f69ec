//! Checks the header of a CSV file against the declared columns and the warehouse's rules, before
//! anything is sent.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use csv::ByteRecord;
use flate2::read::MultiGzDecoder;
use serenytics_query::suggest::{listed, nearest};
use serenytics_query::wire::csv_file::{Header, other_format};

use crate::data_source::names;
use crate::error::{Error, Kind};
use crate::load::requirements::{HeaderRequirements, check_key};

/// Maximum length of a header.
const LONGEST: u64 = 1 << 20;

/// Common separators.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Returns an error if the header lacks a column, or has one that the warehouse does not accept.
/// Rewinds the file. An unreadable header is left to the server if no column is required.
pub(crate) fn check(
    path: &Path,
    mut file: &File,
    gzipped: bool,
    separator: char,
    requirements: &HeaderRequirements,
) -> Result<(), Error> {
    let unreadable = |error: io::Error| {
        let message = format!("cannot read the header of `{}`: {error}", path.display());
        Error::new(Kind::Usage, message).caused_by(error)
    };
    let mut start = Vec::new();
    let read = if gzipped {
        MultiGzDecoder::new(file).take(LONGEST).read_to_end(&mut start)
    } else {
        file.take(LONGEST).read_to_end(&mut start)
    };
    file.rewind().map_err(unreadable)?;
    let required = !requirements.declared.is_empty() || requirements.primary_key.is_some();
    match read {
        // A file that is broken after its first line still has a header.
        Err(error) if !start.contains(&b'\n') && required => return Err(unreadable(error)),
        _ => {}
    }
    if let Some(sentence) = other_format(&start) {
        return Err(Error::new(Kind::Usage, format!("`{}` {sentence}", path.display())));
    }
    let invalid = |message: &str| Err(Error::new(Kind::Usage, format!("`{}` {message}", path.display())));
    if let Some(message) = lacking(&start, separator, &requirements.declared) {
        return invalid(&message);
    }
    if start.len() as u64 == LONGEST && !start.contains(&b'\n') {
        // No header is that long: let the server report what this file is.
        return Ok(());
    }
    let columns = columns(&start, separator);
    if let ([only], false) = (columns.as_slice(), requirements.separator_is_set)
        && let Some(other) = other_separator(&start, separator, |names| names.len() > 1)
    {
        return invalid(&format!(
            "would be loaded as a single column `{only}`: its fields seem to be separated by {other:?}; set `.separator({other:?})`, or \
             `.separator({separator:?})` if that is its name"
        ));
    }
    check_key(requirements.primary_key.as_deref(), &columns)?;
    let wrong: Vec<_> =
        columns.iter().filter(|name| !name.is_empty()).filter_map(|name| names::problem(name)).collect();
    if wrong.is_empty() { Ok(()) } else { invalid(&format!("cannot be loaded: {}", wrong.join("; "))) }
}

/// Returns what a header lacks, with a suggestion.
fn lacking(start: &[u8], separator: char, declared: &[String]) -> Option<String> {
    let found = columns(start, separator);
    let missing: Vec<&str> = declared.iter().filter(|name| !found.contains(name)).map(String::as_str).collect();
    let first = *missing.first()?;
    let lacks = format!("has no column {}, which the source declares", listed(missing.iter().copied()));
    let has_all = |found: &[String]| declared.iter().all(|name| found.contains(name));
    if let Some(other) = other_separator(start, separator, has_all) {
        return Some(format!("{lacks}; its fields are separated by {other:?}: set `.separator({other:?})`"));
    }
    let names = || found.iter().map(String::as_str);
    Some(match nearest(first, names()) {
        Some(near) => format!("{lacks}; `{near}` may be meant as `{first}`"),
        None => format!("{lacks}; it has {}", listed(names())),
    })
}

/// Returns another separator with which a header's names are right.
fn other_separator(start: &[u8], separator: char, is_right: impl Fn(&[String]) -> bool) -> Option<char> {
    SEPARATORS.into_iter().find(|other| *other != separator && is_right(&columns(start, *other)))
}

/// Returns the names that the server gives to the columns of a header; none if the separator is not
/// valid.
fn columns(start: &[u8], separator: char) -> Vec<String> {
    let Ok(separator) = u8::try_from(separator) else { return Vec::new() };
    let start = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start);
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).delimiter(separator).flexible(true).from_reader(start);
    let mut header = ByteRecord::new();
    match reader.read_byte_record(&mut header) {
        Ok(true) => Header::of(header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()).names,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(header: &str, separator: char) -> Option<String> {
        let declared = ["title", "unit price"].map(str::to_owned);
        lacking(header.as_bytes(), separator, &declared)
    }

    #[test]
    fn header_with_the_declared_columns_is_valid() {
        assert_eq!(error_of("title,unit price,extra\n1,2,3\n", ','), None);
        assert_eq!(error_of("\u{feff}\"unit price\";title", ';'), None);
    }

    #[test]
    fn header_has_the_names_that_the_server_gives() {
        assert_eq!(columns(b",a,a\n", ','), ["column_1", "a", "a_2"]);
        assert_eq!(columns(b"a,,b,\n", ','), ["a", "", "b", ""]);
    }

    #[test]
    fn incomplete_header_error_suggests_a_fix() {
        let message = error_of("title;unit price\n", ',').unwrap();
        assert!(message.ends_with("its fields are separated by ';': set `.separator(';')`"), "{message}");
        let message = error_of("title, unit price\n", ',').unwrap();
        assert!(message.ends_with("` unit price` may be meant as `unit price`"), "{message}");
        let message = error_of("title\n", ',').unwrap();
        assert_eq!(message, "has no column `unit price`, which the source declares; it has `title`");
        assert!(error_of("", ',').unwrap().contains("`title`, `unit price`"));
    }
}
