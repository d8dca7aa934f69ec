//! The first step of `query!`: finds the source's path and passes the query to the macro of that
//! path.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use serenytics_query::parse::{Parsed, parse};
use serenytics_query::problem::{Code, Problem};

use super::editor::is_editor;
use super::errors;
use super::header::Header;
use super::tokens::Tokens;

/// The input is `[$crate] query`.
pub(crate) fn entry(input: TokenStream) -> TokenStream {
    let mut trees = input.into_iter();
    let Some(TokenTree::Group(krate)) = trees.next() else {
        return errors::one(Span::call_site(), "call `query!` through the crate `serenytics`");
    };
    let query: TokenStream = trees.collect();
    match Header::split(&query) {
        Ok(Some((header, body))) => function(&krate, header, body),
        Ok(None) => expression(&krate, query),
        Err(error) => error.into_compile_error(),
    }
}

fn expression(krate: &Group, query: TokenStream) -> TokenStream {
    match parts(krate, &TokenStream::new(), TokenStream::new(), query) {
        Ok(parts) => quote!({ #parts }),
        Err(invalid) => errors::all(&invalid.0, &invalid.1, &invalid.1.problems),
    }
}

fn function(krate: &Group, header: TokenStream, body: TokenStream) -> TokenStream {
    let parsed = match Header::parse(header.clone()) {
        Ok(parsed) => parsed,
        Err(error) => return error.into_compile_error(),
    };
    parts(krate, &parsed.conditions, header, body).unwrap_or_else(|invalid| {
        let (tokens, query) = &*invalid;
        parsed.function_without_row(&errors::all(tokens, query, &query.problems))
    })
}

/// Creates the call of the source's macro.
fn parts(
    krate: &Group,
    conditions: &TokenStream,
    header: TokenStream,
    query: TokenStream,
) -> Result<TokenStream, Box<(Tokens, Parsed)>> {
    let tokens = Tokens::new(query.clone());
    let mut parsed = parse(&tokens.tokens, tokens.end());
    if parsed.from.is_empty() {
        return Err(Box::new((tokens, parsed)));
    }
    let path = tokens.trees(&parsed.from);
    let last = parsed.from.last().copied().unwrap_or_default();
    let name = path.clone().into_iter().last().map(|tree| tree.to_string()).unwrap_or_default();
    if matches!(name.as_str(), "Self" | "self" | "super" | "crate") {
        let message = format!("`{path}` is not a source: write the name of a struct with `#[derive(Source)]`");
        parsed.problems = vec![Problem::new(Code::NotASource, last, message)];
        return Err(Box::new((tokens, parsed)));
    }
    let span = tokens.span(last);
    let krate_path = krate.stream();
    let input = quote!(#krate (#header) #query);
    // An editor reports no errors of imports, and resolves the path itself.
    if !header.is_empty() || is_editor() {
        let call = call(&path, span, &krate_path, input);
        return Ok(quote!(#conditions #call));
    }
    // The import fails with one error that names the path. The name of something that is not a
    // source is not a macro, so the macro of the glob import is called. Each of these is in a block
    // with an item: rustc cannot decide what an import means while the block of the import, or one
    // inside which it is searched, contains a macro call.
    let source = source_name(krate, span);
    let call = call(&source.to_token_stream(), span, &krate_path, input);
    Ok(quote! {
        use #krate_path::__private::not_a_source::*;
        {
            use #path as #source;
            {
                use #krate_path::__private::AnyList as _;
                #call
            }
        }
    })
}

/// The name of the import of a query's source.
fn source_name(krate: &Group, span: Span) -> Ident {
    let site = krate.stream().into_iter().next().map_or_else(Span::mixed_site, |tree| tree.span());
    Ident::new("__serenytics_source", site.located_at(span))
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

/// The expansion of a query whose source is not a source. The input is the one of [`call`]. The
/// error is the one of a constant, because the import of the name may already be an error.
pub(crate) fn not_a_source(input: TokenStream) -> TokenStream {
    let mut input = input.into_iter().skip(2);
    let krate = match input.next() {
        Some(TokenTree::Group(krate)) => krate,
        _ => return TokenStream::new(),
    };
    let tokens = Tokens::new(input.skip(1).collect());
    let parsed = parse(&tokens.tokens, tokens.end());
    let path = tokens.trees(&parsed.from).to_string().replace(' ', "");
    let span = tokens.span(parsed.from.last().copied().unwrap_or_default());
    let source = source_name(&krate, span);
    let krate = krate.stream();
    let message = format!(
        "`{path}` is another name of a source, or the source is private here: write `use Sales as {path}` for another name [{}]",
        Code::NotASource
    );
    let check = quote_spanned!(span=> { #krate::value::other_name::<#source>(#message) });
    let values = errors::values(&tokens, &parsed);
    quote!({ #values #krate::__private::invalid::<#krate::Query<#krate::__private::Invalid<#check>>>() })
}
