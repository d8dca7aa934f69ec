//! What a right query expands to: its run-time values, its row struct, its JSON and its shape.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use serenytics_query::check::Checked;
use serenytics_query::lower;
use serenytics_query::parse::Parsed;
use serenytics_query::query::{Part, Template};
use serenytics_query::schema::SourceRef;
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::stage::{ConditionOperand, Hole, Limit, Stage, Value};
use serenytics_query::vocabulary::{ColumnType, TimeSlot};

use super::{Input, errors, row};

pub(super) fn expand(input: &Input, parsed: &Parsed, checked: &Checked) -> TokenStream {
    let Some(template) = lower(&input.schema, &parsed.stage, checked) else {
        return errors::one(input.tokens.start(), "this query cannot be written as JSON");
    };
    let krate = &input.krate;
    let span = Span::mixed_site().located_at(input.tokens.start());
    let name = row_name(input, parsed, span);
    let fields = row::fields(input, parsed, checked);
    let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
    let types: Vec<_> = fields.iter().map(|(_, field_type)| field_type).collect();
    let documentation = checked.shape.iter().map(row::documentation);
    let shape = checked.shape.iter().map(|column| shape_column(krate, column));
    let source = source(krate, &input.schema.source);
    let reader = quote!(|cells| ::core::result::Result::Ok(#name { #(#names: cells.next()?),* }));
    let shape = quote! {
        {
            const SHAPE: &[#krate::__private::OutputColumn] = &[#(#shape),*];
            #krate::__private::Cow::Borrowed(SHAPE)
        }
    };
    let values = values(input, &parsed.stage);
    let made = if values.is_empty() {
        let json = template.render(&[]);
        quote!(#krate::Query::<#name>::fixed(#source, #json, #shape, #reader))
    } else {
        let template = template_constant(krate, &template);
        let arguments: Vec<_> = (0..values.len()).map(|index| value_name(index, span)).collect();
        quote!(#krate::Query::<#name>::with_values(#source, #template, &[#(#arguments),*], #shape, #reader))
    };
    let arguments = (0..values.len()).map(|index| value_name(index, span));
    // Items are not hygienic: the user's expressions stand outside the block that declares the row.
    quote_spanned! {span=>
        match (#(#values,)*) {
            (#(#arguments,)*) => {
                #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
                #[allow(dead_code, missing_docs)]
                pub struct #name { #(#[doc = #documentation] pub #names: #types,)* }
                #made
            }
        }
    }
}

/// The row struct's name: `Row`, unless a source on the query's path is called that.
fn row_name(input: &Input, parsed: &Parsed, span: Span) -> Ident {
    let path = input.tokens.trees(&parsed.from).to_string();
    let taken = path.split(|c: char| !c.is_alphanumeric() && c != '_').any(|segment| segment == "Row");
    Ident::new(if taken { "QueryRow" } else { "Row" }, span)
}

fn value_name(index: usize, span: Span) -> Ident {
    format_ident!("value_{index}", span = span)
}

fn source(krate: &TokenStream, source: &SourceRef) -> TokenStream {
    match source {
        SourceRef::Name(name) => quote!(#krate::__private::named(#name)),
        SourceRef::Uuid(uuid) => quote!(#krate::__private::with_uuid(#uuid)),
    }
}

fn shape_column(krate: &TokenStream, column: &OutputColumn) -> TokenStream {
    let OutputColumn { name, origin, output_type, nullable, bare } = column;
    let ident = |text: String| Ident::new(&text, Span::call_site());
    let output_type = match output_type {
        OutputType::Column(column_type) => {
            let variant = ident(variant(*column_type));
            quote!(Column(#krate::__private::ColumnType::#variant))
        }
        OutputType::Slot(slot) => {
            let variant = ident(variant(*slot));
            quote!(Slot(#krate::__private::TimeSlot::#variant))
        }
    };
    quote! {
        #krate::__private::OutputColumn::fixed(#name, #origin, #krate::__private::OutputType::#output_type, #nullable, #bare)
    }
}

/// The variant's name of a value of a fieldless enum, which is what its `Debug` prints.
fn variant<T: Variant>(value: T) -> String {
    format!("{value:?}")
}

/// The enums whose values are written into the expansion by their variants' names.
trait Variant: std::fmt::Debug {}
impl Variant for ColumnType {}
impl Variant for TimeSlot {}

fn template_constant(krate: &TokenStream, template: &Template) -> TokenStream {
    let part = |part: &Part| match part {
        Part::Text(text) => quote!(#krate::__private::Part::Text(#krate::__private::Cow::Borrowed(#text))),
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
        {
            const TEMPLATE: &#krate::__private::Template = &#krate::__private::Template {
                head: #krate::__private::Cow::Borrowed(#head),
                conditions: #krate::__private::Cow::Borrowed(&[#(#conditions),*]),
                limit: #limit,
            };
            TEMPLATE
        }
    }
}

/// How a run-time value is used.
enum Use {
    Scalar(Option<ColumnType>),
    Element(Option<ColumnType>),
    List(Option<ColumnType>),
    Limit,
}

/// The query's run-time values, each checked against its column's type, in the order of their indices. A value whose place was refused
/// stays an expression.
pub(super) fn values(input: &Input, stage: &Stage) -> Vec<TokenStream> {
    let uses = uses(input, stage);
    let holes = input.tokens.holes.iter().enumerate();
    holes
        .map(|(index, group)| match uses.iter().find(|(hole, _)| hole.index == index) {
            Some((hole, used)) => value(input, group, *hole, used),
            None => {
                let expression = expression(group);
                quote!(&#expression)
            }
        })
        .collect()
}

fn uses(input: &Input, stage: &Stage) -> Vec<(Hole, Use)> {
    let mut uses = Vec::new();
    for condition in &stage.conditions {
        let column_type = input.schema.column(&condition.column.text).map(|(_, column)| column.column_type);
        match &condition.operand {
            ConditionOperand::Scalar(Value::Hole(hole)) => uses.push((*hole, Use::Scalar(column_type))),
            ConditionOperand::ListHole(hole) => uses.push((*hole, Use::List(column_type))),
            ConditionOperand::List(values, _) => uses.extend(values.iter().filter_map(|value| match value {
                Value::Hole(hole) => Some((*hole, Use::Element(column_type))),
                Value::Literal(..) => None,
            })),
            ConditionOperand::Scalar(Value::Literal(..)) | ConditionOperand::None => {}
        }
    }
    if let Some(Limit::Hole(hole)) = stage.limit {
        uses.push((hole, Use::Limit));
    }
    uses
}

fn value(input: &Input, group: &Group, hole: Hole, used: &Use) -> TokenStream {
    let krate = &input.krate;
    let span = group.span();
    let expression = expression(group);
    let (function, column_type, by_value) = match (used, hole.optional) {
        (Use::Scalar(column_type), false) => ("scalar", *column_type, false),
        (Use::Scalar(column_type), true) => ("optional", *column_type, false),
        (Use::Element(column_type), _) => ("element", *column_type, false),
        (Use::List(column_type), false) => ("list", *column_type, true),
        (Use::List(column_type), true) => ("optional_list", *column_type, true),
        (Use::Limit, optional) => {
            let function = if optional { "optional_limit" } else { "limit" };
            let function = Ident::new(function, Span::mixed_site().located_at(span));
            return quote_spanned!(span=> #krate::value::#function(&#expression));
        }
    };
    let Some(column_type) = column_type else { return quote_spanned!(span=> &#expression) };
    let module = Ident::new(column_type.value_module(), Span::mixed_site().located_at(span));
    let function = Ident::new(function, Span::mixed_site().located_at(span));
    let argument = if by_value { expression } else { quote_spanned!(span=> &#expression) };
    quote_spanned!(span=> #krate::value::#module::#function(#argument))
}

/// `{expression}` without its braces, as one expression that stands where the braces stood.
pub(super) fn expression(group: &Group) -> TokenStream {
    let mut expression = Group::new(Delimiter::None, group.stream());
    expression.set_span(group.span());
    TokenTree::Group(expression).into()
}
