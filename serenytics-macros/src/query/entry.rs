//! The first step of `query!`: finds the source's path and passes the query to the macro of that
//! path.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use serenytics_query::parse::parse;
use serenytics_query::problem::{Code, Problem};

use super::errors;
use super::header::Header;
use super::tokens::{Tokens, after};

/// The input is `[$crate] query`.
pub(crate) fn entry(input: TokenStream) -> TokenStream {
    let mut trees = input.into_iter();
    let Some(TokenTree::Group(krate)) = trees.next() else {
        return errors::one(Span::call_site(), "call `query!` through the crate `serenytics`");
    };
    let query: TokenStream = trees.collect();
    match Header::split(&query) {
        Some((header, body)) => function(&krate, header, body),
        None => expression(&krate, query),
    }
}

fn expression(krate: &Group, query: TokenStream) -> TokenStream {
    match parts(krate, &TokenStream::new(), TokenStream::new(), query) {
        Ok(parts) => quote!({ #parts }),
        Err((tokens, problems)) => errors::all(&tokens, &problems),
    }
}

fn function(krate: &Group, header: TokenStream, body: TokenStream) -> TokenStream {
    let parsed = match Header::parse(header.clone()) {
        Ok(parsed) => parsed,
        Err(error) => return error.into_compile_error(),
    };
    parts(krate, &parsed.conditions, header, body)
        .unwrap_or_else(|(tokens, problems)| parsed.function_without_row(&errors::all(&tokens, &problems)))
}

/// Creates the check that the type is a source, and the call of its macro.
fn parts(
    krate: &Group,
    conditions: &TokenStream,
    header: TokenStream,
    query: TokenStream,
) -> Result<TokenStream, (Tokens, Vec<Problem>)> {
    let tokens = Tokens::new(query.clone());
    let parsed = parse(&tokens.tokens, tokens.end());
    if parsed.from.is_empty() {
        return Err((tokens, parsed.problems));
    }
    let path = tokens.trees(&parsed.from);
    if path.to_string() == "Self" {
        let message = "`from Self` is not supported: write the name of the source";
        let problem = Problem::new(Code::MissingFrom, parsed.from[0], message);
        return Err((tokens, vec![problem]));
    }
    let last = parsed.from.last().map_or_else(|| tokens.start(), |position| tokens.span(*position));
    let krate_path = krate.stream();
    // In an expression a `let` statement, which compiles faster than an item because it is checked
    // with its function.
    let word = if header.is_empty() { quote!(let) } else { quote!(const) };
    let call = call(&path, last, &krate_path, quote!(#krate (#header) #query));
    // If the type is not a source, rustc reports the error at the `<`.
    let sign = quote_spanned!(last=> <);
    let encoded = quote_spanned!(after(last)=> #sign #path as #krate_path::Source>::ENCODED);
    Ok(quote! {
        #conditions
        #word _: &::core::primitive::str = #encoded;
        #conditions
        #call
    })
}

/// `PATH! { @ { krate::__private::query_compile } [krate] (header) query }`
fn call(path: &TokenStream, span: Span, krate_path: &TokenStream, input: TokenStream) -> TokenStream {
    let compile = Ident::new("query_compile", Span::call_site());
    let arguments = quote!(@ { #krate_path::__private::#compile } #input);
    let mut group = Group::new(Delimiter::Brace, arguments);
    group.set_span(span);
    let mut bang = Punct::new('!', Spacing::Alone);
    bang.set_span(span);
    let mut call = path.clone();
    bang.to_tokens(&mut call);
    group.to_tokens(&mut call);
    call
}
