//! Caches the decoded schema of the last query's source: a crate has many queries over few sources,
//! and decoding is a large part of compiling a query.

use std::cell::RefCell;
use std::rc::Rc;

use proc_macro2::{Literal, TokenTree};
use serenytics_query::schema::{INVALID, INVALID_GENERIC, Schema, SourceRef};

thread_local! {
    /// The literal and its decoded schema.
    static LAST: RefCell<Option<(String, Rc<Schema>)>> = const { RefCell::new(None) };
}

/// Decodes the schema of a literal; `None` for any other literal.
pub(super) fn decoded(literal: Literal) -> Option<Rc<Schema>> {
    let text = literal.to_string();
    let known = LAST.with_borrow(|last| match last {
        Some((known, schema)) if *known == text => Some(Rc::clone(schema)),
        _ => None,
    });
    if known.is_some() {
        return known;
    }
    let literal: syn::LitStr = syn::parse2(TokenTree::from(literal).into()).ok()?;
    // The schema of an invalid declaration has no columns.
    let schema = match literal.value().as_str() {
        text @ (INVALID | INVALID_GENERIC) => {
            Schema { source: SourceRef::Name(text.to_owned().into()), columns: Vec::new() }
        }
        text => Schema::decode(text)?,
    };
    let schema = Rc::new(schema);
    LAST.set(Some((text, Rc::clone(&schema))));
    Some(schema)
}
