//! `#[derive(Row)]`: a struct for the outputs of a query, written after `into`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use serenytics_query::problem::Code;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields};

use crate::attributes::{items, misplaced, repeated};
use crate::field_type::{is_reported, is_spelled, is_unsized, without_option};
use crate::source::{error_expression, error_on};

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Vec::new();
    let krate = krate(&input, &mut errors);
    let fields = fields(&input, &mut errors);
    let reported = fields.iter().enumerate().any(|(index, field)| is_reported(&field.ty, index + 1 == fields.len()));
    match errors.split_last() {
        None if reported => invalid(&input, &krate, &quote!(0), &[]),
        None => expand(&input, &krate, &fields),
        Some((last, others)) => invalid(&input, &krate, &error_expression(last), others),
    }
}

fn expand(input: &DeriveInput, krate: &syn::Path, fields: &[&Field]) -> TokenStream {
    let ident = &input.ident;
    let names = fields.iter().map(|field| &field.ident);
    // A type whose name is not the one of a cell's type is checked once. If it is invalid, so is
    // the struct, and its error is not repeated at each `into`.
    let is_checked = |field: &&&Field| !is_cell(&field.ty);
    let alias = |index: usize| format_ident!("__Cell{index}");
    let checked = fields.iter().filter(is_checked).enumerate().map(|(index, field)| {
        let (alias, cell) = (alias(index), &field.ty);
        let span = Span::call_site().located_at(cell.span());
        let check = quote_spanned!(span=> { #krate::value::check_cell::<#cell>() });
        quote!(type #alias = <#krate::__private::Checked<#check> as #krate::__private::Then<#cell>>::Type;)
    });
    let mut next = 0;
    let types = fields.iter().map(|field| {
        let cell = &field.ty;
        if is_cell(cell) {
            return quote!(#cell);
        }
        next += 1;
        alias(next - 1).into_token_stream()
    });
    let types: Vec<_> = types.collect();
    let declared = fields.iter().zip(&types).map(|(field, cell)| {
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        quote!(#krate::__private::Field::of::<#cell>(#name))
    });
    let cells = types.iter().map(|cell| quote!(__cells.next::<#cell>()?));
    let valid = (0..next)
        .map(alias)
        .fold(quote!(Self), |valid, alias| quote!(<(#alias, #valid) as #krate::__private::Second>::Type));
    quote! {
        const _: () = {
            use #krate::__private::__cells;
            #(#checked)*

            #[automatically_derived]
            impl #krate::__private::RowStruct for #ident {
                type Struct = #valid;
            }

            #[automatically_derived]
            impl #krate::Row for #ident {
                const FIELDS: ::core::option::Option<&'static [#krate::__private::Field]> = ::core::option::Option::Some(&[#(#declared),*]);

                fn read(__cells: &mut #krate::__private::CellReader<'_>) -> ::core::result::Result<Self, #krate::__private::CellError> {
                    ::core::result::Result::Ok(#ident { #(#names: #cells),* })
                }
            }
        };
    }
}

/// Returns true for a type whose name is the one of a cell's type.
fn is_cell(field_type: &syn::Type) -> bool {
    const CELLS: &[&str] =
        &["String", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "f32", "f64", "DateTime", "SlotValue"];
    let (inner, _) = without_option(field_type);
    CELLS.iter().any(|name| is_spelled(inner, name))
}

/// The errors of an invalid struct. The last one is the type of its rows: rustc reports no error
/// about a use of it.
fn invalid(input: &DeriveInput, krate: &syn::Path, last: &TokenStream, others: &[syn::Error]) -> TokenStream {
    let ident = &input.ident;
    let others = others.iter().map(syn::Error::to_compile_error);
    let (generics, arguments, conditions) = input.generics.split_for_impl();
    // A row has a size.
    let is_sized = !matches!(&input.data, Data::Struct(data) if data.fields.iter().any(|field| is_unsized(&field.ty)));
    let row = is_sized.then(|| {
        quote! {
            #[automatically_derived]
            impl #generics #krate::Row for #ident #arguments #conditions {
                fn read(_: &mut #krate::__private::CellReader<'_>) -> ::core::result::Result<Self, #krate::__private::CellError> {
                    ::core::unreachable!()
                }
            }
        }
    });
    quote! {
        #(#others)*

        #[automatically_derived]
        impl #generics #krate::__private::RowStruct for #ident #arguments #conditions {
            type Struct = #krate::__private::Invalid<{ #last }>;
        }

        #row
    }
}

fn fields<'a>(input: &'a DeriveInput, errors: &mut Vec<syn::Error>) -> Vec<&'a Field> {
    if !input.generics.params.is_empty() {
        let message = "a row has fixed fields: remove the generic parameters";
        errors.push(error_on(Code::SourceStruct, &input.generics, message));
    }
    match &input.data {
        Data::Struct(data) if matches!(data.fields, Fields::Named(_)) => {
            for attribute in data.fields.iter().flat_map(|field| &field.attrs) {
                if attribute.path().is_ident("row") {
                    let message = "`row` describes the struct: rename an output in the query, `sum(revenue) as total`";
                    errors.push(misplaced(attribute, message));
                }
            }
            if let Some(last) = data.fields.iter().last().filter(|last| is_unsized(&last.ty)) {
                errors.push(error_on(Code::ColumnType, &last.ty, "a row owns its cells: write `String`"));
            }
            data.fields.iter().collect()
        }
        _ => {
            let message = "a row must be a struct with a named field for each output of a query";
            errors.push(error_on(Code::SourceStruct, &input.ident, message));
            Vec::new()
        }
    }
}

/// The path of the crate `serenytics`, which `#[row(crate = path)]` can change.
fn krate(input: &DeriveInput, errors: &mut Vec<syn::Error>) -> syn::Path {
    let mut krate: Option<syn::Path> = None;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("row")) {
        items(attribute, errors, |meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("unknown attribute; a row accepts only `crate`"));
            }
            if krate.is_some() {
                return Err(repeated(&meta, "crate"));
            }
            krate = Some(meta.value()?.parse()?);
            Ok(())
        });
    }
    krate.unwrap_or_else(|| syn::parse_quote!(::serenytics))
}
