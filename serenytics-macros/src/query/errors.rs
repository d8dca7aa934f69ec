//! Problems as the compiler's errors, each on its token; and what stays of a query that has some.

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

/// The errors of a query whose source could not be found out.
pub(super) fn all(tokens: &Tokens, problems: &[Problem]) -> TokenStream {
    let values = tokens.placeholders.iter().map(|placeholder| {
        let expression = expand::expression(placeholder, Span::mixed_site());
        quote!(let _ = &#expression;)
    });
    block(quote!(#(#values)*), tokens, problems)
}

/// The errors of a query. Its run-time values stay, typed, so that what is wrong with them is told as well and no variable of theirs
/// seems unused.
pub(super) fn expand(input: &Input, parsed: &Parsed, problems: &[Problem]) -> TokenStream {
    let values = expand::values(input, parsed).into_iter().map(|value| quote!(let _ = #value;));
    block(quote!(#(#values)*), &input.tokens, problems)
}

/// The last error is the block's value: its type is one that no further error is told of, by an editor only if parentheses say that it is one.
fn block(values: TokenStream, tokens: &Tokens, problems: &[Problem]) -> TokenStream {
    let mut errors: Vec<TokenStream> =
        problems.iter().map(|problem| one(tokens.span(problem.position), &problem.to_string())).collect();
    let last = errors.pop();
    quote!({ #values #(#errors;)* (#last) })
}
