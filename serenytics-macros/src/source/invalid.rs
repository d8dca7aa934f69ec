//! The expansion of an invalid declaration: its errors, and types that rustc reports no further
//! errors about.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use serenytics_query::schema::{INVALID, INVALID_GENERIC};
use syn::Data;

use super::expand::carrier;
use super::parse::Declaration;

/// The last error is a constant of the type of the columns. rustc reports it there, and no error
/// about a use of the type.
pub(super) fn expand(declaration: &Declaration<'_>, errors: &[syn::Error]) -> TokenStream {
    let Declaration { input, krate, file, .. } = declaration;
    let Some((last, others)) = errors.split_last() else { return TokenStream::new() };
    let others = others.iter().map(syn::Error::to_compile_error);
    let last = error_expression(last);
    let ident = &input.ident;
    let (generics, arguments, conditions) = input.generics.split_for_impl();
    let fields = match &input.data {
        Data::Struct(data) => data.fields.iter().filter_map(|field| field.ident.as_ref()).collect(),
        _ => Vec::new(),
    };
    let is_generic = !input.generics.params.is_empty();
    let carrier = carrier(declaration, if is_generic { INVALID_GENERIC } else { INVALID });
    let included = file.as_ref().and_then(super::file::File::included);
    quote! {
        #(#others)*
        const _: () = {
            #[automatically_derived]
            impl #generics #krate::Source for #ident #arguments #conditions {
                const SOURCE: #krate::__private::SourceRef = #krate::__private::named("");
                const ENCODED: &'static ::core::primitive::str = #INVALID;
                type Columns = #krate::__private::Invalid<{ #last }>;
                const COLUMNS: Self::Columns = ::core::unreachable!();
            }

            #[automatically_derived]
            impl #generics #krate::__private::SourceRow for #ident #arguments #conditions {
                type Source = Self;

                fn write_cells(&self, _: &mut #krate::__private::RowWriter) {
                    let _ = (#(&self.#fields,)*);
                }
            }
        };
        #carrier
        #included
    }
}

/// Returns an error as an expression: `::core::compile_error!{..}`, without the semicolon of an item.
pub(crate) fn error_expression(error: &syn::Error) -> TokenStream {
    error
        .to_compile_error()
        .into_iter()
        .map(|tree| match tree {
            TokenTree::Group(group) => {
                let mut braces = Group::new(Delimiter::Brace, group.stream());
                braces.set_span(group.span());
                braces.into()
            }
            tree => tree,
        })
        .collect()
}
