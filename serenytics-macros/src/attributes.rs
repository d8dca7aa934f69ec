//! The attributes of the derives: each item of an attribute is parsed on its own, so that each
//! wrong item is an error.

use proc_macro2::{TokenStream, TokenTree};
use serenytics_query::problem::Code;
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{Attribute, Meta};

use crate::source::{coded, error_on};

/// How the items of attributes are written.
const FORMS: &[(&str, &str)] = &[
    ("name", "name = \"..\""),
    ("uuid", "uuid = \"..\""),
    ("file", "file = \"..\""),
    ("type", "type = \"float\""),
    ("join", "join = \"..\""),
    ("crate", "crate = path"),
    ("formula", "formula = \"..\""),
    ("measure", "measure"),
];

/// Calls `read` with each item of an attribute, such as `name = ".."`, and adds the errors.
pub(crate) fn items(
    attribute: &Attribute,
    errors: &mut Vec<syn::Error>,
    mut read: impl FnMut(ParseNestedMeta<'_>) -> syn::Result<()>,
) {
    let Meta::List(list) = &attribute.meta else {
        let name = attribute.path().get_ident().map(ToString::to_string).unwrap_or_default();
        let message = format!("write the content of the attribute in parentheses: `#[{name}(..)]`");
        errors.push(error_on(Code::SourceAttribute, &attribute.meta, message));
        return;
    };
    for item in split(list.tokens.clone()) {
        if let Err(error) = syn::meta::parser(&mut read).parse2(item.clone()) {
            errors.push(described(item, error));
        }
    }
}

/// Splits the content of an attribute at its commas.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let is_comma = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',');
    let items = trees.split(is_comma).filter(|item| !item.is_empty());
    items.map(|item| item.iter().cloned().collect()).collect()
}

/// Replaces a message of the parser, which speaks of tokens, by the form of the item.
fn described(item: TokenStream, error: syn::Error) -> syn::Error {
    let text = error.to_string();
    if !text.starts_with("expected") && !text.starts_with("unexpected") {
        return coded(Code::SourceAttribute, error);
    }
    let key = item.clone().into_iter().next().map(|tree| tree.to_string()).unwrap_or_default();
    let form = FORMS.iter().find(|(name, _)| *name == key).map(|(_, form)| *form);
    let message = match form {
        Some(form) => format!("write `{form}`"),
        None => "an attribute consists of names and values: write `name = \"..\"`".to_owned(),
    };
    error_on(Code::SourceAttribute, item, message)
}

/// Returns the error of an attribute in the wrong place.
pub(crate) fn misplaced(attribute: &Attribute, message: &str) -> syn::Error {
    error_on(Code::SourceAttribute, attribute, message)
}

/// Returns the error of an item that is written twice.
pub(crate) fn repeated(meta: &ParseNestedMeta<'_>, key: &str) -> syn::Error {
    meta.error(format!("`{key}` is repeated: write it once"))
}
