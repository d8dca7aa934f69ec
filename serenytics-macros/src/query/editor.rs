//! What an editor sees of a query: each place of a column as a field of the source's columns, by which it completes, looks up and renames.

use proc_macro2::TokenStream;
use quote::quote;
use serenytics_query::check::Checked;
use serenytics_query::parse::Parsed;
use serenytics_query::stage::{Position, Selected};

use super::{Input, field_name};

/// A statement that only rust-analyzer compiles; to rustc it is an empty block. It stands first, whatever is wrong with the query, and has a
/// part for each place of a column, also where none is written: a completion is found by comparing this expansion with that of the query with
/// a name where the cursor is, up to that name.
pub(super) fn columns(input: &Input, parsed: &Parsed, checked: &Checked) -> TokenStream {
    if parsed.columns.is_empty() {
        return TokenStream::new();
    }
    let krate = &input.krate;
    let path = input.tokens.trees(&parsed.from);
    let columns =
        parsed.columns.iter().map(|place| match place.filter(|position| !is_output(parsed, checked, *position)) {
            Some(position) => {
                let name = input.tokens.trees(&[position]).to_string();
                // What no field can be called, raw or not, is told as the unknown column that it is.
                if matches!(name.as_str(), "self" | "Self" | "super" | "crate" | "_") {
                    return quote!(__columns);
                }
                // A column may be called as a keyword of Rust is, without `r#`.
                let name = field_name(name.trim_start_matches("r#"), input.tokens.span(position));
                quote!(__columns.#name)
            }
            None => quote!(__columns),
        });
    quote! {
        #[allow(unexpected_cfgs)]
        {
            #[cfg(rust_analyzer)]
            let _ = |__columns: <#path as #krate::Source>::Columns| (#(#columns,)*);
        }
    }
}

/// Whether the name at a position orders by an output that is no column of this name.
fn is_output(parsed: &Parsed, checked: &Checked, position: Position) -> bool {
    parsed.stage.order_by.iter().zip(&checked.order_by).any(|(written, meant)| match &written.by {
        Selected::Column(word) if word.position == position => {
            !meant.by.is_same(&written.by) && checked.shape.iter().any(|output| output.name == word.text)
        }
        _ => false,
    })
}
