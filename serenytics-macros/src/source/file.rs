//! The file of `#[source(file = "..")]`: its path is relative to the crate's `Cargo.toml`, and a
//! change of the file triggers a rebuild.

use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use serenytics_query::schema::Schema;
use serenytics_query::schema_file::SchemaFile;
use syn::LitStr;

/// A schema file.
pub(super) struct File {
    path: PathBuf,
    /// The span of the path in the attribute.
    pub(super) span: Span,
}

impl File {
    /// Reads the file and its schema. The error has a message for each mistake, and contains the file if it exists but
    /// is invalid.
    pub(super) fn read(literal: &LitStr) -> Result<(File, Schema), (Option<File>, Vec<String>)> {
        let relative = literal.value();
        let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
        let path = root.join(&relative);
        let text =
            std::fs::read_to_string(&path).map_err(|error| (None, vec![unreadable(&root, &relative, &error)]))?;
        let file = File { path, span: literal.span() };
        match SchemaFile::from_json(&text) {
            Ok(content) => Ok((file, content.schema())),
            Err(mistakes) => {
                let messages = mistakes.lines().map(|line| format!("`{relative}` is not a valid schema file: {line}"));
                Err((Some(file), messages.collect()))
            }
        }
    }

    /// Returns code that includes the file, so that a change of the file triggers a rebuild.
    pub(super) fn included(&self) -> Option<TokenStream> {
        let path = self.path.to_str()?;
        let span = Span::call_site().located_at(self.span);
        Some(quote_spanned!(span=> const _: &[::core::primitive::u8] = ::core::include_bytes!(#path);))
    }
}

fn unreadable(root: &Path, relative: &str, error: &std::io::Error) -> String {
    let folder = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match error.kind() {
        std::io::ErrorKind::NotFound => format!(
            "no file `{relative}` in the folder `{folder}` of this crate's Cargo.toml: create it with `serenytics schema pull NAME --output {relative}`"
        ),
        _ => format!("`{relative}` cannot be read: {error}"),
    }
}
