//! The expansion of the derive: the `Source` impl, the types of the columns, and the macro with the
//! source's name.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use serenytics_query::schema::{Column, ColumnKind, SourceRef};
use syn::Visibility;
use syn::spanned::Spanned;

use super::file::File;
use super::parse::Declaration;
use crate::field_type::without_option;
use crate::query::{field_name, is_editor, wide_type};

pub(super) fn expand(declaration: &Declaration<'_>) -> TokenStream {
    let source = source_impl(declaration);
    let row = row_impl(declaration);
    let types = column_types(declaration);
    let build = build(declaration);
    let carrier = carrier(declaration, &declaration.schema.encode());
    let included = declaration.file.as_ref().and_then(File::included);
    let krate = &declaration.krate;
    quote! {
        const _: () = {
            use #krate::__private::{__row, write};
            #source
            #row
            #(#types)*
            #build
        };
        #carrier
        #included
    }
}

/// Returns the impl of the source, and the same functions as inherent ones, which do not need the
/// trait in scope.
fn source_impl(declaration: &Declaration<'_>) -> TokenStream {
    let Declaration { input, krate, schema, .. } = declaration;
    let ident = &input.ident;
    let encoded = schema.encode();
    let source = match &schema.source {
        SourceRef::Name(name) => quote!(#krate::__private::named(#name)),
        SourceRef::Uuid(uuid) => quote!(#krate::__private::with_uuid(#uuid)),
    };
    let columns = format_ident!("{ident}Columns");
    let documentation = format!("The columns of [`{ident}`].");
    let (fields, values) = column_values(declaration);
    let visibility = generated(input.vis.to_token_stream());
    quote! {
        #[doc = #documentation]
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

        #[automatically_derived]
        impl #ident {
            /// Creates a filter: conditions as a value, for splicing into queries of this source as
            /// `..{filter}` or for a builder.
            #visibility fn filter<Write>(write: Write) -> #krate::builder::Filter<#ident>
            where
                Write: ::core::ops::FnOnce(#columns) -> #krate::builder::Filter<#ident>,
            {
                <#ident as #krate::Source>::filter(write)
            }

            /// Starts a query that is built at run time, clause by clause.
            #visibility fn query() -> #krate::builder::QueryBuilder<#ident> {
                <#ident as #krate::Source>::query()
            }

            /// Returns the declared schema.
            #[must_use]
            #visibility fn schema() -> #krate::schema::Schema {
                <#ident as #krate::Source>::schema()
            }
        }
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
        let mut name = field.and_then(|field| field.ident.clone()).unwrap_or_else(|| field_name(&column.name, site));
        name.set_span(generated_span(name.span()));
        let documentation = field.into_iter().flat_map(|field| &field.attrs);
        let documentation: Vec<_> = documentation.filter(|attribute| attribute.path().is_ident("doc")).collect();
        let missing = documentation.is_empty().then(|| format!("The column `{}`.", column.name));
        let missing = missing.into_iter();
        let Column { name: text, wire, column_type, kind, .. } = column;
        if *kind == ColumnKind::Formula {
            let declared =
                quote!(#(#documentation)* #(#[doc = #missing])* pub #name: #krate::builder::FormulaColumn<#ident>,);
            return (declared, quote!(#name: #krate::builder::FormulaColumn::new(#text),));
        }
        let holds = wide_type(krate, *column_type);
        let is_measure = *kind == ColumnKind::Measure;
        let declared =
            quote!(#(#documentation)* #(#[doc = #missing])* pub #name: #krate::builder::TypedColumn<#ident, #holds>,);
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
    let cells = schema.columns.iter().zip(fields).enumerate().map(|(index, (column, field))| {
        let wire = &column.wire;
        let (inner, _) = without_option(&field.ty);
        // Located at the type, so that an invalid type is reported there.
        let span = Span::call_site().located_at(inner.span());
        let mut name = field.ident.clone();
        name.iter_mut().for_each(|name| name.set_span(span));
        let form = if column.nullable { "option" } else { "value" };
        // The type of a name that is not the one of a column's type is checked once, see
        // `column_types`.
        let (function, arguments) = if column.rust_type.is_empty() {
            let (alias, kind) = (column_type(index), column_kind(column, span));
            (format!("column_{form}"), quote_spanned!(span=> ::<#alias, #krate::value::#kind>))
        } else {
            (format!("{}_{form}", column.column_type), TokenStream::new())
        };
        let to_wire = Ident::new(&function, span);
        let value = quote_spanned!(span=> #krate::value::#to_wire #arguments (&self.#name));
        let value = if column.nullable { value } else { quote!(::core::option::Option::Some(#value)) };
        // Computed and joined columns are not loaded, but their types are checked.
        match column.kind {
            ColumnKind::Stored => quote!(__row.cell(#wire, #value);),
            _ => quote!(let _ = #value;),
        }
    });
    quote! {
        #[automatically_derived]
        impl #krate::__private::SourceRow for #ident {
            type Source = #ident;

            fn write_cells(&self, __row: &mut #krate::__private::RowWriter) {
                #(#cells)*
            }
        }
    }
}

/// Returns the types of the columns whose Rust type has another name. If a type is invalid, its alias
/// is an error that is already reported.
fn column_types<'a>(declaration: &'a Declaration<'_>) -> impl Iterator<Item = TokenStream> + 'a {
    let Declaration { input, krate, schema, fields, .. } = declaration;
    let ident = &input.ident;
    let fields = schema.columns.iter().zip(fields).enumerate();
    fields.filter(|(_, (column, _))| column.rust_type.is_empty()).map(move |(index, (column, field))| {
        let (inner, _) = without_option(&field.ty);
        let span = Span::call_site().located_at(inner.span());
        // Tokens of the user are reported once if rustc does not know the type. Qualified types are
        // generated, because a lint reports unnecessary qualifications.
        let is_qualified = matches!(inner, syn::Type::Path(path) if path.path.segments.len() > 1);
        let inner = inner.to_token_stream();
        let inner = if is_qualified { generated(inner) } else { inner };
        let alias = column_type(index);
        let kind = column_kind(column, span);
        let check = quote_spanned!(span=> { #krate::value::check_column::<#inner, #krate::value::#kind>() });
        quote! {
            type #alias = <#krate::__private::Checked<#check> as #krate::__private::Then<#inner>>::Type;

            #[automatically_derived]
            impl #krate::__private::ColumnAt<#index> for #ident {
                type Type = #alias;
            }
        }
    })
}

/// Returns the type that stands for a column's type in bounds.
fn column_kind(column: &Column, span: Span) -> Ident {
    Ident::new(&format!("{:?}Cells", column.column_type), span)
}

fn column_type(index: usize) -> Ident {
    format_ident!("__Column{index}")
}

/// Returns code that builds the struct. A source is often declared only for its columns; without
/// this code, it is never constructed, which is a lint.
fn build(declaration: &Declaration<'_>) -> Option<TokenStream> {
    let Declaration { input, krate, fields, .. } = declaration;
    let ident = &input.ident;
    let names: Vec<_> = fields.iter().filter_map(|field| field.ident.clone()).map(generated_name).collect();
    (!names.is_empty()).then(|| quote!(let _ = || #ident { #(#names: #krate::__private::invalid()),* };))
}

/// Returns tokens of the user as tokens of generated code, at the same place: the lints of the
/// user's crate do not apply to them.
fn generated(tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .map(|tree| match tree {
            // `$crate` is a crate by its span.
            TokenTree::Ident(ident) if ident == "$crate" => ident.into(),
            TokenTree::Group(group) => {
                let mut copy = Group::new(group.delimiter(), generated(group.stream()));
                copy.set_span(generated_span(group.span()));
                copy.into()
            }
            mut tree => {
                tree.set_span(generated_span(tree.span()));
                tree
            }
        })
        .collect()
}

fn generated_name(mut name: Ident) -> Ident {
    name.set_span(generated_span(name.span()));
    name
}

/// Returns the span of a user's token for generated code, to which the lints of the user's crate do not apply. An editor
/// needs the user's own span, to find and rename the field of a column.
fn generated_span(written: Span) -> Span {
    if is_editor() { written } else { Span::call_site().located_at(written) }
}

/// Returns the macro with the source's name. It is exported under a unique name and imported under
/// the source's name, so that it has the struct's path and visibility.
pub(super) fn carrier(declaration: &Declaration<'_>, encoded: &str) -> TokenStream {
    let Declaration { input, .. } = declaration;
    let ident = generated_name(input.ident.clone());
    let visibility = generated(input.vis.to_token_stream());
    let hidden =
        format_ident!("__source_{}_{:016x}", ident, location_hash(&input.ident, encoded), span = Span::call_site());
    let is_public = matches!(input.vis, Visibility::Public(_));
    let export = is_public.then(|| quote!(#[macro_export]));
    // rustc reports a macro that is exported from a function's body. A crate that forbids the lint
    // does not accept the attribute, so it is written only there.
    let in_function = (is_public && is_in_function(&input.ident)).then(|| quote!(#[allow(non_local_definitions)]));
    quote! {
        #[doc(hidden)]
        #in_function
        #export
        macro_rules! #hidden {
            (@ { $($then:tt)* } $($rest:tt)*) => { $($then)* ! { #encoded $($rest)* } };
        }
        #[doc(hidden)]
        #visibility use #hidden as #ident;
    }
}

/// Returns true if a struct is probably declared inside a function: a line that it is indented under
/// does not begin a module.
fn is_in_function(ident: &Ident) -> bool {
    let span = ident.span().unwrap();
    let Some(text) = span.local_file().and_then(|file| std::fs::read_to_string(file).ok()) else { return false };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = text.lines().take(span.line()).collect();
    let mut least = lines.last().map_or(0, |line| indent(line));
    lines.iter().rev().any(|line| {
        let content = line.trim_start();
        if indent(line) >= least || content.is_empty() || content.starts_with(['#', '/', '}', ')']) {
            return false;
        }
        least = indent(line);
        !content.split(' ').any(|word| word == "mod")
    })
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
