//! Support for editors: each column of a query becomes a field access, so that an editor can
//! complete, look up and rename columns.

use std::sync::OnceLock;

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::quote;
use serenytics_query::check::Checked;
use serenytics_query::parse::Parsed;
use serenytics_query::stage::{Position, Selected};

use super::{Input, field_name};

/// Creates a statement for rust-analyzer; nothing for rustc. It comes
/// first even if the query is invalid, and has an element for each place of a column, also an empty
/// one. To complete a column, rust-analyzer compares this expansion with the expansion of the same
/// query with a name at the cursor, up to that name.
pub(super) fn columns(input: &Input, parsed: &Parsed, checked: &Checked) -> TokenStream {
    if parsed.columns.is_empty() || !is_editor() {
        return TokenStream::new();
    }
    let krate = &input.krate;
    let path = input.tokens.trees(&parsed.from);
    // `ref`, because without it an editor takes the name for a constant of the user.
    let columns = Ident::new("__columns", Span::call_site());
    // Built without `quote!`, which is slower: every query has these tokens.
    let mut fields = Vec::with_capacity(parsed.columns.len() * 4);
    for place in &parsed.columns {
        fields.push(columns.clone().into());
        let column = place.filter(|position| !is_output(parsed, checked, *position));
        if let Some(field) = column.and_then(|position| input.tokens.tree(position)).and_then(field) {
            fields.push(Punct::new('.', Spacing::Alone).into());
            fields.push(field);
        }
        fields.push(Punct::new(',', Spacing::Alone).into());
    }
    let fields = TokenTree::from(Group::new(Delimiter::Parenthesis, fields.into_iter().collect()));
    quote!(let _ = |ref #columns: <#path as #krate::Source>::Columns| #fields;)
}

/// Returns true if an editor expands the macro. A `cfg` in the expansion would be a lint in the
/// user's crate, and rustc would have to skip its tokens.
pub(crate) fn is_editor() -> bool {
    static IS_EDITOR: OnceLock<bool> = OnceLock::new();
    *IS_EDITOR.get_or_init(|| {
        let program = std::env::current_exe().unwrap_or_default();
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.contains("rust-analyzer") || std::env::var_os("RUST_ANALYZER_INTERNALS_DO_NOT_USE").is_some()
    })
}

/// Returns the field for an identifier, raw if it is a keyword of Rust. Returns `None` for a word
/// that cannot be a field name, raw or not.
fn field(word: &TokenTree) -> Option<TokenTree> {
    let name = word.to_string();
    match name.as_str() {
        "self" | "Self" | "super" | "crate" | "_" => None,
        raw if raw.starts_with("r#") => Some(word.clone()),
        name => Some(field_name(name, word.span()).into()),
    }
}

/// Returns true if the name at a position in `order_by` is an output that is not the column of this
/// name.
fn is_output(parsed: &Parsed, checked: &Checked, position: Position) -> bool {
    parsed.stage.order_by.iter().zip(&checked.order_by).any(|(written, meant)| match &written.by {
        Selected::Column(word) if word.position == position => {
            !meant.by.is_same(&written.by) && checked.shape.iter().any(|output| output.name == word.text)
        }
        _ => false,
    })
}
