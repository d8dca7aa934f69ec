//! The expansion of an invalid declaration: its errors, and types that rustc reports no further
//! errors about.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use serenytics_query::schema::{INVALID, INVALID_GENERIC};
use syn::Data;

use super::expand::carrier;
use super::parse::Declaration;
use crate::field_type::is_unsized;

/// The last error is a constant of the type of the columns. rustc reports it there, and no error
/// about a use of the type.
pub(super) fn expand(declaration: &Declaration<'_>, errors: &[syn::Error]) -> TokenStream {
    let Declaration { input, krate, file, .. } = declaration;
    let (last, others) = match errors.split_last() {
        Some((last, others)) => (error_expression(last), others),
        // rustc reports the type of a field.
        None => (quote!(0), errors),
    };
    let others = others.iter().map(syn::Error::to_compile_error);
    let ident = &input.ident;
    let (generics, arguments, conditions) = input.generics.split_for_impl();
    let fields = match &input.data {
        Data::Struct(data) => data.fields.iter().filter_map(|field| field.ident.as_ref()).collect(),
        _ => Vec::new(),
    };
    let is_generic = !input.generics.params.is_empty();
    // A row has a size.
    let is_sized = !matches!(&input.data, Data::Struct(data) if data.fields.iter().any(|field| is_unsized(&field.ty)));
    let row = is_sized.then(|| {
        quote! {
            #[automatically_derived]
            impl #generics #krate::__private::SourceRow for #ident #arguments #conditions {
                type Source = Self;

                fn write_cells(&self, _: &mut #krate::__private::RowWriter) {
                    let _ = (#(&self.#fields,)*);
                }
            }
        }
    });
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

            #row
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
