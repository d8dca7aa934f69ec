//! The rows: a struct with a named, documented field for each output, or the struct behind `into`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use serenytics_query::check::Checked;
use serenytics_query::parse::Parsed;
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::stage::Position;
use serenytics_query::vocabulary::ColumnType;

use super::Input;
use super::header::derives;
use super::tokens::{before, behind};

/// The type of a query's rows.
pub(super) struct Row {
    /// Its path.
    pub(super) name: TokenStream,
    /// Its declaration, or what is asserted of a struct of the user's.
    pub(super) item: TokenStream,
    /// The closure that fills it from the cells of a row.
    pub(super) reader: TokenStream,
}

pub(super) fn row(input: &Input, parsed: &Parsed, checked: &Checked) -> Row {
    let fields = fields(input, parsed, checked);
    if parsed.into.is_empty() { own(input, parsed, checked, &fields) } else { named(input, parsed, checked, &fields) }
}

/// A struct of the query's own.
fn own(input: &Input, parsed: &Parsed, checked: &Checked, fields: &[(Ident, TokenStream)]) -> Row {
    let (names, types): (Vec<_>, Vec<_>) = fields.iter().cloned().unzip();
    let documentation = checked.shape.iter().map(documentation);
    let (name, declaration) = match &input.header {
        Some(header) => (header.row.clone(), header.row_declaration()),
        None => {
            let derives = derives("");
            let declaration = quote!(#derives #[allow(dead_code, missing_docs)] pub);
            (row_name(input, parsed, input.site(input.before)), declaration)
        }
    };
    let span = input.site(input.before);
    let item = quote_spanned! {span=>
        #declaration struct #name { #(#[doc = #documentation] pub #names: #types,)* }
    };
    let reader = quote!(|__cells| ::core::result::Result::Ok(#name { #(#names: __cells.next()?),* }));
    Row { name: quote!(#name), item, reader }
}

/// The user's struct behind `into`: each output has a field of its name and its very type, so that none is lost and no NULL is
/// met where none is expected.
fn named(input: &Input, parsed: &Parsed, checked: &Checked, fields: &[(Ident, TokenStream)]) -> Row {
    let path = input.tokens.trees(&parsed.into);
    let user_span = parsed.into.last().map_or_else(|| input.tokens.start(), |position| input.tokens.span(*position));
    // What does not fit is told at the user's type: from its first name to its last one an expression stands there, and so do parentheses.
    let (before, behind) = (before(user_span), behind(user_span));
    let site = input.site(behind);
    let krate = input.krate_at(before);
    let krate_behind = input.krate_at(behind);
    let cells = Ident::new("__cells", before);
    let values = fields.iter().zip(&checked.positions).map(|((name, field_type), position)| {
        // An output of another type than its field is told where it is written, and else at the struct.
        let written = if *position == Position::default() { user_span } else { input.tokens.span(*position) };
        // Its parentheses show the whole word only around something that stands inside it.
        let at = input.site(self::behind(written));
        let cell = Ident::new("__cell", at);
        let told = quote_spanned!(written=> (#cell));
        let mut field = name.clone();
        field.set_span(user_span);
        quote_spanned!(behind=> #field: {
            let #cell: #field_type = #cells.next()?;
            #[allow(unused_parens)]
            let #cell = #krate_behind::value::field(#told);
            #cell
        })
    });
    let filled = quote_spanned!(user_span=> #path { #(#values),* });
    let reader = quote_spanned!(behind=> |#cells| ::core::result::Result::Ok(#filled));
    let item = quote_spanned! {site=>
        const _: () = {
            #[allow(dead_code)]
            const fn is_row<R: #krate::Row>() {}
            is_row::<#path>();
        };
    };
    Row { name: path, item, reader }
}

/// The row struct's name: `Row`, unless a source on the query's path is called that.
fn row_name(input: &Input, parsed: &Parsed, span: Span) -> Ident {
    let path = input.tokens.trees(&parsed.from).to_string();
    let taken = path.split(|c: char| !c.is_alphanumeric() && c != '_').any(|segment| segment == "Row");
    Ident::new(if taken { "QueryRow" } else { "Row" }, span)
}

/// The names and the types of the fields, in the order of the result.
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
    // `gen` is a keyword of the edition that the generated code may be of, and raw it is the same name in any edition.
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

/// The Rust type that holds every value of a column type.
pub(crate) fn wide_type(krate: &impl ToTokens, column_type: ColumnType) -> TokenStream {
    match column_type {
        ColumnType::Int => quote!(::core::primitive::i64),
        ColumnType::Float => quote!(::core::primitive::f64),
        ColumnType::Str => quote!(#krate::__private::String),
        ColumnType::DateTime => quote!(#krate::DateTime),
    }
}

/// The documentation of a field: what it is, in the words of the wire.
fn documentation(column: &OutputColumn) -> String {
    let nullable = if column.nullable { ", or NULL" } else { "" };
    format!("`{}`: {}{nullable}.", column.origin, column.output_type)
}
