//! The formulas of a declaration: each mistake in one is an error on its literal, and a field whose type does not fit its
//! formula is an error on the type.

use serenytics_query::formulas::{DeclaredIn, FormulaProblem, check_formulas};
use serenytics_query::problem::Code;
use serenytics_query::schema_file::is_separator;
use syn::{Data, Expr, Field, Lit, LitStr};

use super::parse::Declaration;

/// Returns the errors of the declared formulas.
pub(super) fn errors(declaration: &Declaration<'_>) -> Vec<syn::Error> {
    let Declaration { schema, file, .. } = declaration;
    let place = if file.is_some() { DeclaredIn::File } else { DeclaredIn::Struct };
    let problems = check_formulas(schema, &invalid_names(declaration), place);
    problems.iter().filter_map(|found| error(declaration, found)).collect()
}

fn error(declaration: &Declaration<'_>, found: &FormulaProblem) -> Option<syn::Error> {
    let FormulaProblem { column, problem } = found;
    let Declaration { schema, fields, formulas, file, .. } = declaration;
    if let Some(file) = file {
        let name = &schema.columns.get(*column)?.name;
        return Some(syn::Error::new(file.span, format!("column `{name}` of the file: {problem}")));
    }
    match problem.code {
        Code::FormulaType => Some(syn::Error::new_spanned(&fields.get(*column)?.ty, problem)),
        _ => Some(syn::Error::new((*formulas.get(*column)?)?, problem)),
    }
}

/// Returns the names of the fields that are not columns because their declarations have errors: those of the fields, and
/// all that their attributes contain.
fn invalid_names(declaration: &Declaration<'_>) -> Vec<String> {
    let Data::Struct(data) = &declaration.input.data else { return Vec::new() };
    let is_column = |field: &&Field| declaration.fields.iter().any(|column| std::ptr::eq(*column, *field));
    data.fields.iter().filter(|field| !is_column(field)).flat_map(names).collect()
}

fn names(field: &Field) -> Vec<String> {
    let mut names: Vec<String> = field.ident.iter().map(ToString::to_string).collect();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("column")) {
        // A wrong attribute may not be a list of names and values; its own error is reported.
        let _ = attribute.parse_nested_meta(|meta| {
            if let Expr::Lit(literal) = meta.value()?.parse()?
                && let Lit::Str(text) = literal.lit
            {
                names.push(text.value());
            }
            Ok(())
        });
    }
    names
}

/// Returns the text of a measure's formula. The encoded schema separates texts by control characters.
pub(super) fn formula_text(literal: &LitStr) -> syn::Result<String> {
    let text = literal.value();
    if text.trim().is_empty() {
        let message = "the formula is empty: write one such as `[price] - [cost]`, or `measure` without a value for a \
                       measure whose formula is only on the server";
        return Err(syn::Error::new(literal.span(), message));
    }
    if text.contains(is_separator) {
        return Err(syn::Error::new(literal.span(), "a formula must not contain control characters"));
    }
    Ok(text)
}
