//! The header of a CSV file, held against the columns that a source declares before anything is sent.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use csv::ByteRecord;
use flate2::read::MultiGzDecoder;
use serenytics_query::suggest::{listed, nearest};

use crate::error::{Error, Kind};

/// The longest header that is read.
const LONGEST: u64 = 1 << 20;

/// The separators that files mostly have.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Refuses a file whose header lacks a declared column, and leaves the file at its start.
pub(crate) fn check(
    path: &Path,
    mut file: &File,
    gzipped: bool,
    separator: char,
    declared: &[String],
) -> Result<(), Error> {
    let unreadable = |error: io::Error| {
        let message = format!("cannot read the header of `{}`: {error}", path.display());
        Error::new(Kind::Usage, message).caused_by(error)
    };
    let mut start = Vec::new();
    if gzipped {
        MultiGzDecoder::new(file).take(LONGEST).read_to_end(&mut start).map_err(unreadable)?;
    } else {
        file.take(LONGEST).read_to_end(&mut start).map_err(unreadable)?;
    }
    file.rewind().map_err(unreadable)?;
    match lacking(&start, separator, declared) {
        Some(message) => Err(Error::new(Kind::Usage, format!("`{}` {message}", path.display()))),
        None => Ok(()),
    }
}

/// What a header lacks, and what was probably meant.
fn lacking(start: &[u8], separator: char, declared: &[String]) -> Option<String> {
    let found = columns(start, separator);
    let has = |found: &[String], name: &String| found.contains(name);
    let missing: Vec<&str> = declared.iter().filter(|name| !has(&found, name)).map(String::as_str).collect();
    let first = *missing.first()?;
    let lacks = format!("has no column {}, which the source declares", listed(missing.iter().copied()));
    let other = SEPARATORS.into_iter().filter(|other| *other != separator).find(|other| {
        let found = columns(start, *other);
        declared.iter().all(|name| has(&found, name))
    });
    if let Some(other) = other {
        return Some(format!("{lacks}; its fields are separated by {other:?}: set `.separator({other:?})`"));
    }
    let names = || found.iter().map(String::as_str);
    Some(match nearest(first, names()) {
        Some(near) => format!("{lacks}; for `{first}` it may have `{near}`"),
        None => format!("{lacks}; it has {}", listed(names())),
    })
}

/// The names of a header; none if the separator is none of a CSV file's.
fn columns(start: &[u8], separator: char) -> Vec<String> {
    let Ok(separator) = u8::try_from(separator) else { return Vec::new() };
    let start = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start);
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).delimiter(separator).flexible(true).from_reader(start);
    let mut header = ByteRecord::new();
    match reader.read_byte_record(&mut header) {
        Ok(true) => header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(header: &str, separator: char) -> Option<String> {
        let declared = ["title", "unit price"].map(str::to_owned);
        lacking(header.as_bytes(), separator, &declared)
    }

    #[test]
    fn a_header_with_the_declared_columns_is_right() {
        assert_eq!(refused("title,unit price,extra\n1,2,3\n", ','), None);
        assert_eq!(refused("\u{feff}\"unit price\";title", ';'), None);
    }

    #[test]
    fn what_a_header_lacks_is_told_with_what_was_meant() {
        let told = refused("title;unit price\n", ',').unwrap();
        assert!(told.ends_with("its fields are separated by ';': set `.separator(';')`"), "{told}");
        let told = refused("title, unit price\n", ',').unwrap();
        assert!(told.ends_with("for `unit price` it may have ` unit price`"), "{told}");
        let told = refused("title\n", ',').unwrap();
        assert_eq!(told, "has no column `unit price`, which the source declares; it has `title`");
        assert!(refused("", ',').unwrap().contains("`title`, `unit price`"));
    }
}
