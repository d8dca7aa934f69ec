//! What an editor sees of a query: each place of a column as a field of the source's columns, by which it completes, looks up and renames.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
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
    let columns = Ident::new("__columns", Span::call_site());
    // Tokens by themselves, and not put together by `quote!`: every query pays for them.
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
    quote! {
        #[allow(unexpected_cfgs)]
        {
            #[cfg(rust_analyzer)]
            let _ = |#columns: <#path as #krate::Source>::Columns| #fields;
        }
    }
}

/// The field that a word names. It may be called as a keyword of Rust is, without `r#`; what no field can be called, raw or not, is none.
fn field(word: &TokenTree) -> Option<TokenTree> {
    let name = word.to_string();
    match name.as_str() {
        "self" | "Self" | "super" | "crate" | "_" => None,
        raw if raw.starts_with("r#") => Some(word.clone()),
        name => Some(field_name(name, word.span()).into()),
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
