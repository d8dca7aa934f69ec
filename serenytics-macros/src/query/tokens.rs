//! Converts the compiler's tokens to the language's. A position is an index into the original
//! tokens.

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};
use serenytics_query::stage::Position;
use serenytics_query::token::{RawLiteral, Token, TokenKind};

/// Returns the empty span right before some code. Generated names are placed before or after the
/// user's code: an editor shows the names at a position together with the code there.
pub(super) fn before(span: Span) -> Span {
    span.unwrap().start().into()
}

/// Returns the empty span right after some code.
pub(super) fn after(span: Span) -> Span {
    span.unwrap().end().into()
}

/// A query's tokens, its run-time values, and their spans.
pub(super) struct Tokens {
    pub(super) tokens: Vec<Token>,
    /// The `{expression}`s, in their order.
    pub(super) placeholders: Vec<Group>,
    /// Every token of the query, by position.
    trees: Vec<TokenTree>,
}

impl Tokens {
    pub(super) fn new(stream: TokenStream) -> Tokens {
        let mut tokens = Tokens { tokens: Vec::new(), placeholders: Vec::new(), trees: Vec::new() };
        tokens.tokens = tokens.convert(stream);
        tokens
    }

    /// The span of the token at a position.
    pub(super) fn span(&self, position: Position) -> Span {
        self.tree(position).or(self.trees.last()).map_or_else(Span::call_site, TokenTree::span)
    }

    /// The token at a position.
    pub(super) fn tree(&self, position: Position) -> Option<&TokenTree> {
        self.trees.get(position.0 as usize)
    }

    /// The last position of the punctuation that begins at a position and has no spaces inside,
    /// without the sign of a number after it. The same position for any other token.
    pub(super) fn end_of_run(&self, start: Position) -> Position {
        let mut end = start;
        while let Some(TokenTree::Punct(punct)) = self.tree(end)
            && punct.spacing() == Spacing::Joint
            && let next = Position(end.0 + 1)
            && let Some(TokenTree::Punct(punct)) = self.tree(next)
            && !matches!(punct.as_char(), ',' | '-' | '+' | '.')
        {
            end = next;
        }
        end
    }

    /// The tokens at some positions.
    pub(super) fn trees(&self, positions: &[Position]) -> TokenStream {
        positions.iter().filter_map(|position| self.tree(*position)).cloned().collect()
    }

    /// The position of the last token, where problems at the end of a query are reported.
    pub(super) fn end(&self) -> Position {
        Position(u32::try_from(self.trees.len().saturating_sub(1)).unwrap_or(u32::MAX))
    }

    /// The span of the query's first token.
    pub(super) fn start(&self) -> Span {
        self.span(Position(0))
    }

    fn convert(&mut self, stream: TokenStream) -> Vec<Token> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut trees = stream.into_iter().peekable();
        while let Some(tree) = trees.next() {
            // A fragment of a user's `macro_rules!` is in a group without delimiters; its tokens
            // belong to the query.
            if let TokenTree::Group(group) = &tree
                && group.delimiter() == Delimiter::None
            {
                tokens.extend(self.convert(group.stream()));
                continue;
            }
            let position = Position(u32::try_from(self.trees.len()).unwrap_or(u32::MAX));
            self.trees.push(tree.clone());
            let joint = is_joint(&tree, trees.peek());
            let kind = self.kind(tree);
            tokens.push(Token { kind, position, joint });
        }
        tokens
    }

    fn kind(&mut self, tree: TokenTree) -> TokenKind {
        match tree {
            TokenTree::Ident(ident) => {
                let text = ident.to_string();
                match text.strip_prefix("r#") {
                    Some(text) => TokenKind::Ident { text: text.to_owned(), raw: true },
                    None => TokenKind::Ident { text, raw: false },
                }
            }
            TokenTree::Punct(punct) => TokenKind::Punct(punct.as_char()),
            TokenTree::Literal(literal) => TokenKind::Literal(RawLiteral::parse(&literal.to_string())),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                self.placeholders.push(group);
                TokenKind::Placeholder(self.placeholders.len() - 1)
            }
            TokenTree::Group(group) => {
                let open = if group.delimiter() == Delimiter::Bracket { '[' } else { '(' };
                TokenKind::Group { open, tokens: self.convert(group.stream()) }
            }
        }
    }
}

/// Returns true if a token follows a punctuation character without a space. The compiler says so
/// for punctuation; for the `in` of `!in`, compare the positions.
fn is_joint(tree: &TokenTree, next: Option<&TokenTree>) -> bool {
    let TokenTree::Punct(punct) = tree else { return false };
    match next {
        Some(TokenTree::Ident(next)) if punct.as_char() == '!' => {
            let (end, start) = (punct.span().unwrap().end(), next.span().unwrap().start());
            (end.line(), end.column()) == (start.line(), start.column())
        }
        _ => punct.spacing() == Spacing::Joint,
    }
}
