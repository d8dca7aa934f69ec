//! The expansion of the derive: the `Source` impl, the types of the columns, and the macro with the
//! source's name.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use serenytics_query::schema::{Column, ColumnKind, SourceRef};
use syn::Visibility;
use syn::spanned::Spanned;

use super::file::File;
use super::parse::{Declaration, without_option};
use crate::query::{field_name, wide_type};

pub(super) fn expand(declaration: &Declaration<'_>) -> TokenStream {
    let carrier = carrier(declaration);
    if !declaration.input.generics.params.is_empty() {
        return carrier;
    }
    let source = source_impl(declaration);
    let row = row_impl(declaration);
    let columns = columns(declaration);
    let included = declaration.file.as_ref().and_then(File::included);
    quote!(#source #row #columns #carrier #included)
}

fn source_impl(declaration: &Declaration<'_>) -> TokenStream {
    let Declaration { input, krate, schema, .. } = declaration;
    let ident = &input.ident;
    let encoded = schema.encode();
    let source = match &schema.source {
        SourceRef::Name(name) => quote!(#krate::__private::named(#name)),
        SourceRef::Uuid(uuid) => quote!(#krate::__private::with_uuid(#uuid)),
    };
    let columns = format_ident!("{ident}Columns");
    let (fields, values) = column_values(declaration);
    quote! {
        const _: () = {
            #[allow(missing_docs, missing_debug_implementations, missing_copy_implementations, non_snake_case, unreachable_pub)]
            pub struct #columns {
                #(#fields)*
            }

            #[automatically_derived]
            impl #krate::Source for #ident {
                const SOURCE: #krate::__private::SourceRef = #source;
                const ENCODED: &'static ::core::primitive::str = #encoded;
                type Columns = #columns;
                const COLUMNS: #columns = #columns { #(#values)* };
            }
        };
    }
}

/// Returns the fields of the columns struct and their values. Filters and builders use them, and
/// editors look them up.
fn column_values(declaration: &Declaration<'_>) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let Declaration { input, krate, schema, fields, file, .. } = declaration;
    let ident = &input.ident;
    let site = file.as_ref().map_or_else(Span::call_site, |file| Span::call_site().located_at(file.span));
    let mut declared = fields.iter();
    let columns = schema.columns.iter().map(|column| {
        let field = declared.next();
        let name = field.and_then(|field| field.ident.clone()).unwrap_or_else(|| field_name(&column.name, site));
        let documentation = field.into_iter().flat_map(|field| &field.attrs);
        let documentation = documentation.filter(|attribute| attribute.path().is_ident("doc"));
        let Column { name: text, wire, column_type, kind, .. } = column;
        if *kind == ColumnKind::Formula {
            let declared = quote!(#(#documentation)* pub #name: #krate::builder::FormulaColumn<#ident>,);
            return (declared, quote!(#name: #krate::builder::FormulaColumn::new(#text),));
        }
        let holds = wide_type(krate, *column_type);
        let is_measure = *kind == ColumnKind::Measure;
        let declared = quote!(#(#documentation)* pub #name: #krate::builder::TypedColumn<#ident, #holds>,);
        (declared, quote!(#name: #krate::builder::TypedColumn::new(#text, #wire, #is_measure),))
    });
    columns.unzip()
}

/// Returns the impl that loads values of the struct as rows; empty for a struct without fields.
fn row_impl(declaration: &Declaration<'_>) -> TokenStream {
    let Declaration { input, krate, schema, fields, file, .. } = declaration;
    if file.is_some() {
        return TokenStream::new();
    }
    let ident = &input.ident;
    // The function that writes a cell also checks the field's type: it accepts the values of a
    // column of its type.
    let cells = schema.columns.iter().zip(fields).map(|(column, field)| {
        let wire = &column.wire;
        let (inner, _) = without_option(&field.ty);
        // Located at the type, so that an invalid type is reported there.
        let span = Span::call_site().located_at(inner.span());
        let mut name = field.ident.clone();
        name.iter_mut().for_each(|name| name.set_span(name.span().located_at(inner.span())));
        let form = if column.nullable { "option" } else { "value" };
        let to_wire = Ident::new(&format!("{}_{form}", column.column_type), span);
        let value = quote_spanned!(span=> #krate::value::#to_wire(&self.#name));
        let value = if column.nullable { value } else { quote!(::core::option::Option::Some(#value)) };
        let check = column.rust_type.is_empty().then(|| quote_spanned!(span=> #krate::value::column_type::<#inner>();));
        // Computed and joined columns are not loaded, but their types are checked.
        match column.kind {
            ColumnKind::Stored => quote!(#check row.cell(#wire, #value);),
            _ => quote!(#check let _ = #value;),
        }
    });
    quote! {
        #[automatically_derived]
        impl #krate::__private::SourceRow for #ident {
            type Source = #ident;

            #[allow(deprecated)]
            fn write_cells(&self, row: &mut #krate::__private::RowWriter) {
                #(#cells)*
            }
        }
    }
}

/// Returns the impls for the type of each column, by its index.
fn columns(declaration: &Declaration<'_>) -> TokenStream {
    let Declaration { input, krate, fields, .. } = declaration;
    let ident = &input.ident;
    let types = fields.iter().enumerate().map(|(index, field)| {
        let (inner, _) = without_option(&field.ty);
        quote! {
            #[automatically_derived]
            impl #krate::__private::ColumnAt<#index> for #ident {
                type Type = #inner;
            }
        }
    });
    let all = match &input.data {
        syn::Data::Struct(data) => data.fields.iter().collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let names: Vec<_> = all.iter().filter_map(|field| field.ident.as_ref()).collect();
    let all_types = all.iter().filter(|field| field.ident.is_some()).map(|field| &field.ty);
    // A source is often declared only for its columns: building it here avoids the "never
    // constructed" warning.
    let build = (!names.is_empty()).then(|| {
        let values: Vec<_> = (0..names.len()).map(|index| format_ident!("field_{index}")).collect();
        quote! {
            #[allow(dead_code, deprecated, clippy::too_many_arguments)]
            fn build(#(#values: #all_types),*) -> #ident {
                #ident { #(#names: #values),* }
            }
        }
    });
    quote! {
        #(#types)*
        const _: () = { #build };
    }
}

/// Returns the macro with the source's name. It is exported under a unique name and imported under
/// the source's name, so that it has the struct's path and visibility.
fn carrier(declaration: &Declaration<'_>) -> TokenStream {
    let Declaration { input, schema, .. } = declaration;
    let ident = &input.ident;
    let visibility = &input.vis;
    let encoded = schema.encode();
    let hidden = format_ident!("__source_{}_{:016x}", ident, location_hash(ident, &encoded));
    let export = matches!(visibility, Visibility::Public(_)).then(|| quote!(#[macro_export]));
    quote! {
        #[doc(hidden)]
        #[allow(non_local_definitions, unused_macros)]
        #export
        macro_rules! #hidden {
            (@ { $($then:tt)* } $($rest:tt)*) => { $($then)* ! { #encoded $($rest)* } };
        }
        #[doc(hidden)]
        #[allow(unused_imports)]
        #visibility use #hidden as #ident;
    }
}

/// Returns a number that is unique for each declaration and stable across compilations.
fn location_hash(ident: &Ident, encoded: &str) -> u64 {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let mut hasher = DefaultHasher::new();
    let span = ident.span().unwrap();
    (span.file(), span.line(), span.column(), encoded).hash(&mut hasher);
    COUNTER.fetch_add(1, Ordering::Relaxed).hash(&mut hasher);
    hasher.finish()
}
