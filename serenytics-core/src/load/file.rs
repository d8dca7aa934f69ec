//! A CSV file to load: what its name and its first bytes say, before anything is sent.

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
    /// The size in bytes, as it lies on the disk.
    pub(crate) size: u64,
    pub(crate) gzipped: bool,
    /// The name that the server is told: without folders, and with the extension of what is sent, which is gzipped.
    pub(crate) sent_name: String,
}

/// Opens a file and looks at its header, off the threads that other futures run on.
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
        let refuse = |message: String| Error::new(Kind::Usage, message);
        let unreadable = |error: io::Error| {
            let message = match error.kind() {
                io::ErrorKind::NotFound => format!("there is no file `{shown}`"),
                _ => format!("cannot read the file `{shown}`: {error}"),
            };
            refuse(message).caused_by(error)
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            let kind = if metadata.is_dir() { "a folder" } else { "no regular file" };
            return Err(refuse(format!("`{shown}` is {kind}; a CSV file is needed")));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some((stem, gzipped)) = stem(&name) else {
            return Err(refuse(format!(
                "the name of `{shown}` has to end with .csv or .csv.gz, which tells the server what the file is"
            )));
        };
        let mut file = File::open(path).map_err(unreadable)?;
        if gzipped {
            let mut start = Vec::new();
            file.by_ref().take(GZIP.len() as u64).read_to_end(&mut start).map_err(unreadable)?;
            file.rewind().map_err(unreadable)?;
            if start != GZIP {
                return Err(refuse(format!("`{shown}` is not gzipped, although its name ends with .csv.gz")));
            }
        }
        Ok(CsvFile { file, size: metadata.len(), gzipped, sent_name: format!("{stem}.csv.gz") })
    }
}

/// A file name without its extension, and whether that says that the file is gzipped.
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
    fn names_tell_the_format() {
        assert_eq!(stem("flights.csv"), Some(("flights", false)));
        assert_eq!(stem("flights.2013.csv.gz"), Some(("flights.2013", true)));
        assert_eq!(stem("FLIGHTS.CSV"), Some(("FLIGHTS", false)));
        for name in ["flights", "flights.gz", "flights.xlsx", "csv", "", "é", "flightséa"] {
            assert_eq!(stem(name), None, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_loaded_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str, content: Option<&str>| {
            let path = folder.path().join(name);
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            CsvFile::open_now(&path).unwrap_err().to_string()
        };
        assert!(refused("missing.csv", None).contains("there is no file"));
        assert!(refused("data.xlsx", Some("a")).contains("end with .csv or .csv.gz"));
        assert!(refused("data.csv.gz", Some("a,b")).contains("not gzipped"));
        assert!(refused("empty.csv.gz", Some("")).contains("not gzipped"));
        assert!(refused("", None).contains("a folder"));
        let path = folder.path().join("data.csv");
        std::fs::write(&path, "a,b\n").unwrap();
        let opened = CsvFile::open_now(&path).unwrap();
        assert_eq!((opened.size, opened.gzipped, opened.sent_name.as_str()), (4, false, "data.csv.gz"));
    }
}
