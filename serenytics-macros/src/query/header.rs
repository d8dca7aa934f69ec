//! The item form of `query!`: a function whose body is a query, and the row struct in its return
//! type.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use serenytics_query::problem::Code;

/// `pub fn top(least: f64) -> Query<TopCountry>`, with its attributes.
pub(super) struct Header {
    /// Documentation and other attributes of the function.
    function_attributes: TokenStream,
    /// Derives and the attributes of `serde`, which belong to the row.
    row_attributes: TokenStream,
    visibility: TokenStream,
    /// From `fn` to the end of the return type and the where clause.
    signature: TokenStream,
    /// The function's name.
    name: Ident,
    /// The row struct's name.
    pub(super) row: Ident,
    /// `cfg` attributes, which apply to the whole expansion.
    pub(super) conditions: TokenStream,
}

/// Attributes of the row instead of the function.
const ROW_ATTRIBUTES: &[&str] = &["derive", "serde"];

impl Header {
    /// Splits `header { query }` if the input is an item.
    pub(super) fn split(query: &TokenStream) -> syn::Result<Option<(TokenStream, TokenStream)>> {
        let mut trees: Vec<TokenTree> = flattened(query.clone());
        let is_fn = |tree: &TokenTree| matches!(tree, TokenTree::Ident(ident) if ident == "fn");
        let is_from = matches!(trees.first(), Some(TokenTree::Ident(ident)) if ident == "from");
        let Some(first) = trees.iter().position(is_fn).filter(|_| !is_from) else { return Ok(None) };
        let name = trees.get(first + 1).unwrap_or(&trees[first]).span();
        let body = trees
            .iter()
            .position(|tree| matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace));
        let Some(body) = body else {
            return Err(item_form_error(
                name,
                "the function has no body: write its query in braces, `{ from Sales .. }`",
            ));
        };
        if let Some(next) = trees.get(body + 1) {
            let message = match trees[body..].iter().find(|tree| is_fn(tree)) {
                Some(_) => "write each function in its own `query!`",
                None => "unexpected code after the body of the function",
            };
            return Err(item_form_error(next.span(), message));
        }
        match trees.pop() {
            Some(TokenTree::Group(body)) if body.stream().is_empty() => {
                Err(item_form_error(name, "the function is empty: write its query in the braces, `{ from Sales .. }`"))
            }
            Some(TokenTree::Group(body)) => Ok(Some((trees.into_iter().collect(), body.stream()))),
            _ => Ok(None),
        }
    }

    pub(super) fn parse(header: TokenStream) -> syn::Result<Header> {
        let trees: Vec<TokenTree> = header.into_iter().collect();
        let (attributes, rest) = attributes(&trees);
        let conditions = attributes.chunks(2).filter(|attribute| is_called(attribute, &["cfg"])).collect::<Vec<_>>();
        let (row_attributes, function_attributes): (Vec<_>, Vec<_>) =
            attributes.chunks(2).partition(|attribute| is_called(attribute, ROW_ATTRIBUTES));
        let (visibility, rest) = visibility(rest);
        match rest.first() {
            Some(TokenTree::Ident(ident)) if ident == "fn" => {}
            Some(tree) => {
                let message = "the function of a query must be a plain `fn`, without `async`, `const` or `unsafe`";
                return Err(item_form_error(tree.span(), message));
            }
            None => return Err(item_form_error(Span::call_site(), "expected a function")),
        }
        let name = match rest.get(1) {
            Some(TokenTree::Ident(name)) => name.clone(),
            _ => return Err(item_form_error(rest[0].span(), "expected the function's name after `fn`")),
        };
        let row = row_name(rest).ok_or_else(|| {
            item_form_error(name.span(), "the function must return its query: add `-> Query<RowName>`")
        })?;
        Ok(Header {
            function_attributes: function_attributes.concat().into_iter().collect(),
            row_attributes: row_attributes.concat().into_iter().collect(),
            visibility: visibility.iter().cloned().collect(),
            signature: rest.iter().cloned().collect(),
            name,
            row,
            conditions: conditions.concat().into_iter().collect(),
        })
    }

    /// Returns the tokens before `struct`.
    pub(super) fn row_declaration(&self, equality: Equality) -> TokenStream {
        let Header { row_attributes, visibility, .. } = self;
        let documentation = format!("A row of [`{}`].", self.name);
        let derives = derives(&row_attributes.to_string(), equality);
        quote!(#[doc = #documentation] #derives #row_attributes #visibility)
    }

    /// Returns the tokens before a type that stands for the row.
    pub(super) fn row_visibility(&self) -> TokenStream {
        let visibility = &self.visibility;
        quote!(#[doc(hidden)] #visibility)
    }

    /// Returns the function of an invalid query, with a row without fields.
    pub(super) fn function_without_row(&self, body: &TokenStream) -> TokenStream {
        let row = &self.row;
        let declaration = self.row_declaration(Equality::Partial);
        self.function(&quote!(#declaration struct #row {}), body)
    }

    /// Returns the function, then its row. In this order the function's position does not depend on
    /// the row's fields, which editors need.
    pub(super) fn function(&self, row: &TokenStream, body: &TokenStream) -> TokenStream {
        let Header { function_attributes, visibility, signature, .. } = self;
        quote! {
            #function_attributes
            #visibility #signature { #body }
            #row
        }
    }
}

/// What is known about the equality of a row's fields.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Equality {
    /// Each field is `Eq`.
    Total,
    /// A field is a float.
    Partial,
    /// The type of a field has another name.
    Unknown,
}

/// Returns the derives that every row has, without those that the user wrote. A row without floats
/// also has `Eq`.
pub(super) fn derives(written: &str, equality: Equality) -> TokenStream {
    let has = |name: &str| written.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
    let own = [
        ("Debug", quote!(::core::fmt::Debug)),
        ("Clone", quote!(::core::clone::Clone)),
        ("PartialEq", quote!(::core::cmp::PartialEq)),
    ];
    let eq = (equality == Equality::Total).then(|| ("Eq", quote!(::core::cmp::Eq)));
    let allowed = (equality == Equality::Unknown).then(|| quote!(#[allow(clippy::derive_partial_eq_without_eq)]));
    let derives = own.iter().chain(&eq).filter(|(name, _)| !has(name)).map(|(_, path)| path);
    quote!(#[derive(#(#derives),*)] #allowed)
}

fn item_form_error(span: Span, message: &str) -> syn::Error {
    syn::Error::new(span, format!("{message} [{}]", Code::ItemForm))
}

/// Flattens the invisible groups around fragments of a user's `macro_rules!`.
fn flattened(tokens: TokenStream) -> Vec<TokenTree> {
    tokens
        .into_iter()
        .flat_map(|tree| match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => flattened(group.stream()),
            tree => vec![tree],
        })
        .collect()
}

/// Splits the tokens after the attributes at their start, two tokens each.
fn attributes(trees: &[TokenTree]) -> (&[TokenTree], &[TokenTree]) {
    let is_hash = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == '#');
    let count = trees.chunks(2).take_while(|pair| pair.len() == 2 && is_hash(&pair[0])).count();
    trees.split_at(count * 2)
}

fn is_called(attribute: &[TokenTree], names: &[&str]) -> bool {
    let Some(TokenTree::Group(group)) = attribute.get(1) else { return false };
    let first = group.stream().into_iter().next();
    matches!(first, Some(TokenTree::Ident(ident)) if names.iter().any(|name| ident == name))
}

fn visibility(trees: &[TokenTree]) -> (&[TokenTree], &[TokenTree]) {
    match trees {
        [TokenTree::Ident(word), TokenTree::Group(scope), ..]
            if word == "pub" && scope.delimiter() == Delimiter::Parenthesis =>
        {
            trees.split_at(2)
        }
        [TokenTree::Ident(word), ..] if word == "pub" => trees.split_at(1),
        _ => trees.split_at(0),
    }
}

/// The name between the angle brackets of `-> Query<RowName>`.
fn row_name(signature: &[TokenTree]) -> Option<Ident> {
    let is_where = |tree: &TokenTree| matches!(tree, TokenTree::Ident(ident) if ident == "where");
    let end = signature.iter().position(is_where).unwrap_or(signature.len());
    let signature = &signature[..end];
    let sign = |tree: &TokenTree, sign: char| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == sign);
    let arrow = signature.windows(2).rposition(|pair| sign(&pair[0], '-') && sign(&pair[1], '>'))?;
    let returned = &signature[arrow + 2..];
    let open = returned.iter().position(|tree| sign(tree, '<'))?;
    match &returned[open + 1..] {
        [TokenTree::Ident(name), close, ..] if sign(close, '>') => Some(name.clone()),
        _ => None,
    }
}
