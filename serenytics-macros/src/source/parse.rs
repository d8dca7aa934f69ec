//! What a struct declares: its source, and a column for each field. Every mistake is told, not only the first.

use proc_macro2::Span;
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::suggest::{listed, nearest};
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::COUNT_COLUMN;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, GenericArgument, LitStr, PathArguments, Type};

/// A source as a struct declares it; fields with a mistake are left out.
pub(super) struct Declaration<'a> {
    pub(super) input: &'a DeriveInput,
    /// The path of the crate `serenytics`.
    pub(super) krate: syn::Path,
    pub(super) schema: Schema,
    /// The fields behind the schema's columns, in the same order.
    pub(super) fields: Vec<&'a syn::Field>,
}

/// The Rust types that stand for a column type by their spelling.
const RUST_TYPES: &[(&str, ColumnType)] = &[
    ("String", ColumnType::Str),
    ("i8", ColumnType::Int),
    ("i16", ColumnType::Int),
    ("i32", ColumnType::Int),
    ("i64", ColumnType::Int),
    ("u8", ColumnType::Int),
    ("u16", ColumnType::Int),
    ("u32", ColumnType::Int),
    ("f32", ColumnType::Float),
    ("f64", ColumnType::Float),
    ("DateTime", ColumnType::DateTime),
];

pub(super) fn declaration(input: &DeriveInput) -> (Declaration<'_>, Vec<syn::Error>) {
    let mut errors = Vec::new();
    let attributes = source_attributes(input, &mut errors);
    if !input.generics.params.is_empty() {
        let message = "a data source has fixed columns, so its struct takes no generic parameters";
        errors.push(syn::Error::new_spanned(&input.generics, message));
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut fields = Vec::new();
    for field in named_fields(input, &mut errors) {
        let Some(column) = column(field, &mut errors) else { continue };
        if let Some(other) = columns.iter().find(|other| other.wire == column.wire) {
            let message = format!(
                "the column \"{}\" is declared twice, by `{}` and by `{}`",
                column.wire, other.name, column.name
            );
            errors.push(syn::Error::new(field.span(), message));
            continue;
        }
        columns.push(column);
        fields.push(field);
    }
    let schema = Schema { source: attributes.source, columns };
    (Declaration { input, krate: attributes.krate, schema, fields }, errors)
}

struct SourceAttributes {
    source: SourceRef,
    krate: syn::Path,
}

fn source_attributes(input: &DeriveInput, errors: &mut Vec<syn::Error>) -> SourceAttributes {
    let mut source = None;
    let mut krate = syn::parse_quote!(::serenytics);
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("source")) {
        let result = attribute.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match key.as_str() {
                "name" | "uuid" => {
                    let text = wire_text(&meta.value()?.parse()?)?;
                    if source.is_some() {
                        return Err(meta.error("a source is found by its name or by its uuid, given once"));
                    }
                    let reference = if key == "name" { SourceRef::Name } else { SourceRef::Uuid };
                    source = Some(reference(text.into()));
                }
                "crate" => krate = meta.value()?.parse()?,
                _ => return Err(unknown_key(&meta.path, &key, &["name", "uuid", "crate"])),
            }
            Ok(())
        });
        errors.extend(result.err());
    }
    let source = source.unwrap_or_else(|| {
        if errors.is_empty() {
            let message = "say which source this is: `#[source(name = \"sales\")]` or `#[source(uuid = \"..\")]`";
            errors.push(syn::Error::new_spanned(&input.ident, message));
        }
        SourceRef::Name(input.ident.to_string().into())
    });
    SourceAttributes { source, krate }
}

fn named_fields<'a>(
    input: &'a DeriveInput,
    errors: &mut Vec<syn::Error>,
) -> impl Iterator<Item = &'a syn::Field> + use<'a> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if !fields.named.is_empty() => Some(&fields.named),
            _ => None,
        },
        _ => None,
    };
    if fields.is_none() {
        let message = "a data source is a struct with a named field for each column";
        errors.push(syn::Error::new_spanned(&input.ident, message));
    }
    fields.into_iter().flatten()
}

/// What the attributes of a field say.
#[derive(Default)]
struct ColumnAttributes {
    name: Option<String>,
    column_type: Option<ColumnType>,
}

fn column(field: &syn::Field, errors: &mut Vec<syn::Error>) -> Option<Column> {
    let ident = field.ident.as_ref()?;
    let mut attributes = ColumnAttributes::default();
    let before = errors.len();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("column")) {
        let result = attribute.parse_nested_meta(|meta| column_attribute(&meta, &mut attributes));
        errors.extend(result.err());
    }
    let (inner, nullable) = without_option(&field.ty);
    let spelled = RUST_TYPES.iter().find(|(name, _)| is_spelled(inner, name));
    let column_type = match (spelled, attributes.column_type) {
        (Some((name, spelled)), Some(declared)) if *spelled != declared => {
            let message = format!(
                "`{name}` is the type of a column of type \"{spelled}\", and the attribute says \"{declared}\""
            );
            errors.push(syn::Error::new(inner.span(), message));
            None
        }
        (Some((_, spelled)), None) => Some(*spelled),
        (_, Some(declared)) => Some(declared),
        (None, None) => {
            if errors.len() == before {
                errors.push(unknown_type(inner));
            }
            None
        }
    };
    let name = ident.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name).to_owned();
    Some(Column {
        wire: attributes.name.unwrap_or_else(|| name.clone()),
        name,
        column_type: column_type?,
        nullable,
        kind: ColumnKind::Stored,
        rust_type: spelled.map_or_else(String::new, |(name, _)| (*name).to_owned()),
    })
}

fn column_attribute(meta: &syn::meta::ParseNestedMeta<'_>, attributes: &mut ColumnAttributes) -> syn::Result<()> {
    let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
    match key.as_str() {
        "name" => attributes.name = Some(wire_text(&meta.value()?.parse()?)?),
        "type" => {
            let word: LitStr = meta.value()?.parse()?;
            let column_type = ColumnType::from_word(&word.value()).ok_or_else(|| {
                let types = listed(ColumnType::words());
                syn::Error::new(word.span(), format!("no column type \"{}\"; the types are {types}", word.value()))
            })?;
            attributes.column_type = Some(column_type);
        }
        _ => return Err(unknown_key(&meta.path, &key, &["name", "type"])),
    }
    Ok(())
}

fn unknown_key(path: &syn::Path, key: &str, known: &[&str]) -> syn::Error {
    let message = match nearest(key, known.iter().copied()) {
        Some(near) => format!("no attribute `{key}`; did you mean `{near}`?"),
        None => format!("no attribute `{key}`; there is {}", listed(known.iter().copied())),
    };
    syn::Error::new_spanned(path, message)
}

/// A name of the wire. It travels through the compiler between control characters, so it may hold none.
fn wire_text(text: &LitStr) -> syn::Result<String> {
    let value = text.value();
    if value.is_empty() {
        return Err(syn::Error::new(text.span(), "a name has at least one character"));
    }
    if value == COUNT_COLUMN {
        return Err(syn::Error::new(text.span(), "this is the platform's name for the number of rows: `count()`"));
    }
    if value.contains(|c| ('\u{1c}'..='\u{1f}').contains(&c)) {
        return Err(syn::Error::new(text.span(), "a name holds no control characters"));
    }
    Ok(value)
}

/// The type inside `Option<..>`, and whether it was in one.
pub(super) fn without_option(field_type: &Type) -> (&Type, bool) {
    let field_type = peeled(field_type);
    if let Type::Path(path) = field_type
        && let Some(last) = path.path.segments.last()
        && last.ident == "Option"
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let [GenericArgument::Type(inner)] = arguments.args.iter().collect::<Vec<_>>()[..]
    {
        return (peeled(inner), true);
    }
    (field_type, false)
}

/// The type inside of parentheses, and of the group that a fragment of a `macro_rules!` comes in.
fn peeled(field_type: &Type) -> &Type {
    match field_type {
        Type::Group(group) => peeled(&group.elem),
        Type::Paren(paren) => peeled(&paren.elem),
        other => other,
    }
}

fn is_spelled(field_type: &Type, name: &str) -> bool {
    matches!(field_type, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name && last.arguments.is_empty()))
}

fn unknown_type(field_type: &Type) -> syn::Error {
    let span: Span = field_type.span();
    let message = if is_spelled(field_type, "bool") {
        "the platform has no boolean columns: a yes or no is kept as an int or as a text"
    } else if is_spelled(field_type, "u64") || is_spelled(field_type, "usize") || is_spelled(field_type, "isize") {
        "an integer column holds 64 bits with a sign: write `i64`"
    } else if is_spelled(field_type, "str") || matches!(field_type, Type::Reference(_)) {
        "a row owns its cells: write `String`"
    } else {
        "not a column's type: write String, i8 to i64, u8 to u32, f32, f64, DateTime or an Option of one, or say what a type of another name holds: `#[column(type = \"float\")]`"
    };
    syn::Error::new(span, message)
}
