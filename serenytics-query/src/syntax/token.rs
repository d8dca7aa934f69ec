//! The tokens of the grammar, from the compiler or from a text.

use crate::syntax::stage::Position;

/// A token and its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// The kind.
    pub kind: TokenKind,
    /// The position.
    pub position: Position,
    /// Whether the next token follows without a space; only set for punctuation.
    pub joint: bool,
}

impl Token {
    /// A token that a space follows.
    #[must_use]
    pub fn new(kind: TokenKind, position: Position) -> Token {
        Token { kind, position, joint: false }
    }
}

/// The kind of a token.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenKind {
    /// An identifier or a keyword.
    Ident {
        /// The name, without `r#`.
        text: String,
        /// Whether it is written with `r#`, so that it is not a keyword.
        raw: bool,
    },
    /// One punctuation character.
    Punct(char),
    /// A literal.
    Literal(RawLiteral),
    /// A run-time value, `{expression}`, with its index.
    Placeholder(usize),
    /// Tokens in `( )` or `[ ]`.
    Group {
        /// The opening character.
        open: char,
        /// The tokens inside.
        tokens: Vec<Token>,
    },
}

/// A literal before it is compared with its column.
#[derive(Debug, Clone, PartialEq)]
pub enum RawLiteral {
    /// Digits, without a sign.
    Int(String),
    /// A number with a fraction or an exponent, without a sign.
    Float(String),
    /// A string.
    Text(String),
    /// A literal that is followed by a word without a space: `10and`, `"FR"and`.
    Glued {
        /// The number or the string.
        literal: Box<RawLiteral>,
        /// The word.
        word: String,
    },
    /// An unsupported literal, such as a character or a byte string.
    Other(String),
}

impl RawLiteral {
    /// Parses a Rust literal.
    #[must_use]
    pub fn parse(text: &str) -> RawLiteral {
        if let Some(rest) = text.strip_prefix('"')
            && let Some((inside, word)) = rest.rsplit_once('"')
        {
            let literal = unescape(inside).map_or_else(|| RawLiteral::Other(text.to_owned()), RawLiteral::Text);
            return literal.glued_to(word);
        }
        if let Some(rest) = text.strip_prefix('r') {
            let raw = rest.trim_start_matches('#');
            let hashes = &rest[..rest.len() - raw.len()];
            if let Some(inside) = raw.strip_prefix('"')
                && let Some((inside, word)) = inside.rsplit_once(&format!("\"{hashes}"))
            {
                return RawLiteral::Text(inside.to_owned()).glued_to(word);
            }
        }
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return number(text);
        }
        RawLiteral::Other(text.to_owned())
    }

    fn glued_to(self, word: &str) -> RawLiteral {
        if word.is_empty() { self } else { RawLiteral::Glued { literal: Box::new(self), word: word.to_owned() } }
    }

    /// Formats the literal for a message.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            RawLiteral::Int(text) | RawLiteral::Float(text) | RawLiteral::Other(text) => text.clone(),
            RawLiteral::Text(text) => format!("{text:?}"),
            RawLiteral::Glued { literal, word } => format!("{}{word}", literal.shown()),
        }
    }
}

fn number(text: &str) -> RawLiteral {
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let value = u64::from_str_radix(&digits.replace('_', ""), radix);
            return value
                .map_or_else(|_| RawLiteral::Other(text.to_owned()), |value| RawLiteral::Int(value.to_string()));
        }
    }
    let bytes = text.as_bytes();
    let mut end = 0;
    let mut float = false;
    while let Some(byte) = bytes.get(end) {
        let next_is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        match byte {
            b'0'..=b'9' | b'_' => end += 1,
            b'.' if !float => {
                float = true;
                end += 1;
            }
            b'e' | b'E' if next_is_digit(end + 1) => {
                float = true;
                end += 1;
            }
            b'e' | b'E' if matches!(bytes.get(end + 1), Some(b'+' | b'-')) && next_is_digit(end + 2) => {
                float = true;
                end += 2;
            }
            _ => break,
        }
    }
    let digits = text[..end].replace('_', "");
    let literal = if float { RawLiteral::Float(digits) } else { RawLiteral::Int(digits) };
    literal.glued_to(&text[end..])
}

/// Resolves the escapes of a Rust string literal; `None` for an invalid escape.
fn unescape(inside: &str) -> Option<String> {
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next()? {
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            '0' => text.push('\0'),
            c @ ('\\' | '"' | '\'') => text.push(c),
            'x' => {
                let digits: String = chars.by_ref().take(2).collect();
                text.push(char::from(u8::from_str_radix(&digits, 16).ok()?));
            }
            'u' => {
                let digits: String = chars.by_ref().skip(1).take_while(|c| *c != '}').filter(|c| *c != '_').collect();
                text.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
            }
            '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            _ => return None,
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_parsed_like_rust() {
        let text = |text: &str| RawLiteral::Text(text.to_owned());
        assert_eq!(RawLiteral::parse(r#""a\n\"\u{e9}\x41\\""#), text("a\n\"éA\\"));
        assert_eq!(RawLiteral::parse(r##"r#"a"b\n"#"##), text("a\"b\\n"));
        assert_eq!(RawLiteral::parse("1_000"), RawLiteral::Int("1000".to_owned()));
        assert_eq!(RawLiteral::parse("0xff"), RawLiteral::Int("255".to_owned()));
        assert_eq!(RawLiteral::parse("2.5e-3"), RawLiteral::Float("2.5e-3".to_owned()));
        assert_eq!(RawLiteral::parse("1e9"), RawLiteral::Float("1e9".to_owned()));
        let glued = |literal| RawLiteral::Glued { literal: Box::new(literal), word: "and".to_owned() };
        assert_eq!(RawLiteral::parse("10and"), glued(RawLiteral::Int("10".to_owned())));
        assert_eq!(RawLiteral::parse(r#""FR"and"#), glued(text("FR")));
        assert_eq!(RawLiteral::parse(r##"r#"F"R"#and"##), glued(text("F\"R")));
        assert_eq!(RawLiteral::parse("b'x'"), RawLiteral::Other("b'x'".to_owned()));
    }
}
