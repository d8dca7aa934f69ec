//! The types of fields, as they are written.

use syn::{GenericArgument, PathArguments, Type};

/// Returns true for a type that rustc itself reports in a struct: `_`, `impl Trait`, a reference without a
/// lifetime, and, except in the last field, a type without a size. The derives do not report it again.
pub(crate) fn is_reported(field_type: &Type, is_last: bool) -> bool {
    match peeled(field_type) {
        Type::Infer(_) | Type::ImplTrait(_) => true,
        Type::Reference(reference) => reference.lifetime.is_none(),
        other => !is_last && is_unsized(other),
    }
}

/// Returns true for a type without a size.
pub(crate) fn is_unsized(field_type: &Type) -> bool {
    let field_type = peeled(field_type);
    matches!(field_type, Type::TraitObject(_) | Type::Slice(_)) || is_spelled(field_type, "str")
}

/// Returns the type inside `Option<..>`, and whether it was an `Option`.
pub(crate) fn without_option(field_type: &Type) -> (&Type, bool) {
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

/// Removes parentheses and the invisible groups of `macro_rules!` fragments from a type.
fn peeled(field_type: &Type) -> &Type {
    match field_type {
        Type::Group(group) => peeled(&group.elem),
        Type::Paren(paren) => peeled(&paren.elem),
        other => other,
    }
}

/// Returns true if the last segment of a type is this name.
pub(crate) fn is_spelled(field_type: &Type, name: &str) -> bool {
    matches!(field_type, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name && last.arguments.is_empty()))
}
