//! The lexer of queries that are written as text: it produces the tokens that the compiler produces for `query!`.

use std::ops::Range;

use unicode_ident::{is_xid_continue, is_xid_start};

use super::problem::{Code, Problem};
use super::stage::Position;
use super::token::{RawLiteral, Token, TokenKind};

/// How deep groups may be nested. The grammar needs one level.
const MAX_DEPTH: usize = 64;

/// The tokens of a text.
#[derive(Debug, Clone, Default)]
pub struct Lexed {
    /// The tokens. A position is an index into `spans`.
    pub tokens: Vec<Token>,
    /// The bytes of each token. The last one is the end of the text.
    pub spans: Vec<Range<usize>>,
    /// The names in braces, in their order: `{least}`.
    pub parameters: Vec<String>,
    /// The mistakes that are no tokens.
    pub problems: Vec<Problem>,
}

impl Lexed {
    /// Splits a text into tokens. Continues after a mistake.
    #[must_use]
    pub fn new(text: &str) -> Lexed {
        let mut lexer = Lexer { text, at: 0, lexed: Lexed::default() };
        lexer.lexed.tokens = lexer.tokens(None, 0);
        lexer.lexed.spans.push(text.len()..text.len());
        lexer.lexed
    }

    /// The position of the end of the text.
    #[must_use]
    pub fn end(&self) -> Position {
        position(self.spans.len().saturating_sub(1))
    }

    /// Returns the bytes of the token at a position.
    #[must_use]
    pub fn span(&self, position: Position) -> Range<usize> {
        self.spans.get(position.0 as usize).or(self.spans.last()).cloned().unwrap_or_default()
    }
}

fn position(index: usize) -> Position {
    Position(u32::try_from(index).unwrap_or(u32::MAX))
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    lexed: Lexed,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Skips spaces and comments.
    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// Reads tokens up to the closing character of a group, or to the end of the text.
    fn tokens(&mut self, close: Option<char>, depth: usize) -> Vec<Token> {
        let mut tokens = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None => return tokens,
                Some(next) if Some(next) == close => return tokens,
                Some(next) => tokens.extend(self.token(next, depth)),
            }
        }
    }

    fn token(&mut self, first: char, depth: usize) -> Option<Token> {
        let (start, index) = (self.at, self.lexed.spans.len());
        // Tokens inside a group come after it.
        self.lexed.spans.push(start..start);
        let kind = match first {
            '"' => Some(self.string(index)),
            '`' => self.quoted_name(index),
            '{' => self.parameter(index),
            '(' | '[' => Some(self.group(first, index, depth)),
            ')' | ']' | '}' => {
                self.at += 1;
                self.problem(Code::Unexpected, index, format!("`{first}` does not close anything: remove it"));
                None
            }
            _ if first.is_ascii_digit() => Some(self.number()),
            _ if is_xid_start(first) || first == '_' => Some(self.word()),
            _ => {
                self.at += first.len_utf8();
                Some(TokenKind::Punct(first))
            }
        };
        if self.lexed.spans[index].is_empty() {
            self.lexed.spans[index] = start..self.at;
        }
        let kind = kind?;
        // As for the compiler's tokens, only what follows punctuation matters.
        let joint = matches!(kind, TokenKind::Punct(_)) && self.peek().is_some_and(|next| !next.is_whitespace());
        Some(Token { kind, position: position(index), joint })
    }

    fn problem(&mut self, code: Code, index: usize, message: String) {
        self.lexed.problems.push(Problem::new(code, position(index), message));
    }

    /// Reads an identifier, which may be raw: `r#limit`.
    fn word(&mut self) -> TokenKind {
        let raw = self.rest().starts_with("r#") && self.rest()[2..].starts_with(|c| is_xid_start(c) || c == '_');
        if raw {
            self.at += 2;
        }
        let text = self.take_while(is_xid_continue).to_owned();
        TokenKind::Ident { text, raw }
    }

    fn take_while(&mut self, accepted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !accepted(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// Reads a number, with a word that follows it without a space.
    fn number(&mut self) -> TokenKind {
        let start = self.at;
        let is_radix = ["0x", "0o", "0b"].iter().any(|prefix| self.rest().starts_with(prefix));
        self.take_while(|c| c.is_ascii_digit() || c == '_');
        if !is_radix {
            let rest = self.rest();
            let after_dot = rest.strip_prefix('.').and_then(|rest| rest.chars().next());
            if rest.starts_with('.') && !after_dot.is_some_and(|c| c == '.' || is_xid_start(c) || c == '_') {
                self.at += 1;
                self.take_while(|c| c.is_ascii_digit() || c == '_');
            }
            let rest = self.rest();
            let exponent = rest.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
            if let Some(digits) = exponent.filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit())) {
                self.at += rest.len() - digits.len();
                self.take_while(|c| c.is_ascii_digit() || c == '_');
            }
        }
        self.take_while(is_xid_continue);
        TokenKind::Literal(RawLiteral::parse(&self.text[start..self.at]))
    }

    /// Reads a string with the escapes of Rust, with a word that follows it without a space.
    fn string(&mut self, index: usize) -> TokenKind {
        let start = self.at;
        self.at += 1;
        let mut is_escaped = false;
        let end = self.rest().find(|c| {
            let closes = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            closes
        });
        let Some(end) = end else {
            self.at = self.text.len();
            self.problem(Code::BadLiteral, index, "the string is not closed: add `\"` at its end".to_owned());
            return TokenKind::Literal(RawLiteral::Text(self.text[start + 1..].to_owned()));
        };
        self.at += end + 1;
        self.take_while(is_xid_continue);
        TokenKind::Literal(RawLiteral::parse(&self.text[start..self.at]))
    }

    /// Reads a name in backquotes, which may contain any other character.
    fn quoted_name(&mut self, index: usize) -> Option<TokenKind> {
        self.at += 1;
        let name = self.take_while(|c| c != '`').to_owned();
        if self.peek().is_none() {
            self.problem(Code::Unexpected, index, "the name is not closed: add a backquote at its end".to_owned());
            return None;
        }
        self.at += 1;
        Some(TokenKind::Ident { text: name, raw: true })
    }

    /// Reads `{name}`.
    fn parameter(&mut self, index: usize) -> Option<TokenKind> {
        self.at += 1;
        let inside = self.take_while(|c| c != '}');
        if self.peek().is_none() {
            self.problem(Code::Unexpected, index, "the braces are not closed: add `}` after the name".to_owned());
            return None;
        }
        self.at += 1;
        let name = inside.trim();
        if !name.starts_with(|c| is_xid_start(c) || c == '_') || !name.chars().all(is_xid_continue) {
            let message = format!("`{{{inside}}}` is not a parameter: write a name in the braces, such as `{{least}}`");
            self.problem(Code::Operand, index, message);
            return None;
        }
        self.lexed.parameters.push(name.to_owned());
        Some(TokenKind::Placeholder(self.lexed.parameters.len() - 1))
    }

    fn group(&mut self, open: char, index: usize, depth: usize) -> TokenKind {
        let start = self.at;
        self.at += 1;
        let close = if open == '(' { ')' } else { ']' };
        if depth == MAX_DEPTH {
            self.at = self.text.len();
        }
        let tokens = self.tokens(Some(close), depth + 1);
        if self.peek() == Some(close) {
            self.at += 1;
        } else {
            // Only the opening character is wrong, not everything after it.
            self.lexed.spans[index] = start..start + 1;
            self.problem(Code::Unexpected, index, format!("`{open}` is not closed: add `{close}`"));
        }
        TokenKind::Group { open, tokens }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the tokens of a text, with the text of each one.
    fn shown(text: &str) -> Vec<String> {
        let lexed = Lexed::new(text);
        fn shown(tokens: &[Token], lexed: &Lexed, text: &str, lines: &mut Vec<String>) {
            for token in tokens {
                let kind = match &token.kind {
                    TokenKind::Ident { raw, .. } => {
                        if *raw {
                            "name"
                        } else {
                            "word"
                        }
                    }
                    TokenKind::Punct(_) => "punct",
                    TokenKind::Literal(_) => "literal",
                    TokenKind::Placeholder(_) => "parameter",
                    TokenKind::Group { .. } => "group",
                };
                lines.push(format!("{kind} {}", &text[lexed.span(token.position)]));
                if let TokenKind::Group { tokens, .. } = &token.kind {
                    shown(tokens, lexed, text, lines);
                }
            }
        }
        let mut lines = Vec::new();
        shown(&lexed.tokens, &lexed, text, &mut lines);
        lines.extend(lexed.problems.iter().map(|problem| problem.message.clone()));
        lines
    }

    #[test]
    fn text_is_split_like_rust() {
        assert_eq!(
            shown("from sales where a>=-1.5e3, b in [\"x \\\" y\",{n}]? // end\nlimit 10and r#in `order date` größe"),
            [
                "word from",
                "word sales",
                "word where",
                "word a",
                "punct >",
                "punct =",
                "punct -",
                "literal 1.5e3",
                "punct ,",
                "word b",
                "word in",
                "group [\"x \\\" y\",{n}]",
                "literal \"x \\\" y\"",
                "punct ,",
                "parameter {n}",
                "punct ?",
                "word limit",
                "literal 10and",
                "name r#in",
                "name `order date`",
                "word größe"
            ]
        );
    }

    #[test]
    fn numbers_end_where_rust_ends_them() {
        assert_eq!(shown("1..2"), ["literal 1", "punct .", "punct .", "literal 2"]);
        assert_eq!(
            shown("1.max 2. 0x1F 1e+9 1e"),
            ["literal 1", "punct .", "word max", "literal 2.", "literal 0x1F", "literal 1e+9", "literal 1e"]
        );
    }

    #[test]
    fn unclosed_parts_are_reported() {
        for (text, message) in [
            ("\"abc", "the string is not closed"),
            ("`abc", "the name is not closed"),
            ("sum(a", "`(` is not closed"),
            ("a)", "`)` does not close anything"),
            ("{a", "the braces are not closed"),
            ("{a + 1}", "is not a parameter"),
        ] {
            assert!(shown(text).last().unwrap().contains(message), "{text}: {:?}", shown(text));
        }
        assert_eq!(Lexed::new(&"[".repeat(100_000)).problems.len(), MAX_DEPTH + 1);
    }
}
