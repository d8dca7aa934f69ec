//! The formats of an exported file.

use std::fmt;
use std::path::Path;

/// The format of an exported file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExportFormat {
    /// The server's choice for the source.
    Auto,
    /// CSV.
    Csv,
    /// CSV, gzipped.
    CsvGz,
    /// Parquet.
    Parquet,
}

impl ExportFormat {
    const ALL: [ExportFormat; 4] = [ExportFormat::Auto, ExportFormat::Csv, ExportFormat::CsvGz, ExportFormat::Parquet];

    /// Returns the format's name on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            ExportFormat::Auto => "auto",
            ExportFormat::Csv => "csv",
            ExportFormat::CsvGz => "csv.gz",
            ExportFormat::Parquet => "parquet",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<ExportFormat> {
        ExportFormat::ALL.into_iter().find(|format| format.word() == word)
    }

    /// Returns the format for a file's extension, or the server's choice.
    pub(crate) fn of(path: &Path) -> ExportFormat {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let ends = |format: &ExportFormat| name.ends_with(&format!(".{}", format.word()));
        [ExportFormat::CsvGz, ExportFormat::Csv, ExportFormat::Parquet]
            .into_iter()
            .find(ends)
            .unwrap_or(ExportFormat::Auto)
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_extension_sets_the_export_format() {
        for (name, format) in [
            ("a/sales.csv", ExportFormat::Csv),
            ("sales.CSV.gz", ExportFormat::CsvGz),
            ("sales.parquet", ExportFormat::Parquet),
            ("sales.csv/x", ExportFormat::Auto),
            ("csv", ExportFormat::Auto),
        ] {
            assert_eq!(ExportFormat::of(Path::new(name)), format, "{name}");
        }
        assert_eq!(ExportFormat::from_word("pickle"), None);
    }
}
