//! Parses a declaration: the source, and a column for each field. Reports every mistake, not only
//! the first.

use proc_macro2::Span;
use serenytics_query::problem::Code;
use serenytics_query::schema::{Column, ColumnKind, Schema, SourceRef};
use serenytics_query::schema_file::{is_formula, is_separator, joined_name};
use serenytics_query::suggest::{listed, nearest};
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::COUNT_COLUMN;
use syn::{Data, DeriveInput, Fields, LitStr, Type};

use super::file::File;
use super::formula::formula_text;
use crate::attributes::{items, misplaced, repeated};
use crate::field_type::{is_reported, is_spelled, without_option};

/// A source as declared by a struct; invalid fields are left out.
pub(super) struct Declaration<'a> {
    pub(super) input: &'a DeriveInput,
    /// The path of the crate `serenytics`.
    pub(super) krate: syn::Path,
    pub(super) schema: Schema,
    /// The fields of the schema's columns, in the same order; empty if a file declares the columns.
    pub(super) fields: Vec<&'a syn::Field>,
    /// The file that declares the columns.
    pub(super) file: Option<File>,
    /// The spans of the formulas of the schema's columns.
    pub(super) formulas: Vec<Option<Span>>,
    /// Whether rustc reports the type of a field.
    pub(super) is_reported: bool,
}

/// The Rust types that define a column type by their name.
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

/// Types of other crates, whose paths the generated code does not know.
const FOREIGN_TYPES: &[(&str, ColumnType)] =
    &[("NaiveDateTime", ColumnType::DateTime), ("PrimitiveDateTime", ColumnType::DateTime)];

pub(super) fn declaration(input: &DeriveInput) -> (Declaration<'_>, Vec<syn::Error>) {
    let mut errors = Vec::new();
    let attributes = source_attributes(input, &mut errors);
    if !input.generics.params.is_empty() {
        let message = "a data source has fixed columns: remove the generic parameters";
        errors.push(error_on(Code::SourceStruct, &input.generics, message));
    }
    if let Some(path) = &attributes.file {
        return file_declaration(input, attributes.krate.clone(), path, errors);
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut fields = Vec::new();
    let mut formulas = Vec::new();
    // The type of a field may be a parameter, so only the parameters are reported.
    let is_generic = !input.generics.params.is_empty();
    let all: Vec<_> = named_fields(input, &mut errors).filter(|_| !is_generic).collect();
    let mut is_reported = false;
    for (index, field) in all.iter().enumerate() {
        if self::is_reported(&field.ty, index + 1 == all.len()) {
            is_reported = true;
            continue;
        }
        let Some((column, formula)) = column(field, &mut errors) else { continue };
        if let Some(other) = columns.iter().find(|other| other.wire == column.wire) {
            let message = format!(
                "the column \"{}\" is declared twice, by `{}` and by `{}`",
                column.wire, other.name, column.name
            );
            errors.push(coded(Code::DuplicateColumn, syn::Error::new_spanned(&field.ident, message)));
            continue;
        }
        columns.push(column);
        fields.push(*field);
        formulas.push(formula);
    }
    let schema = Schema { source: attributes.source, columns };
    (Declaration { input, krate: attributes.krate, schema, fields, file: None, formulas, is_reported }, errors)
}

/// A source whose columns a file declares: its struct has no fields.
fn file_declaration<'a>(
    input: &'a DeriveInput,
    krate: syn::Path,
    path: &LitStr,
    mut errors: Vec<syn::Error>,
) -> (Declaration<'a>, Vec<syn::Error>) {
    if !matches!(&input.data, Data::Struct(data) if matches!(data.fields, Fields::Unit)) {
        let message = "the file declares the columns: write the struct without fields, `pub struct Sales;`";
        errors.push(coded(Code::SourceStruct, syn::Error::new_spanned(&input.ident, message)));
    }
    let (file, schema) = match File::read(path) {
        Ok((file, schema)) => {
            if schema.columns.is_empty() {
                let message = format!("`{}` declares no columns", path.value());
                errors.push(coded(Code::SchemaFile, syn::Error::new(path.span(), message)));
            }
            (Some(file), schema)
        }
        Err((file, messages)) => {
            let error = |message| coded(Code::SchemaFile, syn::Error::new(path.span(), message));
            errors.extend(messages.into_iter().map(error));
            (file, Schema { source: SourceRef::Name(input.ident.to_string().into()), columns: Vec::new() })
        }
    };
    let (fields, formulas) = (Vec::new(), Vec::new());
    (Declaration { input, krate, schema, fields, file, formulas, is_reported: false }, errors)
}

/// An error on all of some tokens, with its code.
pub(crate) fn error_on(code: Code, tokens: impl quote::ToTokens, message: impl std::fmt::Display) -> syn::Error {
    syn::Error::new_spanned(tokens, format!("{message} [{code}]"))
}

/// An error of the derive with its code, on its first token.
pub(crate) fn coded(code: Code, error: syn::Error) -> syn::Error {
    let with_code = |error: syn::Error| syn::Error::new(error.span(), format!("{error} [{code}]"));
    let mut errors = error.into_iter().map(with_code);
    let first = errors.next().unwrap_or_else(|| syn::Error::new(Span::call_site(), code.to_string()));
    errors.fold(first, |mut all, error| {
        all.combine(error);
        all
    })
}

struct SourceAttributes {
    source: SourceRef,
    krate: syn::Path,
    file: Option<LitStr>,
}

fn source_attributes(input: &DeriveInput, errors: &mut Vec<syn::Error>) -> SourceAttributes {
    let mut source = None;
    let mut file: Option<LitStr> = None;
    let mut krate: Option<syn::Path> = None;
    for attribute in &input.attrs {
        if attribute.path().is_ident("column") {
            let message = "`column` describes a field: write it before a field, and `#[source(..)]` before the struct";
            errors.push(misplaced(attribute, message));
        }
        if !attribute.path().is_ident("source") {
            continue;
        }
        items(attribute, errors, |meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match key.as_str() {
                "name" | "uuid" => {
                    let text = wire_text(&meta.value()?.parse()?)?;
                    if source.is_some() || file.is_some() {
                        return Err(meta.error("write only one of `name`, `uuid` and `file`"));
                    }
                    let reference = if key == "name" { SourceRef::Name } else { SourceRef::Uuid };
                    source = Some(reference(text.into()));
                }
                "file" => {
                    let path = meta.value()?.parse()?;
                    if source.is_some() || file.is_some() {
                        return Err(meta.error(
                            "the file contains the source's name: write only one of `name`, `uuid` and `file`",
                        ));
                    }
                    file = Some(path);
                }
                "crate" if krate.is_some() => return Err(repeated(&meta, "crate")),
                "crate" => krate = Some(meta.value()?.parse()?),
                _ => return Err(unknown_key(&meta.path, &key, &["name", "uuid", "file", "crate"])),
            }
            Ok(())
        });
    }
    let krate = krate.unwrap_or_else(|| syn::parse_quote!(::serenytics));
    let source = source.unwrap_or_else(|| {
        if errors.is_empty() && file.is_none() {
            let message = "name the source: add `#[source(name = \"sales\")]`, `#[source(uuid = \"..\")]` or `#[source(file = \"..\")]`";
            errors.push(coded(Code::SourceAttribute, syn::Error::new_spanned(&input.ident, message)));
        }
        SourceRef::Name(input.ident.to_string().into())
    });
    SourceAttributes { source, krate, file }
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
    // For a struct without fields that names a file, the errors of its attributes are already
    // reported.
    if fields.is_none() && errors.is_empty() {
        let message = "a data source must be a struct with a named field for each column";
        errors.push(coded(Code::SourceStruct, syn::Error::new_spanned(&input.ident, message)));
    }
    fields.into_iter().flatten()
}

/// The attributes of a field.
#[derive(Default)]
struct ColumnAttributes {
    name: Option<String>,
    column_type: Option<ColumnType>,
    kind: ColumnKind,
    /// The uuid of the source that a joined column is stored in.
    join: Option<String>,
    /// The formula of a measure.
    measure: Option<String>,
    /// The span of the formula of a measure or of a value formula.
    formula: Option<Span>,
}

fn column(field: &syn::Field, errors: &mut Vec<syn::Error>) -> Option<(Column, Option<Span>)> {
    let ident = field.ident.as_ref()?;
    let mut attributes = ColumnAttributes::default();
    let before = errors.len();
    for attribute in &field.attrs {
        if attribute.path().is_ident("source") {
            let message = "`source` describes the struct: write `#[column(..)]` before a field";
            errors.push(misplaced(attribute, message));
        }
        if attribute.path().is_ident("column") {
            items(attribute, errors, |meta| column_attribute(&meta, &mut attributes));
        }
    }
    let (inner, nullable) = without_option(&field.ty);
    let own_type = RUST_TYPES.iter().find(|(name, _)| is_spelled(inner, name));
    let spelled = own_type.or_else(|| FOREIGN_TYPES.iter().find(|(name, _)| is_spelled(inner, name)));
    let column_type = match (spelled, attributes.column_type) {
        (Some((name, spelled)), Some(declared)) if *spelled != declared => {
            let message = format!(
                "the type `{name}` belongs to a column of type `{spelled}`, but the attribute says `{declared}`"
            );
            errors.push(error_on(Code::ColumnType, inner, message));
            None
        }
        (Some((_, spelled)), None) => Some(*spelled),
        (_, Some(declared)) => Some(declared),
        (None, None) => {
            if errors.len() == before {
                errors.push(error_on(Code::ColumnType, inner, unknown_type(inner)));
            }
            None
        }
    };
    let column_type = column_type?;
    if attributes.kind == ColumnKind::Formula && !attributes.name.as_deref().is_some_and(is_formula) {
        let message = "add the formula: `#[column(formula = \"sum([total]) / count()\")]`";
        errors.push(coded(Code::SourceAttribute, syn::Error::new(ident.span(), message)));
        return None;
    }
    if attributes.kind == ColumnKind::Formula && !column_type.is_numeric() {
        let message = "a value formula is numeric: use an integer type, `f32` or `f64`";
        errors.push(error_on(Code::ColumnType, inner, message));
        return None;
    }
    let name = ident.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name).to_owned();
    let column = Column {
        wire: joined_name(attributes.join.as_deref(), attributes.name.as_deref().unwrap_or(&name)),
        name,
        column_type,
        nullable,
        kind: attributes.kind,
        rust_type: own_type.map_or_else(String::new, |(name, _)| (*name).to_owned()),
        formula: attributes.measure,
    };
    Some((column, attributes.formula))
}

fn column_attribute(meta: &syn::meta::ParseNestedMeta<'_>, attributes: &mut ColumnAttributes) -> syn::Result<()> {
    let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
    match key.as_str() {
        "name" => {
            set_name(meta, attributes)?;
        }
        "type" => {
            let word: LitStr = meta.value()?.parse()?;
            let column_type = ColumnType::from_word(&word.value()).ok_or_else(|| {
                let types = listed(ColumnType::words());
                syn::Error::new(word.span(), format!("unknown column type `{}`; the types are {types}", word.value()))
            })?;
            if attributes.column_type.is_some() {
                return Err(repeated(meta, "type"));
            }
            attributes.column_type = Some(column_type);
        }
        "measure" => {
            set_kind(meta, attributes, ColumnKind::Measure)?;
            if meta.input.peek(syn::Token![=]) {
                let formula: LitStr = meta.value()?.parse()?;
                attributes.measure = Some(formula_text(&formula)?);
                attributes.formula = Some(formula.span());
            }
        }
        "formula" => {
            set_kind(meta, attributes, ColumnKind::Formula)?;
            if meta.input.peek(syn::Token![=]) {
                attributes.formula = Some(set_name(meta, attributes)?);
            }
        }
        "join" => {
            set_kind(meta, attributes, ColumnKind::Joined)?;
            attributes.join = Some(wire_text(&meta.value()?.parse()?)?);
        }
        _ => return Err(unknown_key(&meta.path, &key, &["name", "type", "measure", "formula", "join"])),
    }
    Ok(())
}

/// Sets the name on the wire and returns its span. A second name would replace the first, which may be a formula.
fn set_name(meta: &syn::meta::ParseNestedMeta<'_>, attributes: &mut ColumnAttributes) -> syn::Result<Span> {
    let literal: LitStr = meta.value()?.parse()?;
    let name = wire_text(&literal)?;
    if attributes.name.is_some() {
        let message = match attributes.kind {
            ColumnKind::Formula => {
                "a value formula has no other name on the platform: write only one of `name` and `formula`"
            }
            _ => "the column's name is repeated: write it once",
        };
        return Err(syn::Error::new_spanned(&meta.path, message));
    }
    attributes.name = Some(name);
    Ok(literal.span())
}

fn set_kind(
    meta: &syn::meta::ParseNestedMeta<'_>,
    attributes: &mut ColumnAttributes,
    kind: ColumnKind,
) -> syn::Result<()> {
    if attributes.kind == kind {
        return Err(repeated(meta, &meta.path.get_ident().map(ToString::to_string).unwrap_or_default()));
    }
    if attributes.kind != ColumnKind::Stored {
        return Err(meta.error("write only one of `measure`, `formula` and `join`"));
    }
    attributes.kind = kind;
    Ok(())
}

fn unknown_key(path: &syn::Path, key: &str, known: &[&str]) -> syn::Error {
    let message = match nearest(key, known.iter().copied()) {
        Some(near) => format!("unknown attribute `{key}`; did you mean `{near}`?"),
        None => format!("unknown attribute `{key}`; the attributes are {}", listed(known.iter().copied())),
    };
    syn::Error::new_spanned(path, message)
}

/// Parses a wire name. The encoded schema separates names by control characters, so a name cannot
/// contain one.
fn wire_text(text: &LitStr) -> syn::Result<String> {
    let value = text.value();
    if value.is_empty() {
        return Err(syn::Error::new(text.span(), "a name must have at least one character"));
    }
    if value == COUNT_COLUMN {
        return Err(syn::Error::new(text.span(), "this is the platform's name for the number of rows: use `count()`"));
    }
    if value.contains(is_separator) {
        return Err(syn::Error::new(text.span(), "a name must not contain control characters"));
    }
    Ok(value)
}

/// Returns the column type of a Rust type that is known by its name.
pub(crate) fn known_type(field_type: &Type) -> Option<ColumnType> {
    let known = RUST_TYPES.iter().chain(FOREIGN_TYPES).find(|(name, _)| is_spelled(field_type, name));
    known.map(|(_, column_type)| *column_type)
}

fn unknown_type(field_type: &Type) -> &'static str {
    if is_spelled(field_type, "bool") {
        "the platform has no boolean columns: use an integer or a `String`"
    } else if is_spelled(field_type, "u64") || is_spelled(field_type, "usize") || is_spelled(field_type, "isize") {
        "an integer column has 64 bits with a sign: write `i64`"
    } else if is_spelled(field_type, "str") || matches!(field_type, Type::Reference(_)) {
        "a row owns its cells: write `String`"
    } else {
        "not a column type: use `String`, `i8` to `i64`, `u8` to `u32`, `f32`, `f64`, `DateTime` or an `Option` of one; for an alias, or an enum or a newtype that derives `ColumnValue`, add the type of its values: `#[column(type = \"str\")]`"
    }
}
