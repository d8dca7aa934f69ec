//! The first step of `query!`: finds the source's path and hands the query to the macro of that path.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use serenytics_query::parse::parse;

use super::errors;
use super::tokens::Tokens;

/// The input is `[$crate] query`.
pub(crate) fn entry(input: TokenStream) -> TokenStream {
    let mut trees = input.into_iter();
    let Some(TokenTree::Group(krate)) = trees.next() else {
        return errors::one(Span::call_site(), "`query!` is called through the crate `serenytics`");
    };
    let query: TokenStream = trees.collect();
    let tokens = Tokens::new(query.clone());
    let parsed = parse(&tokens.tokens, tokens.end());
    if parsed.from.is_empty() {
        return errors::all(&tokens, &parsed.problems);
    }
    let path = tokens.trees(&parsed.from);
    let last = parsed.from.last().map_or_else(|| tokens.start(), |position| tokens.span(*position));
    let krate_path = krate.stream();
    let call = call(&path, last, &krate_path, &krate, query);
    let source = quote_spanned!(last=> <#path as #krate_path::Source>);
    quote!({
        const _: &::core::primitive::str = #source::ENCODED;
        #call
    })
}

/// `PATH! { @ { krate::__private::query_compile } [krate] query }`
fn call(path: &TokenStream, span: Span, krate_path: &TokenStream, krate: &Group, query: TokenStream) -> TokenStream {
    let compile = Ident::new("query_compile", Span::call_site());
    let arguments = quote!(@ { #krate_path::__private::#compile } #krate #query);
    let mut group = Group::new(Delimiter::Brace, arguments);
    group.set_span(span);
    let mut bang = Punct::new('!', Spacing::Alone);
    bang.set_span(span);
    let mut call = path.clone();
    bang.to_tokens(&mut call);
    group.to_tokens(&mut call);
    call
}
