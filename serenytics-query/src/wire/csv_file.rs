//! CSV files to load: the names that a header gives to columns, and formats that are mistaken for
//! CSV.

use std::collections::{HashMap, HashSet};

/// The column names of a CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The names. A column without a name is empty here, unless it got one.
    pub names: Vec<String>,
    /// One sentence for each name that differs from the file.
    pub warnings: Vec<String>,
}

impl Header {
    /// Names the columns of a file.
    ///
    /// The columns before the first name are the index that pandas and R write: they become
    /// `column_1`, `column_2`, .. A repeated name gets the suffix `_2`, `_3`, .., and so does a name
    /// that differs from an earlier one only in case. A name that the file already has is skipped.
    #[must_use]
    pub fn of(fields: Vec<String>) -> Header {
        let mut taken: HashSet<String> = fields.iter().map(|name| name.to_lowercase()).collect();
        let mut firsts: HashMap<String, (usize, String)> = HashMap::new();
        let mut suffixes: HashMap<String, usize> = HashMap::new();
        let mut header = Header { names: Vec::with_capacity(fields.len()), warnings: Vec::new() };
        let index = fields.iter().position(|name| !name.is_empty()).unwrap_or_default();
        let mut free = |name: &str, is_new: bool| {
            if is_new && taken.insert(name.to_lowercase()) {
                return name.to_owned();
            }
            let next = suffixes.entry(name.to_lowercase()).or_insert(1);
            loop {
                *next += 1;
                let suffixed = format!("{name}_{next}");
                if taken.insert(suffixed.to_lowercase()) {
                    return suffixed;
                }
            }
        };
        for (place, name) in (1..).zip(fields) {
            if place <= index {
                let given = free(&format!("column_{place}"), true);
                header.warnings.push(format!("column {place} has no name: it was loaded as `{given}`"));
                header.names.push(given);
            } else if let Some((first, named)) = firsts.get(&name.to_lowercase()).filter(|_| !name.is_empty()) {
                let given = free(&name, false);
                let found = match *named == name {
                    true => format!("columns {first} and {place} are both named `{name}`"),
                    false => format!("the columns `{named}` and `{name}` differ only in case"),
                };
                header.warnings.push(format!("{found}: column {place} was loaded as `{given}`"));
                header.names.push(given);
            } else {
                firsts.insert(name.to_lowercase(), (place, name.clone()));
                header.names.push(name);
            }
        }
        header
    }
}

/// Signatures of binary formats: the offset and the bytes, a description, and what to do.
const SIGNATURES: &[(usize, &[u8], &str, &str)] = &[
    (0, b"\xff\xfe\0\0", UTF_32, SAVE_AS_UTF_8),
    (0, b"\0\0\xfe\xff", UTF_32, SAVE_AS_UTF_8),
    (0, b"\xff\xfe", UTF_16, SAVE_AS_UTF_8),
    (0, b"\xfe\xff", UTF_16, SAVE_AS_UTF_8),
    (0, b"PAR1\x15", "a Parquet file", CONVERT),
    (0, b"ARROW1\0\0", "an Arrow file", CONVERT),
    (0, b"Obj\x01", "an Avro file", CONVERT),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", CONVERT),
    (0, b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a spreadsheet in the old Excel format", SAVE_AS_CSV),
    (0, b"\x1f\x8b", "gzipped twice", "decompress it once"),
    (4, b"1AY&SY", "a bzip2 archive", DECOMPRESS),
    (0, b"\xfd7zXZ\0", "an xz archive", DECOMPRESS),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", DECOMPRESS),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", EXTRACT),
    (0, b"Rar!\x1a\x07", "a RAR archive", EXTRACT),
    (257, b"ustar", "a tar archive", EXTRACT),
    (0, b"%PDF-", "a PDF document", "export the table as CSV"),
];

const UTF_16: &str = "encoded in UTF-16";
const UTF_32: &str = "encoded in UTF-32";
const SAVE_AS_UTF_8: &str = "save it as UTF-8";
const SAVE_AS_CSV: &str = "save it as CSV in UTF-8";
const CONVERT: &str = "convert it to CSV";
const DECOMPRESS: &str = "decompress it, or compress it with gzip";
const EXTRACT: &str = "extract the CSV file from it";

/// The number of bytes at the start of a file that [`other_format`] looks at.
pub const START: usize = 512;

/// Recognizes a file that is not CSV by its first bytes, after decompression. Returns a sentence
/// about the file, without its subject.
#[must_use]
pub fn other_format(start: &[u8]) -> Option<String> {
    let (found, advice) = recognized(start)?;
    Some(format!("is {found}, not a CSV file in UTF-8: {advice}"))
}

fn recognized(start: &[u8]) -> Option<(&'static str, &'static str)> {
    let has = |at: usize, bytes: &[u8]| start.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    if has(0, b"PK\x03\x04") || has(0, b"PK\x05\x06") {
        return Some(zipped(start));
    }
    if let Some((_, _, found, advice)) = SIGNATURES.iter().find(|(at, bytes, ..)| has(*at, bytes)) {
        return Some((found, advice));
    }
    // ASCII text in UTF-16 without a byte order mark: every other byte is zero.
    let pairs = start.get(..start.len().min(32) & !1)?.chunks_exact(2);
    let zeros = |at: usize| pairs.clone().all(|pair| (pair[at] == 0) && (pair[1 - at] != 0));
    if pairs.len() > 1 && (zeros(0) || zeros(1)) {
        return Some((UTF_16, SAVE_AS_UTF_8));
    }
    let text = start.trim_ascii_start();
    let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|text| text.eq_ignore_ascii_case(with));
    if begins(b"<!doctype html") || begins(b"<html") {
        return Some(("an HTML page", "download the file itself"));
    }
    if begins(b"<?xml") {
        return Some(("an XML document", CONVERT));
    }
    let after = |bracket: u8| text.strip_prefix(&[bracket]).map(<[u8]>::trim_ascii_start);
    let is_object = |text: &[u8]| text.starts_with(b"{\"") || text.starts_with(b"{}");
    if after(b'{').is_some_and(|rest| rest.starts_with(b"\"")) || after(b'[').is_some_and(is_object) {
        return Some(("JSON", "convert it to CSV, or insert the rows in a batch"));
    }
    None
}

/// Describes a zip archive by the name of its first entry.
fn zipped(start: &[u8]) -> (&'static str, &'static str) {
    let entry = start.get(30..).unwrap_or_default();
    let office = [&b"[Content_Types].xml"[..], b"_rels/", b"xl/", b"docProps/"];
    if office.iter().any(|name| entry.starts_with(name)) {
        return ("an Excel workbook (.xlsx)", SAVE_AS_CSV);
    }
    if entry.starts_with(b"mimetypeapplication/vnd.oasis.opendocument") {
        return ("an OpenDocument spreadsheet (.ods)", SAVE_AS_CSV);
    }
    ("a zip archive", EXTRACT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(fields: &[&str]) -> Header {
        Header::of(fields.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn header_names_the_index_and_repeated_columns() {
        let cases: [(&[&str], &[&str]); 9] = [
            (&["a", "b"], &["a", "b"]),
            (&["", "a"], &["column_1", "a"]),
            (&["", "", "a"], &["column_1", "column_2", "a"]),
            (&["", "column_1", "Column_1_2"], &["column_1_3", "column_1", "Column_1_2"]),
            (&["a", "a", "a"], &["a", "a_2", "a_3"]),
            (&["a", "a_2", "a", "a"], &["a", "a_2", "a_3", "a_4"]),
            (&["a", "a", "a_2", "a_2"], &["a", "a_3", "a_2", "a_2_2"]),
            (&["a", "", "b", ""], &["a", "", "b", ""]),
            (&["", ""], &["", ""]),
        ];
        for (fields, names) in cases {
            assert_eq!(header(fields).names, names, "{fields:?}");
        }
        assert_eq!(
            header(&["", "a", "a"]).warnings,
            [
                "column 1 has no name: it was loaded as `column_1`",
                "columns 2 and 3 are both named `a`: column 3 was loaded as `a_2`",
            ]
        );
        let cased = header(&["p95", "b", "P95"]);
        assert_eq!(cased.names, ["p95", "b", "P95_2"]);
        assert_eq!(cased.warnings, ["the columns `p95` and `P95` differ only in case: column 3 was loaded as `P95_2`"]);
        assert_eq!(header(&["a", "b"]).warnings, [""; 0]);
    }

    #[test]
    fn header_of_many_equal_names_takes_linear_time() {
        let names = header(&vec!["a"; 100_000]).names;
        assert_eq!(names.last().unwrap(), "a_100000");
    }

    #[test]
    fn other_format_is_recognized_by_the_first_bytes() {
        let zip = |entry: &[u8]| [&b"PK\x03\x04"[..], &[0; 26], entry].concat();
        let tar = [&[b'x'; 257][..], b"ustar\0"].concat();
        let cases: [(&[u8], &str); 18] = [
            (b"\xff\xfea\0,\0b\0", "encoded in UTF-16"),
            (b"\xfe\xff\0a\0,", "encoded in UTF-16"),
            (b"a\0,\0b\0\n\0", "encoded in UTF-16"),
            (b"\0a\0,\0b\0\n", "encoded in UTF-16"),
            (b"\xff\xfe\0\0a\0\0\0", "encoded in UTF-32"),
            (&zip(b"[Content_Types].xml"), "an Excel workbook (.xlsx)"),
            (&zip(b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), "an OpenDocument spreadsheet"),
            (&zip(b"sales.csv"), "a zip archive"),
            (b"PAR1\x15\x04", "a Parquet file"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "the old Excel format"),
            (b"\x1f\x8b\x08", "gzipped twice"),
            (b"BZh91AY&SY", "a bzip2 archive"),
            (&tar, "a tar archive"),
            (b"%PDF-1.7", "a PDF document"),
            (b"\n<!DOCTYPE html><html>", "an HTML page"),
            (b"<?xml version=\"1.0\"?>", "an XML document"),
            (b"{\"a\": 1}\n{\"a\": 2}\n", "JSON"),
            (b"[\n  {\"a\": 1}]", "JSON"),
        ];
        for (start, expected) in cases {
            let found = other_format(start).unwrap_or_default();
            assert!(found.contains(expected) && found.contains(": "), "{start:?}: {found}");
        }
    }

    #[test]
    fn other_format_accepts_csv() {
        for start in [
            &b""[..],
            b"a",
            b"a,b\n1,2\n",
            b"\"a\",\"b\"\n",
            b"\xef\xbb\xbfa,b\n",
            b"[Id],[Name]\n",
            b"{id},{name}\n",
            b"PK,name\n",
            b"ORCID,PAR1\n",
            b"PAR1,n\n",
            b"BZ,h\n",
            b"v\xe9lo,a\n",
            b"<a>,b\n",
        ] {
            assert_eq!(other_format(start), None, "{start:?}");
        }
    }
}
