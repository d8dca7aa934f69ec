//! `query!`: tokens to a checked query. Parsing and checking are the language's; this is the way there and back.

mod entry;
mod errors;
mod expand;
mod row;
mod tokens;

use proc_macro2::{Span, TokenStream, TokenTree};
use serenytics_query::check::check;
use serenytics_query::parse::parse;
use serenytics_query::schema::Schema;

pub(crate) use entry::entry;
use tokens::Tokens;

/// What the second step is given: `"schema" [$crate] query`.
struct Input {
    schema: Schema,
    /// The path of the crate `serenytics`.
    krate: TokenStream,
    tokens: Tokens,
}

impl Input {
    /// The span of generated code that stands for the query's code at `span`. All of it has the context of `$crate`: an expression
    /// whose parts have several contexts would be told of as the whole `query!`.
    fn site(&self, span: Span) -> Span {
        self.krate.clone().into_iter().next().map_or_else(Span::mixed_site, |krate| krate.span()).located_at(span)
    }

    /// The path of the crate `serenytics`, located at `span`.
    fn krate_at(&self, span: Span) -> TokenStream {
        let site = self.site(span);
        let located = |mut tree: TokenTree| {
            tree.set_span(site);
            tree
        };
        self.krate.clone().into_iter().map(located).collect()
    }
}

pub(crate) fn compile(input: TokenStream) -> TokenStream {
    let Some(input) = read(input) else {
        let message = "write `query! { from Sales .. }`, where `Sales` derives `Source`";
        return errors::one(Span::call_site(), message);
    };
    let parsed = parse(&input.tokens.tokens, input.tokens.end());
    let mut problems = parsed.problems.clone();
    match check(&input.schema, &parsed.stage) {
        Ok(checked) if problems.is_empty() => {
            return expand::expand(&input, &parsed, &checked);
        }
        Ok(_) => {}
        Err(found) => problems.extend(found),
    }
    problems.sort_by_key(|problem| problem.position);
    errors::expand(&input, &parsed.stage, &problems)
}

fn read(input: TokenStream) -> Option<Input> {
    let mut trees = input.into_iter();
    let schema = match trees.next()? {
        TokenTree::Literal(literal) => literal,
        _ => return None,
    };
    let schema: syn::LitStr = syn::parse2(TokenTree::from(schema).into()).ok()?;
    let schema = Schema::decode(&schema.value())?;
    let TokenTree::Group(krate) = trees.next()? else { return None };
    Some(Input { schema, krate: krate.stream(), tokens: Tokens::new(trees.collect()) })
}
