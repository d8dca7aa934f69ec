//! The rows: a struct with a named, documented field for each output, or the struct after `into`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use serenytics_query::check::Checked;
use serenytics_query::parse::Parsed;
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::stage::Position;
use serenytics_query::vocabulary::ColumnType;

use super::Input;
use super::editor::is_editor;
use super::header::{Equality, derives};
use super::tokens::{after, before};

/// The type of a query's rows.
pub(super) struct Row {
    /// Its path.
    pub(super) name: TokenStream,
    /// Its declaration, or the assertions about the user's struct.
    pub(super) item: TokenStream,
    /// The closure that reads it from the cells of a row.
    pub(super) reader: TokenStream,
}

pub(super) fn row(input: &Input, parsed: &Parsed, checked: &Checked) -> Row {
    let fields = fields(input, parsed, checked);
    if parsed.into.is_empty() { own(input, parsed, checked, &fields) } else { named(input, parsed, checked, &fields) }
}

/// Declares a struct for the query.
fn own(input: &Input, parsed: &Parsed, checked: &Checked, fields: &[(Ident, TokenStream)]) -> Row {
    let (names, types): (Vec<_>, Vec<_>) = fields.iter().cloned().unzip();
    let documentation = checked.shape.iter().map(documentation);
    let is_float = |column: &OutputColumn| column.output_type == OutputType::Column(ColumnType::Float);
    let is_known =
        |declared: &Option<usize>| declared.is_none_or(|index| !input.schema.columns[index].rust_type.is_empty());
    let equality = match (checked.shape.iter().any(is_float), checked.declared.iter().all(is_known)) {
        (true, _) => Equality::Partial,
        (false, true) => Equality::Total,
        (false, false) => Equality::Unknown,
    };
    let (name, declaration) = match &input.header {
        Some(header) => (header.row.clone(), header.row_declaration(equality)),
        None => {
            let derives = derives("", equality);
            let declaration = quote!(#derives #[doc = "A row of the query."] pub);
            (row_name(input, parsed, input.site(input.before)), declaration)
        }
    };
    let span = input.site(input.before);
    let item = quote_spanned! {span=>
        #declaration struct #name { #(#[doc = #documentation] pub #names: #types,)* }
    };
    let krate = &input.krate;
    let reader = quote!({
        use #krate::__private::__cells;
        |__cells| ::core::result::Result::Ok(#name { #(#names: __cells.next()?),* })
    });
    Row { name: quote!(#name), item, reader }
}

/// Uses the struct after `into`. It must have a field with the name and the exact type of each
/// output, so that no output is lost and a NULL is always an `Option`.
fn named(input: &Input, parsed: &Parsed, checked: &Checked, fields: &[(Ident, TokenStream)]) -> Row {
    let path = input.tokens.trees(&parsed.into);
    let user_span = parsed.into.last().map_or_else(|| input.tokens.start(), |position| input.tokens.span(*position));
    // Errors are reported at the user's type: the first and the last token of the expression, and
    // the parentheses, have its position.
    let (before, after) = (before(user_span), after(user_span));
    let site = input.site(after);
    let krate = input.krate_at(before);
    let krate_after = input.krate_at(after);
    let cells = Ident::new("__cells", before);
    let values = fields.iter().zip(&checked.positions).map(|((name, field_type), position)| {
        // A type mismatch is reported at the output in the query, or at the struct if the output is
        // not written there.
        let written = if *position == Position::default() { user_span } else { input.tokens.span(*position) };
        // rustc marks the whole word only if the tokens inside the parentheses are inside the word.
        let at = input.site(self::after(written));
        let cell = Ident::new("__cell", at);
        let marked = quote_spanned!(written=> (#cell));
        let mut field = name.clone();
        field.set_span(user_span);
        quote_spanned!(after=> #field: {
            let #cell: #field_type = #cells.next()?;
            let #cell = #krate_after::value::field(#marked);
            #cell
        })
    });
    // An alias: for a struct that is not a valid row, the type of the alias is unknown, and rustc
    // reports only why. An editor looks up the struct itself.
    let alias = Ident::new("__IntoRow", user_span);
    let row = if is_editor() { path.clone() } else { quote!(#alias) };
    let filled = quote_spanned!(user_span=> #row { #(#values),* });
    let hidden = quote_spanned!(site=> use #krate_after::__private::{__cell, __cells};);
    let reader = quote_spanned! {after=> {
        #hidden
        |#cells| ::core::result::Result::Ok(#filled)
    }};
    let check = quote_spanned!(site=> { #krate::value::check_row::<#path>() });
    let item = quote_spanned! {site=>
        type #alias = <#krate::__private::Checked<#check> as #krate::__private::ThenRow<#path>>::Struct;
    };
    Row { name: row, item: if is_editor() { TokenStream::new() } else { item }, reader }
}

/// Returns the row struct's name: `Row`, or `QueryRow` if the source's path contains `Row`.
fn row_name(input: &Input, parsed: &Parsed, span: Span) -> Ident {
    let path = input.tokens.trees(&parsed.from).to_string();
    let taken = path.split(|c: char| !c.is_alphanumeric() && c != '_').any(|segment| segment == "Row");
    Ident::new(if taken { "QueryRow" } else { "Row" }, span)
}

/// Returns the names and the types of the fields, in the order of the result.
fn fields(input: &Input, parsed: &Parsed, checked: &Checked) -> Vec<(Ident, TokenStream)> {
    let path = input.tokens.trees(&parsed.from);
    let span = input.site(input.before);
    checked
        .shape
        .iter()
        .zip(&checked.declared)
        .map(|(column, declared)| {
            let plain = match (column.output_type, declared) {
                (OutputType::Slot(_), _) => {
                    let krate = &input.krate;
                    quote!(#krate::SlotValue)
                }
                (OutputType::Column(_), Some(index)) => declared_type(input, &path, *index),
                (OutputType::Column(column_type), None) => wide_type(&input.krate, column_type),
            };
            let field_type = if column.nullable { quote!(::core::option::Option<#plain>) } else { plain };
            (field_name(&column.name, span), field_type)
        })
        .collect()
}

/// A field's name, raw if it is a keyword of Rust.
pub(crate) fn field_name(name: &str, span: Span) -> Ident {
    // `gen` is a keyword in some editions; raw, it is the same name in every edition.
    let ident = Ident::new(name, span);
    if name != "gen" && syn::parse2::<Ident>(TokenTree::from(ident.clone()).into()).is_ok() {
        ident
    } else {
        Ident::new_raw(name, span)
    }
}

fn declared_type(input: &Input, path: &TokenStream, index: usize) -> TokenStream {
    let krate = &input.krate;
    let span = input.site(input.before);
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

/// Returns the Rust type that can represent every value of a column type.
pub(crate) fn wide_type(krate: &impl ToTokens, column_type: ColumnType) -> TokenStream {
    match column_type {
        ColumnType::Int => quote!(::core::primitive::i64),
        ColumnType::Float => quote!(::core::primitive::f64),
        ColumnType::Str => quote!(#krate::__private::String),
        ColumnType::DateTime => quote!(#krate::DateTime),
    }
}

/// Returns the documentation of a field: its origin with wire names, its type and whether it may be
/// NULL.
fn documentation(column: &OutputColumn) -> String {
    let nullable = if column.nullable { ", or NULL" } else { "" };
    format!("`{}`: {}{nullable}.", column.origin, column.output_type)
}
