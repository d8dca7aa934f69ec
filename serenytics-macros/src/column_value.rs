//! `#[derive(ColumnValue)]`: an enum or a newtype as the type of a column.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serenytics_query::problem::Code;
use serenytics_query::suggest::listed;
use serenytics_query::vocabulary::ColumnType;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Data, DataEnum, DeriveInput, Field, Fields, LitStr, Member, Variant};

use crate::field_type::without_option;
use crate::source::{coded, known_type};

/// The shape that a type must have.
const SHAPE: &str = "a column value is an enum without fields, or a struct with one field such as `struct Id(i64);`";

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Errors::default();
    let expanded = expand(&input, &mut errors);
    match errors.0 {
        Some(errors) => errors.into_compile_error(),
        None => expanded.unwrap_or_default(),
    }
}

/// The errors of a derive.
#[derive(Default)]
struct Errors(Option<syn::Error>);

impl Errors {
    fn push(&mut self, error: syn::Error) {
        let error = coded(Code::ColumnType, error);
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn at(&mut self, tokens: impl quote::ToTokens, message: &str) {
        self.push(syn::Error::new_spanned(tokens, message));
    }
}

/// The attributes of the type.
struct Attributes {
    krate: syn::Path,
    column_type: Option<ColumnType>,
}

fn expand(input: &DeriveInput, errors: &mut Errors) -> Option<TokenStream> {
    let attributes = attributes(input, errors);
    if !input.generics.params.is_empty() {
        errors.at(&input.generics, "a column value has one type: remove the generic parameters");
        return None;
    }
    match &input.data {
        Data::Enum(data) => of_enum(input, data, &attributes, errors),
        Data::Struct(data) if data.fields.len() == 1 => {
            data.fields.iter().next().and_then(|field| of_newtype(input, field, &attributes, errors))
        }
        Data::Struct(_) | Data::Union(_) => {
            errors.at(&input.ident, SHAPE);
            None
        }
    }
}

/// An enum: its values are the names or the numbers of its variants.
fn of_enum(input: &DeriveInput, data: &DataEnum, attributes: &Attributes, errors: &mut Errors) -> Option<TokenStream> {
    let Attributes { krate, column_type } = attributes;
    if data.variants.is_empty() {
        errors.at(&input.ident, "an enum without variants has no values");
    }
    for variant in data.variants.iter().filter(|variant| !matches!(variant.fields, Fields::Unit)) {
        errors.at(&variant.fields, "a variant with fields is not a value of a column: remove the fields");
    }
    let names = names(data, errors);
    let ident = &input.ident;
    let variants: Vec<&Ident> = data.variants.iter().map(|variant| &variant.ident).collect();
    match column_type.unwrap_or(ColumnType::Str) {
        ColumnType::Str => {
            let expected = format!("a value of `{ident}`: {}", listed(names.iter().map(String::as_str)));
            Some(implementation(
                attributes,
                ident,
                ColumnType::Str,
                &quote!(#krate::__private::String),
                &expected,
                &quote!(match &*__stored {
                    #(#names => ::core::option::Option::Some(#ident::#variants),)*
                    _ => ::core::option::Option::None,
                }),
                &quote!(#krate::value::StrValue::to_wire(match self { #(#ident::#variants => #names,)* })),
            ))
        }
        ColumnType::Int => {
            for variant in &data.variants {
                for attribute in variant.attrs.iter().filter(|attribute| attribute.path().is_ident("column_value")) {
                    errors.at(attribute, "the values of this enum are numbers: write `Variant = 1` instead of a name");
                }
            }
            let expected = format!("a number of `{ident}`");
            Some(implementation(
                attributes,
                ident,
                ColumnType::Int,
                &quote!(::core::primitive::i64),
                &expected,
                &quote!({
                    #(if __stored == #ident::#variants as ::core::primitive::i64 {
                        return ::core::option::Option::Some(#ident::#variants);
                    })*
                    ::core::option::Option::None
                }),
                &quote!(#krate::value::IntValue::to_wire(&match self {
                    #(#ident::#variants => #ident::#variants as ::core::primitive::i64,)*
                })),
            ))
        }
        ColumnType::Float | ColumnType::DateTime => {
            errors.at(&input.ident, "the values of an enum are text or integers: write `type = \"str\"` or `\"int\"`");
            None
        }
    }
}

/// A struct with one field: its values are those of the field.
fn of_newtype(input: &DeriveInput, field: &Field, attributes: &Attributes, errors: &mut Errors) -> Option<TokenStream> {
    let (inner, nullable) = without_option(&field.ty);
    if nullable {
        let message = "a column value is not NULL: write the `Option` around the type, where it is used";
        errors.at(&field.ty, message);
        return None;
    }
    let Some(column_type) = known_type(inner).or(attributes.column_type) else {
        let message = "not a column type: use `String`, `i8` to `i64`, `u8` to `u32`, `f32`, `f64` or `DateTime`; for an \
                       alias, or another type that derives `ColumnValue`, add `#[column_value(type = \"str\")]` to the struct";
        errors.at(inner, message);
        return None;
    };
    if let Some(declared) = attributes.column_type.filter(|declared| *declared != column_type) {
        let message =
            format!("the field belongs to a column of type `{column_type}`, but the attribute says `{declared}`");
        errors.at(inner, &message);
        return None;
    }
    let Attributes { krate, .. } = attributes;
    let ident = &input.ident;
    let member = field.ident.clone().map_or_else(|| Member::from(0), Member::from);
    let wire = quote!(#krate::value::stored_value::<Self>(&self.#member));
    let stored = quote!(::core::option::Option::Some(#ident { #member: __stored }));
    let expected = format!("a value of `{ident}`");
    Some(implementation(attributes, ident, column_type, &quote!(#inner), &expected, &stored, &wire))
}

/// The impls: how a value is read from a cell, and written to the wire.
fn implementation(
    attributes: &Attributes,
    ident: &Ident,
    column_type: ColumnType,
    stored: &TokenStream,
    expected: &str,
    from_stored: &TokenStream,
    to_wire: &TokenStream,
) -> TokenStream {
    let krate = &attributes.krate;
    let value_trait = format_ident!("{column_type:?}Value");
    let kind = format_ident!("{column_type:?}Cells");
    // An integer is also a value for a float column.
    let float = (column_type == ColumnType::Int).then(|| {
        quote! {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl #krate::value::FloatValue for #ident {
                fn to_wire(&self) -> #krate::value::ToWire {
                    #krate::value::IntValue::to_wire(self)
                }
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #krate::ColumnValue for #ident {
            type Kind = #krate::value::#kind;
            type Stored = #stored;
            const EXPECTED: &'static ::core::primitive::str = #expected;

            fn from_stored(__stored: #stored) -> ::core::option::Option<Self> {
                #from_stored
            }
        }

        #[automatically_derived]
        #[diagnostic::do_not_recommend]
        impl #krate::value::#value_trait for #ident {
            fn to_wire(&self) -> #krate::value::ToWire {
                #to_wire
            }
        }

        #float
    }
}

fn attributes(input: &DeriveInput, errors: &mut Errors) -> Attributes {
    let mut krate: Option<syn::Path> = None;
    let mut column_type = None;
    each_key(&input.attrs, errors, |meta, key| {
        match key {
            "crate" if krate.is_none() => krate = Some(meta.value()?.parse()?),
            "type" if column_type.is_none() => {
                let word: LitStr = meta.value()?.parse()?;
                column_type = Some(ColumnType::from_word(&word.value()).ok_or_else(|| {
                    let types = listed(ColumnType::words());
                    syn::Error::new(
                        word.span(),
                        format!("unknown column type `{}`; the types are {types}", word.value()),
                    )
                })?);
            }
            "crate" | "type" => return Err(meta.error(format!("`{key}` is repeated: write it once"))),
            _ => {
                return Err(meta.error(format!("unknown attribute `{key}`; a column value accepts `type` and `crate`")));
            }
        }
        Ok(())
    });
    Attributes { krate: krate.unwrap_or_else(|| syn::parse_quote!(::serenytics)), column_type }
}

/// Returns the text of each variant: its name, or that of its attribute.
fn names(data: &DataEnum, errors: &mut Errors) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for variant in &data.variants {
        let name = variant_name(variant, errors);
        if names.contains(&name) {
            errors.at(&variant.ident, &format!("two variants have the text `{name}`"));
        }
        names.push(name);
    }
    names
}

fn variant_name(variant: &Variant, errors: &mut Errors) -> String {
    let mut name = None;
    each_key(&variant.attrs, errors, |meta, key| match key {
        "name" if name.is_none() => {
            name = Some(meta.value()?.parse::<LitStr>()?.value());
            Ok(())
        }
        "name" => Err(meta.error("`name` is repeated: write it once")),
        _ => Err(meta.error(format!("unknown attribute `{key}`; a variant accepts only `name`"))),
    });
    name.unwrap_or_else(|| {
        let ident = variant.ident.to_string();
        ident.strip_prefix("r#").unwrap_or(&ident).to_owned()
    })
}

/// Calls `read` for each key of the attributes `#[column_value(..)]`.
fn each_key(
    attributes: &[Attribute],
    errors: &mut Errors,
    mut read: impl FnMut(&ParseNestedMeta<'_>, &str) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("column_value")) {
        let result = attribute.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            read(&meta, &key)
        });
        result.err().into_iter().for_each(|error| errors.push(error));
    }
}
