//! The row struct: a named, documented field for each output, with the type that its column declares.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use serenytics_query::check::Checked;
use serenytics_query::parse::Parsed;
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::stage::{KeySlot, Selected, Stage};
use serenytics_query::vocabulary::{Aggregate, ColumnType};

use super::Input;

/// The names and the types of the fields, in the order of the result.
pub(super) fn fields(input: &Input, parsed: &Parsed, checked: &Checked) -> Vec<(Ident, TokenStream)> {
    let path = input.tokens.trees(&parsed.from);
    let declared = declared_columns(&parsed.stage, input);
    let span = Span::mixed_site().located_at(input.tokens.start());
    checked
        .shape
        .iter()
        .zip(declared)
        .map(|(column, declared)| {
            let plain = match (column.output_type, declared) {
                (OutputType::Slot(_), _) => {
                    let krate = &input.krate;
                    quote!(#krate::SlotValue)
                }
                (OutputType::Column(_), Some(index)) => declared_type(input, &path, index),
                (OutputType::Column(column_type), None) => wide_type(input, column_type),
            };
            let field_type = if column.nullable { quote!(::core::option::Option<#plain>) } else { plain };
            (field_name(&column.name, span), field_type)
        })
        .collect()
}

/// A field's name, raw if it is a keyword of Rust.
fn field_name(name: &str, span: Span) -> Ident {
    if syn::parse_str::<Ident>(name).is_ok() { Ident::new(name, span) } else { Ident::new_raw(name, span) }
}

/// For each output the index of the column whose declared type it has; `None` for sums, means and counts.
fn declared_columns(stage: &Stage, input: &Input) -> Vec<Option<usize>> {
    let index = |name: &str| input.schema.column(name).map(|(index, _)| index);
    let keys = stage.group_by.iter().map(|key| match key.slot {
        KeySlot::Whole => index(&key.column.text),
        _ => None,
    });
    match &stage.select {
        Some(selections) => keys
            .chain(selections.iter().map(|selection| match &selection.selected {
                Selected::Column(word) => index(&word.text),
                Selected::Aggregate { aggregate: Aggregate::Min | Aggregate::Max, column, .. } => index(&column.text),
                _ => None,
            }))
            .collect(),
        None if stage.group_by.is_empty() => (0..input.schema.columns.len()).map(Some).collect(),
        None => keys.collect(),
    }
}

fn declared_type(input: &Input, path: &TokenStream, index: usize) -> TokenStream {
    let krate = &input.krate;
    let span = Span::mixed_site().located_at(input.tokens.start());
    match input.schema.columns[index].rust_type.as_str() {
        "" => quote!(<#path as #krate::__private::ColumnAt<#index>>::Type),
        "String" => quote!(#krate::__private::String),
        "DateTime" => quote!(#krate::DateTime),
        primitive => {
            let primitive = Ident::new(primitive, span);
            quote!(::core::primitive::#primitive)
        }
    }
}

fn wide_type(input: &Input, column_type: ColumnType) -> TokenStream {
    let krate = &input.krate;
    match column_type {
        ColumnType::Int => quote!(::core::primitive::i64),
        ColumnType::Float => quote!(::core::primitive::f64),
        ColumnType::Str => quote!(#krate::__private::String),
        ColumnType::DateTime => quote!(#krate::DateTime),
    }
}

/// The documentation of a field: what it is, in the words of the wire.
pub(super) fn documentation(column: &OutputColumn) -> String {
    let nullable = if column.nullable { ", or NULL" } else { "" };
    format!("`{}`: {}{nullable}.", column.origin, column.output_type)
}
