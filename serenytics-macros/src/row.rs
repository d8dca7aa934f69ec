//! `#[derive(Row)]`: a struct for the outputs of a query, written after `into`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use serenytics_query::problem::Code;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields};

use crate::source::coded;

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    syn::parse2::<DeriveInput>(input)
        .and_then(|input| expand(&input))
        .unwrap_or_else(|error| coded(Code::SourceStruct, error).into_compile_error())
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let krate = krate(input)?;
    let ident = &input.ident;
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&input.generics, "a row has fixed fields: remove the generic parameters"));
    }
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(
            ident,
            "a row must be a struct with a named field for each output of a query",
        ));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new_spanned(
            ident,
            "a row must be a struct with a named field for each output of a query",
        ));
    };
    let cells = fields.named.iter().map(|field| {
        let name = &field.ident;
        let field_type = &field.ty;
        let span = Span::call_site().located_at(field_type.span());
        quote_spanned!(span=> #name: __cells.next::<#field_type>()?)
    });
    let declared = fields.named.iter().map(|field| {
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        let field_type = &field.ty;
        let span = Span::call_site().located_at(field_type.span());
        quote_spanned!(span=> #krate::__private::Field::of::<#field_type>(#name))
    });
    Ok(quote! {
        #[automatically_derived]
        impl #krate::Row for #ident {
            const FIELDS: ::core::option::Option<&'static [#krate::__private::Field]> = ::core::option::Option::Some(&[#(#declared),*]);

            fn read(__cells: &mut #krate::__private::CellReader<'_>) -> ::core::result::Result<Self, #krate::__private::CellError> {
                ::core::result::Result::Ok(#ident { #(#cells),* })
            }
        }
    })
}

/// The path of the crate `serenytics`, which `#[row(crate = path)]` can change.
fn krate(input: &DeriveInput) -> syn::Result<syn::Path> {
    let mut krate = syn::parse_quote!(::serenytics);
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("row")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("unknown attribute; a row accepts only `crate`"));
            }
            krate = meta.value()?.parse()?;
            Ok(())
        })?;
    }
    Ok(krate)
}
