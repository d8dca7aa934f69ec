//! The expansion of a valid query: its run-time values, its row struct, its JSON and its shape.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use serenytics_query::check::Checked;
use serenytics_query::parse::Parsed;
use serenytics_query::query::{Part, Template};
use serenytics_query::schema::{Column, SourceRef};
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::stage::{ConditionOperand, Limit, Placeholder, Stage, Value};
use serenytics_query::{lower, measures};

use super::row::{Row, wide_type};
use super::tokens::{after, before};
use super::{Input, errors};

/// The query's value.
pub(super) fn value_of(input: &Input, parsed: &Parsed, checked: &Checked, row: &Row) -> TokenStream {
    let Some(template) = lower(&input.schema, &parsed.stage, checked) else {
        return errors::one(input.tokens.start(), "this query cannot be written as JSON");
    };
    let krate = &input.krate_at(input.before);
    let Row { name, reader, .. } = row;
    let shape = checked.shape.iter().map(|column| shape_column(krate, column));
    let source = source(krate, &input.schema.source);
    let shape = quote!(#krate::__private::Cow::Borrowed(const { &[#(#shape),*] }));
    let measures = measures(&input.schema, &parsed.stage, checked);
    let measures = quote!(#krate::__private::Cow::Borrowed(&[#(#krate::__private::Cow::Borrowed(#measures)),*]));
    let values = input.tokens.placeholders.len();
    if values == 0 {
        let json = template.render(&[]);
        quote!(#krate::Query::<#name>::fixed(#source, #json, #shape, #reader, #measures))
    } else {
        let template = template_constant(krate, &template);
        quote!(#krate::__private::Unrendered::<#name>::new(#source, #template, #shape, #reader, #measures))
    }
}

/// Puts the run-time values before the row and the query's value. Items are not hygienic, so the
/// user's expressions must be outside the block that declares the row.
pub(super) fn around(input: &Input, parsed: &Parsed, item: &TokenStream, body: &TokenStream) -> TokenStream {
    let values = values(input, parsed);
    if values.is_empty() {
        return quote!(#item #body);
    }
    let span = input.site(input.before);
    let krate = input.krate_at(input.before);
    quote_spanned! {span=>
        #krate::Query::with_values(&[#(#values),*], { #item #body })
    }
}

fn source(krate: &TokenStream, source: &SourceRef) -> TokenStream {
    match source {
        SourceRef::Name(name) => quote!(#krate::__private::named(#name)),
        SourceRef::Uuid(uuid) => quote!(#krate::__private::with_uuid(#uuid)),
    }
}

fn shape_column(krate: &TokenStream, column: &OutputColumn) -> TokenStream {
    let OutputColumn { name, origin, output_type, nullable, bare } = column;
    let ident = |text: &str| Ident::new(text, Span::mixed_site());
    match output_type {
        OutputType::Column(column_type) => {
            let of = ident(column_type.word());
            quote!(#krate::__private::OutputColumn::#of(#name, #origin, #nullable, #bare))
        }
        OutputType::Slot(slot) => {
            // The name of the variant.
            let slot = ident(&format!("{slot:?}"));
            quote!(#krate::__private::OutputColumn::slot(#name, #origin, #krate::__private::TimeSlot::#slot, #nullable))
        }
    }
}

fn template_constant(krate: &TokenStream, template: &Template) -> TokenStream {
    let part = |part: &Part| match part {
        Part::Text(text) => quote!(#krate::__private::Part::text(#text)),
        Part::Value(index) => quote!(#krate::__private::Part::Value(#index)),
    };
    let head = &template.head;
    let conditions = template.conditions.iter().map(|parts| {
        let parts = parts.iter().map(part);
        quote!(#krate::__private::Cow::Borrowed(&[#(#parts),*]))
    });
    let limit = match template.limit.as_ref().map(part) {
        Some(limit) => quote!(::core::option::Option::Some(#limit)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        const {
            &#krate::__private::Template {
                head: #krate::__private::Cow::Borrowed(#head),
                conditions: #krate::__private::Cow::Borrowed(&[#(#conditions),*]),
                limit: #limit,
            }
        }
    }
}

/// The use of a run-time value.
enum Use<'a> {
    Scalar(Option<&'a Column>),
    Element(Option<&'a Column>),
    List(Option<&'a Column>),
    Filter,
    Limit,
}

/// Returns the query's run-time values in the order of their indices. Each is checked against its
/// column's type; a value whose condition is invalid remains a plain expression.
pub(super) fn values(input: &Input, parsed: &Parsed) -> Vec<TokenStream> {
    let uses = uses(input, &parsed.stage);
    let source = input.tokens.trees(&parsed.from);
    let placeholders = input.tokens.placeholders.iter().enumerate();
    placeholders
        .map(|(index, group)| match uses.iter().find(|(placeholder, _)| placeholder.index == index) {
            Some((placeholder, used)) => value(input, group, *placeholder, used, &source),
            None => {
                let expression = expression(group, input.site(group.span()));
                quote!(&#expression)
            }
        })
        .collect()
}

fn uses<'a>(input: &'a Input, stage: &Stage) -> Vec<(Placeholder, Use<'a>)> {
    let mut uses = Vec::new();
    for condition in &stage.conditions {
        let column = input.schema.column(&condition.column.text).map(|(_, column)| column);
        match &condition.operand {
            ConditionOperand::Scalar(Value::Placeholder(placeholder)) => uses.push((*placeholder, Use::Scalar(column))),
            ConditionOperand::ListPlaceholder(placeholder) => uses.push((*placeholder, Use::List(column))),
            ConditionOperand::List(values, _) => uses.extend(values.iter().filter_map(|value| match value {
                Value::Placeholder(placeholder) => Some((*placeholder, Use::Element(column))),
                Value::Literal(..) => None,
            })),
            ConditionOperand::Scalar(Value::Literal(..)) | ConditionOperand::None => {}
        }
    }
    uses.extend(stage.splices.iter().map(|placeholder| (*placeholder, Use::Filter)));
    if let Some(Limit::Placeholder(placeholder)) = stage.limit {
        uses.push((placeholder, Use::Limit));
    }
    uses
}

fn value(input: &Input, group: &Group, placeholder: Placeholder, used: &Use<'_>, source: &TokenStream) -> TokenStream {
    // The first and the last token of the path, and the punctuation, have the position of the
    // braces: rustc reports its errors there.
    let span = group.span();
    let krate = input.krate_at(before(span));
    let site = input.site(after(span));
    let braces = input.site(span);
    let mut expression = expression(group, braces);
    if diverges(group) {
        let of = type_of_value(&input.krate, used, placeholder.optional, source);
        expression = quote_spanned!(braces=> (#expression as #of));
    }
    let (column, form) = match used {
        Use::Limit => {
            let limit = Ident::new(if placeholder.optional { "limit_option" } else { "limit" }, site);
            let limit = quote_spanned!(site=> #krate::value::#limit);
            return quote_spanned!(braces=> #limit(&#expression));
        }
        Use::Filter => {
            let splice = Ident::new(if placeholder.optional { "splice_option" } else { "splice" }, site);
            let splice = quote_spanned!(site=> #krate::value::#splice::<#source>);
            return quote_spanned!(braces=> #splice(&#expression));
        }
        Use::Scalar(column) => (column, "scalar"),
        Use::Element(column) => (column, "element"),
        Use::List(column) => (column, "list"),
    };
    let Some(Column { name, column_type, .. }) = column else { return quote_spanned!(braces=> &#expression) };
    let option = if placeholder.optional { "_option" } else { "" };
    let rendered = Ident::new(&format!("{form}{option}"), site);
    let word = column_type.word();
    let function = |suffix: &str| {
        let function = Ident::new(&format!("{word}_{suffix}"), site);
        quote_spanned!(site=> #krate::value::#function)
    };
    let wire = match (used, placeholder.optional) {
        // A list is passed by value, because iterating it may consume it; everything else by
        // reference, so that nothing moves.
        (Use::List(_), false) => {
            let list = function("list");
            let method = Ident::new("serenytics_list", braces);
            let probe = quote_spanned!(site=> #krate::__private::ListProbe(#expression));
            let call = quote_spanned!(braces=> #list(#probe.#method()));
            quote_spanned!(site=> { use #krate::__private::AnyList as _; #call })
        }
        (Use::List(_), true) => {
            let list = function("list_option");
            quote_spanned!(braces=> #list(#expression))
        }
        (_, optional) => {
            let value = function(if optional { "option" } else { "value" });
            quote_spanned!(braces=> #value(&#expression))
        }
    };
    quote_spanned!(site=> #krate::__private::Rendered::#rendered(#wire).of(#name))
}

/// Returns a type of value that is valid for a use, for an expression without a type.
fn type_of_value(krate: &TokenStream, used: &Use<'_>, optional: bool, source: &TokenStream) -> TokenStream {
    let wide = |column: &Option<&Column>| match column {
        Some(column) => wide_type(krate, column.column_type),
        None => quote!(::core::primitive::i64),
    };
    let of = match used {
        Use::Scalar(column) | Use::Element(column) => wide(column),
        Use::List(column) => {
            let of = wide(column);
            quote!([#of; 0])
        }
        Use::Filter => quote!(#krate::builder::Filter<#source>),
        Use::Limit => quote!(::core::primitive::i64),
    };
    if optional { quote!(::core::option::Option<#of>) } else { of }
}

/// Replaces the braces of `{expression}` by parentheses of generated code, which lints ignore. Keeps
/// braces around statements.
pub(super) fn expression(group: &Group, site: Span) -> TokenStream {
    let delimiter = if has_statements(group) { Delimiter::Brace } else { Delimiter::Parenthesis };
    let mut expression = Group::new(delimiter, group.stream());
    expression.set_span(site.located_at(group.span()));
    TokenTree::Group(expression).into()
}

/// Words that begin a statement, or an expression that another one may follow without a semicolon.
const STATEMENTS: &[&str] = &[
    "let",
    "fn",
    "use",
    "const",
    "static",
    "struct",
    "enum",
    "impl",
    "mod",
    "trait",
    "type",
    "macro_rules",
    "extern",
    "if",
    "match",
    "for",
    "while",
    "loop",
    "unsafe",
];

fn has_statements(group: &Group) -> bool {
    let mut trees = group.stream().into_iter();
    let first = match trees.next() {
        Some(TokenTree::Ident(word)) => STATEMENTS.iter().any(|statement| word == statement),
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
        Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), '#' | '\'' | ';'),
        _ => false,
    };
    first || trees.any(|tree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ';'))
}

/// Returns true for an expression that does not return a value: `return`, `panic!()`, `todo!()`.
fn diverges(group: &Group) -> bool {
    let mut trees = group.stream().into_iter();
    let Some(TokenTree::Ident(word)) = trees.next() else { return false };
    match word.to_string().as_str() {
        "return" | "break" | "continue" => true,
        "panic" | "todo" | "unimplemented" | "unreachable" => {
            let is_call = matches!(trees.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
            is_call && trees.next().is_some() && trees.next().is_none()
        }
        _ => false,
    }
}
