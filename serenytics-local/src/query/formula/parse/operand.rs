//! What stands between operators: numbers, texts, columns in brackets, functions, lists and parentheses.

use winnow::Parser;
use winnow::combinator::{delimited, opt, peek, separated};
use winnow::error::ErrMode;
use winnow::stream::Location;
use winnow::token::{any, take_till, take_while};

use super::{Input, Parsed, closed, deeper, found, refused, space, whole};
use crate::query::formula::tree::{Expression, Mistake, Node};

/// What stands between operators. Wherever this is called there has to be one.
pub(super) fn operand(input: &mut Input<'_>) -> Parsed<Expression> {
    space(input)?;
    let position = input.current_token_start();
    let node = match peek(opt(any)).parse_next(input)? {
        Some('0'..='9' | '.') => number(input)?,
        Some('"') => Node::Text(quoted(input, "\"", "a text", "\"")?),
        Some('\'') => Node::Text(quoted(input, "'", "a text", "'")?),
        Some('[') => Node::Reference(quoted(input, "[", "a column's name", "]")?),
        Some('-') => {
            any.parse_next(input)?;
            Node::Negative(Box::new(deeper(input, operand)?))
        }
        Some('(') => {
            any.parse_next(input)?;
            let inside = whole(input)?;
            closed(input, position, ')')?;
            return Ok(inside);
        }
        Some(first) if is_word(first) => call(input)?,
        Some('{') => {
            let message =
                "`{` begins a variable of a dashboard, and the embedded engine has no dashboards: write the value";
            return refused(input, message.to_owned());
        }
        Some('!') => return refused(input, "`!` is no sign of formulas: write `not` before a condition".to_owned()),
        _ => {
            let expected = "a number, a text, a column in brackets, a function or a parenthesis";
            return refused(input, format!("{} stands where {expected} is expected", found(input)));
        }
    };
    Ok(Expression::new(position, node))
}

fn number(input: &mut Input<'_>) -> Parsed<Node> {
    let start = input.current_token_start();
    let digits = |input: &mut Input<'_>| -> Parsed<()> {
        take_while(0.., |c: char| c.is_ascii_digit()).void().parse_next(input)
    };
    let exponent = (winnow::token::one_of(['e', 'E']), opt(winnow::token::one_of(['+', '-'])), digits);
    let text = (digits, opt(('.', digits)), opt(exponent)).take().parse_next(input)?;
    let glued = peek(take_while(0.., |c: char| is_word(c) || c == '.')).parse_next(input)?;
    let wrong = |message| Err(ErrMode::Cut(Mistake::new(start, message)));
    if !glued.is_empty() {
        return wrong(format!("`{text}{glued}` is no number"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.parse() {
            Ok(value) => Ok(Node::Int(value)),
            Err(_) => wrong(format!("the integer {text} is larger than the 64 bits of an integer: write `{text}.0`")),
        };
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Node::Float(value)),
        Ok(_) => wrong(format!("the number {text} is larger than a float can be")),
        Err(_) => wrong(format!("`{text}` is no number")),
    }
}

/// What stands between two signs; the second one, written twice, stands for itself.
fn quoted(input: &mut Input<'_>, open: &str, what: &str, close: &'static str) -> Parsed<String> {
    let start = input.current_token_start();
    open.void().parse_next(input)?;
    let mut text = String::new();
    loop {
        text.push_str(take_till(0.., |c: char| close.contains(c)).parse_next(input)?);
        if opt(close).parse_next(input)?.is_none() {
            let message = format!("{what} begins with `{open}` and does not end with `{close}`");
            return Err(ErrMode::Cut(Mistake::new(start, message)));
        }
        if opt(close).parse_next(input)?.is_none() {
            return Ok(text);
        }
        text.push_str(close);
    }
}

/// A call of a function, or one of the words that are values.
fn call(input: &mut Input<'_>) -> Parsed<Node> {
    let start = input.current_token_start();
    let name = take_while(1.., is_word).parse_next(input)?;
    space(input)?;
    let open = input.current_token_start();
    if matches!(name.to_ascii_lowercase().as_str(), "and" | "or" | "in" | "not")
        || opt('(').parse_next(input)?.is_none()
    {
        return match name.to_ascii_lowercase().as_str() {
            "true" => Ok(Node::Boolean(true)),
            "false" => Ok(Node::Boolean(false)),
            "null" => Ok(Node::Null),
            word => Err(ErrMode::Cut(Mistake::new(start, no_value(word, name)))),
        };
    }
    let arguments = separated_until(input, open, ')')?;
    match name.eq_ignore_ascii_case("null") && arguments.is_empty() {
        true => Ok(Node::Null),
        false => Ok(Node::Call(name.to_owned(), arguments)),
    }
}

/// Why a word is no value.
fn no_value(word: &str, name: &str) -> String {
    match word {
        "and" | "or" | "in" => format!("`{name}` stands where a value is expected"),
        "not" => format!("`{name}` stands where a value is expected: put it into parentheses, with its condition"),
        "case" | "if" => format!("`{name}` is a function: `{name}(condition, value, otherwise)`"),
        _ => format!("the word `{name}` is neither a column, which is written `[{name}]`, nor a function"),
    }
}

/// The list behind `in`.
pub(super) fn list(input: &mut Input<'_>) -> Parsed<Vec<Expression>> {
    space(input)?;
    let open = input.current_token_start();
    let close = match opt(any).parse_next(input)? {
        Some('(') => ')',
        Some('[') => ']',
        _ => {
            let message = "`in` needs a list behind it, as `in (\"a\", \"b\")`";
            return Err(ErrMode::Cut(Mistake::new(open, message)));
        }
    };
    let list = separated_until(input, open, close)?;
    if list.is_empty() {
        return Err(ErrMode::Cut(Mistake::new(open, "the list is empty, and nothing is in it")));
    }
    Ok(list)
}

/// What commas separate, up to the end of a parenthesis or list.
fn separated_until(input: &mut Input<'_>, open: usize, close: char) -> Parsed<Vec<Expression>> {
    space(input)?;
    let list = match peek(opt(close)).parse_next(input)? {
        Some(_) => Vec::new(),
        None => separated(1.., whole, delimited(space, ',', space)).parse_next(input)?,
    };
    closed(input, open, close)?;
    Ok(list)
}

/// Whether a name of a function may hold it.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
