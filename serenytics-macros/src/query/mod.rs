//! `query!`: compiles tokens to a checked query. The language crate parses and checks; this module
//! converts its input and output.

mod decoded;
mod editor;
mod entry;
mod errors;
mod expand;
mod header;
mod row;
mod tokens;

use std::rc::Rc;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use serenytics_query::check::check_all;
use serenytics_query::parse::{Parsed, parse};
use serenytics_query::schema::{INVALID_GENERIC, Schema};

use decoded::decoded;
pub(crate) use editor::is_editor;
pub(crate) use entry::{entry, not_a_source};
use header::Header;
pub(crate) use row::{field_name, wide_type};
use tokens::{Tokens, before};

/// The input of the second step: `"schema" [$crate] (header) query`. The header is empty for an
/// expression.
struct Input {
    schema: Rc<Schema>,
    /// The path of the crate `serenytics`.
    krate: TokenStream,
    /// The span of its first token.
    krate_span: Span,
    /// The function that the query is the body of.
    header: Option<Header>,
    tokens: Tokens,
    /// The span of generated code that does not belong to a part of the query.
    before: Span,
}

impl Input {
    /// The span of generated code for the query's code at `span`. All of it has the hygiene context
    /// of `$crate`: if the parts of an expression have several contexts, rustc reports errors on
    /// the whole `query!`.
    fn site(&self, span: Span) -> Span {
        self.krate_span.located_at(span)
    }

    /// The path of the crate `serenytics`, located at `span`.
    fn krate_at(&self, span: Span) -> TokenStream {
        let site = self.site(span);
        let located = |mut tree: TokenTree| {
            tree.set_span(site);
            tree
        };
        self.krate.clone().into_iter().map(located).collect()
    }
}

pub(crate) fn compile(input: TokenStream) -> TokenStream {
    let Some(input) = read(input) else {
        let message = "write `query! { from Sales .. }`, where `Sales` derives `Source`";
        return errors::one(Span::call_site(), message);
    };
    let parsed = parse(&input.tokens.tokens, input.tokens.end());
    if input.schema.columns.is_empty() {
        return invalid_source(&input, &parsed);
    }
    let (checked, found) = check_all(&input.schema, &parsed.stage);
    let mut problems = parsed.problems.clone();
    problems.extend(found);
    problems.sort_by_key(|problem| problem.position);
    // One error for each token: further errors on it mostly follow from the first.
    problems.dedup_by_key(|problem| problem.position);
    let row = row::row(&input, &parsed, &checked);
    // The item form always declares the row, outside the function, so that uses of it are not
    // further errors.
    let is_outside = input.header.is_some() && parsed.into.is_empty();
    let (inside, outside) =
        if is_outside { (TokenStream::new(), row.item.clone()) } else { (row.item.clone(), TokenStream::new()) };
    let body = if problems.is_empty() {
        let value = expand::value_of(&input, &parsed, &checked, &row);
        expand::around(&input, &parsed, &inside, &value)
    } else {
        errors::expand(&input, &parsed, &problems)
    };
    let editor = editor::columns(&input, &parsed, &checked);
    match &input.header {
        Some(header) => header.function(&outside, &quote!(#editor #body)),
        None => {
            let site = input.site(input.before);
            quote_spanned!(site=> { #editor #body })
        }
    }
}

/// Expands a query whose source has errors, which are already reported. The types of the result are
/// unknown, so that rustc reports no error about them.
fn invalid_source(input: &Input, parsed: &Parsed) -> TokenStream {
    let krate = &input.krate;
    let path = input.tokens.trees(&parsed.from);
    let unknown = match input.schema.source.text() {
        INVALID_GENERIC => quote!(()),
        _ => quote!(<#path as #krate::Source>::Columns),
    };
    let body = if parsed.problems.is_empty() {
        let values = errors::values(&input.tokens, parsed);
        quote!({ #values #krate::__private::invalid::<#krate::Query<#unknown>>() })
    } else {
        errors::all(&input.tokens, parsed, &parsed.problems)
    };
    match &input.header {
        Some(header) => {
            let row = &header.row;
            let declaration = header.row_visibility();
            header.function(&quote!(#declaration type #row = #unknown;), &body)
        }
        None => body,
    }
}

fn read(input: TokenStream) -> Option<Input> {
    let mut trees = input.into_iter();
    let TokenTree::Literal(schema) = trees.next()? else { return None };
    let schema = decoded(schema)?;
    let TokenTree::Group(krate) = trees.next()? else { return None };
    let TokenTree::Group(header) = trees.next()? else { return None };
    let header = if header.stream().is_empty() { None } else { Header::parse(header.stream()).ok() };
    let krate = krate.stream();
    let krate_span = krate.clone().into_iter().next().map_or_else(Span::mixed_site, |krate| krate.span());
    let tokens = Tokens::new(trees.collect());
    let before = before(tokens.start());
    Some(Input { schema, krate, krate_span, header, tokens, before })
}
