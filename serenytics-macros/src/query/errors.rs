//! Converts problems to compile errors on their tokens, and expands a query that has problems.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use serenytics_query::parse::Parsed;
use serenytics_query::problem::Problem;

use super::Input;
use super::expand;
use super::tokens::Tokens;

/// One error.
pub(super) fn one(span: Span, message: &str) -> TokenStream {
    quote_spanned!(span=> ::core::compile_error! { #message })
}

/// The errors of a query whose source is unknown.
pub(super) fn all(tokens: &Tokens, problems: &[Problem]) -> TokenStream {
    let values = tokens.placeholders.iter().map(|placeholder| {
        let expression = expand::expression(placeholder, Span::mixed_site());
        quote!(let _ = &#expression;)
    });
    block(quote!(#(#values)*), tokens, problems)
}

/// The errors of a query. The expansion keeps the typed run-time values, so that rustc also reports
/// their errors and does not report their variables as unused.
pub(super) fn expand(input: &Input, parsed: &Parsed, problems: &[Problem]) -> TokenStream {
    let values = expand::values(input, parsed).into_iter().map(|value| quote!(let _ = #value;));
    block(quote!(#(#values)*), &input.tokens, problems)
}

/// The last error is the value of the block: rustc reports no further error about its type. An
/// editor needs the parentheses for that.
fn block(values: TokenStream, tokens: &Tokens, problems: &[Problem]) -> TokenStream {
    let mut errors: Vec<TokenStream> =
        problems.iter().map(|problem| one(tokens.span(problem.position), &problem.to_string())).collect();
    let last = errors.pop();
    quote!({ #values #(#errors;)* (#last) })
}
