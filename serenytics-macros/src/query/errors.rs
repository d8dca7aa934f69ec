//! Converts problems to compile errors on their tokens, and expands a query that has problems.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
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

/// One error from the token at `span` to the token at `end`.
fn spanning(span: Span, end: Span, message: &str) -> TokenStream {
    let mut message = Group::new(Delimiter::Brace, quote!(#message));
    message.set_span(end);
    quote_spanned!(span=> ::core::compile_error! #message)
}

/// The errors of a query whose source is unknown.
pub(super) fn all(tokens: &Tokens, parsed: &Parsed, problems: &[Problem]) -> TokenStream {
    block(values(tokens, parsed), tokens, problems)
}

/// The run-time values of a query whose columns are unknown.
pub(super) fn values(tokens: &Tokens, parsed: &Parsed) -> TokenStream {
    let placeholders = tokens.placeholders.iter().enumerate();
    let compiled = placeholders.filter(|(index, _)| !parsed.misplaced.contains(index));
    let values = compiled.map(|(_, placeholder)| {
        let expression = expand::expression(placeholder, Span::mixed_site());
        quote!(let _ = &#expression;)
    });
    quote!(#(#values)*)
}

/// The errors of a query. The expansion keeps the typed run-time values, so that rustc also reports
/// their errors and does not report their variables as unused.
pub(super) fn expand(input: &Input, parsed: &Parsed, problems: &[Problem]) -> TokenStream {
    let values = expand::values(input, parsed).into_iter().enumerate();
    let compiled = values.filter(|(index, _)| !parsed.misplaced.contains(index));
    let values = compiled.map(|(_, value)| quote!(let _ = #value;));
    block(quote!(#(#values)*), &input.tokens, problems)
}

/// The last error is the value of the block: rustc reports no further error about its type. An
/// editor needs the parentheses for that.
fn block(values: TokenStream, tokens: &Tokens, problems: &[Problem]) -> TokenStream {
    let error = |problem: &Problem| {
        let end = tokens.span(tokens.end_of_run(problem.position));
        spanning(tokens.span(problem.position), end, &problem.to_string())
    };
    let mut errors: Vec<TokenStream> = problems.iter().map(error).collect();
    let last = errors.pop();
    quote!({ #values #(#errors;)* (#last) })
}
