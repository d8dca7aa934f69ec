//! `#[derive(Source)]`: converts a struct's fields to a schema, and creates the macro that passes
//! it to `query!`.

mod expand;
mod file;
mod formula;
mod invalid;
mod parse;

pub(crate) use invalid::error_expression;
pub(crate) use parse::{coded, error_on, known_type};
use proc_macro2::TokenStream;

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<syn::DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let (declaration, mut errors) = parse::declaration(&input);
    errors.extend(formula::errors(&declaration));
    if errors.is_empty() && !declaration.is_reported {
        expand::expand(&declaration)
    } else {
        invalid::expand(&declaration, &errors)
    }
}
