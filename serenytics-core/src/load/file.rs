//! A CSV file to load: checks of its name and first bytes, before anything is sent.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use crate::error::{Error, Kind};
use crate::load::header;
use crate::load::requirements::HeaderRequirements;

/// An open file that can be loaded.
#[derive(Debug)]
pub(crate) struct CsvFile {
    pub(crate) file: File,
    /// The size in bytes on disk.
    pub(crate) size: u64,
    pub(crate) gzipped: bool,
    /// The name for the server: without folders, and with the extension of what is sent, which is
    /// always gzipped.
    pub(crate) sent_name: String,
}

/// Opens a file and checks its header, in a thread for blocking calls.
pub(crate) async fn open(path: &Path, separator: char, requirements: HeaderRequirements) -> Result<CsvFile, Error> {
    let path = path.to_owned();
    let opening = tokio::task::spawn_blocking(move || {
        let file = CsvFile::open_now(&path)?;
        header::check(&path, &file.file, file.gzipped, separator, &requirements)?;
        Ok(file)
    });
    match opening.await {
        Ok(opened) => opened,
        Err(error) => Err(Error::new(Kind::Usage, "opening the file was interrupted").caused_by(error)),
    }
}

/// The first bytes of a gzipped file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

impl CsvFile {
    pub(crate) fn open_now(path: &Path) -> Result<CsvFile, Error> {
        let shown = path.display();
        let usage = |message: String| Error::new(Kind::Usage, message);
        let unreadable = |error: io::Error| {
            let message = match error.kind() {
                io::ErrorKind::NotFound => format!("there is no file `{shown}`"),
                _ => format!("cannot read the file `{shown}`: {error}"),
            };
            usage(message).caused_by(error)
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            let kind = if metadata.is_dir() { "a folder" } else { "not a regular file" };
            return Err(usage(format!("`{shown}` is {kind}; expected a CSV file")));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some((stem, gzipped)) = stem(&name) else {
            return Err(usage(format!(
                "the name of `{shown}` has to end with .csv or .csv.gz: the server reads the format from it"
            )));
        };
        let mut file = File::open(path).map_err(unreadable)?;
        if gzipped {
            let mut start = Vec::new();
            file.by_ref().take(GZIP.len() as u64).read_to_end(&mut start).map_err(unreadable)?;
            file.rewind().map_err(unreadable)?;
            if start != GZIP {
                return Err(usage(format!("`{shown}` is not gzipped, although its name ends with .csv.gz")));
            }
        }
        Ok(CsvFile { file, size: metadata.len(), gzipped, sent_name: format!("{stem}.csv.gz") })
    }
}

/// Returns a file name without its extension, and whether the extension means that the file is
/// gzipped.
fn stem(name: &str) -> Option<(&str, bool)> {
    [(".csv", false), (".csv.gz", true)].into_iter().find_map(|(extension, gzipped)| {
        let (stem, end) = name.split_at_checked(name.len().checked_sub(extension.len())?)?;
        end.eq_ignore_ascii_case(extension).then_some((stem, gzipped))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_extension_sets_the_format() {
        assert_eq!(stem("flights.csv"), Some(("flights", false)));
        assert_eq!(stem("flights.2013.csv.gz"), Some(("flights.2013", true)));
        assert_eq!(stem("FLIGHTS.CSV"), Some(("FLIGHTS", false)));
        for name in ["flights", "flights.gz", "flights.xlsx", "csv", "", "é", "flightséa"] {
            assert_eq!(stem(name), None, "{name}");
        }
    }

    #[test]
    fn file_that_cannot_be_loaded_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error_of = |name: &str, content: Option<&str>| {
            let path = folder.path().join(name);
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            CsvFile::open_now(&path).unwrap_err().to_string()
        };
        assert!(error_of("missing.csv", None).contains("there is no file"));
        assert!(error_of("data.xlsx", Some("a")).contains("end with .csv or .csv.gz"));
        assert!(error_of("data.csv.gz", Some("a,b")).contains("not gzipped"));
        assert!(error_of("empty.csv.gz", Some("")).contains("not gzipped"));
        assert!(error_of("", None).contains("a folder"));
        let path = folder.path().join("data.csv");
        std::fs::write(&path, "a,b\n").unwrap();
        let opened = CsvFile::open_now(&path).unwrap();
        assert_eq!((opened.size, opened.gzipped, opened.sent_name.as_str()), (4, false, "data.csv.gz"));
    }
}
