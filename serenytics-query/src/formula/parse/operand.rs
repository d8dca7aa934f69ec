//! The operands: numbers, text, columns in brackets, calls, lists and parentheses.

use super::cursor::{Cursor, is_word};
use super::{Parsed, close, expression};
use crate::formula::error::FormulaError;
use crate::formula::tree::{Expression, Node};

/// Reads an operand. The grammar requires one wherever this is called.
pub(super) fn operand(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    cursor.skip_space();
    let position = cursor.position();
    let node = match cursor.peek() {
        Some('0'..='9' | '.') => number(cursor)?,
        Some(quote @ ('"' | '\'')) => Node::Text(quoted(cursor, quote, "text", quote)?),
        Some('[') => Node::Reference(quoted(cursor, '[', "column name", ']')?),
        Some('-') => {
            cursor.eat('-');
            Node::Negative(Box::new(cursor.nested(operand)?))
        }
        Some('(') => {
            cursor.eat('(');
            let inside = expression(cursor)?;
            close(cursor, position, ')')?;
            return Ok(inside);
        }
        Some(first) if is_word(first) => call(cursor)?,
        Some('{') => {
            return cursor.error("`{` starts a dashboard variable, which is not supported here: write the value");
        }
        Some('!') => return cursor.error("`!` is not an operator: write `not` before a condition"),
        _ => {
            let found = cursor.found();
            return cursor
                .error(format!("expected a number, text, column in brackets, function or parenthesis, found {found}"));
        }
    };
    Ok(Expression::new(position, cursor.end_of(position), node))
}

fn number(cursor: &mut Cursor<'_>) -> Parsed<Node> {
    let start = cursor.position();
    let digits = |cursor: &mut Cursor<'_>| cursor.take_while(|c| c.is_ascii_digit()).len();
    digits(cursor);
    if cursor.eat('.') {
        digits(cursor);
    }
    if cursor.eat('e') || cursor.eat('E') {
        let _has_sign = cursor.eat('+') || cursor.eat('-');
        digits(cursor);
    }
    let number = cursor.since(start);
    let glued = cursor.peek_while(|c| is_word(c) || c == '.');
    let error = |message| Err(FormulaError::new(start, message));
    if !glued.is_empty() {
        return error(format!("`{number}{glued}` is not a number"));
    }
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return match number.parse() {
            Ok(value) => Ok(Node::Int(value)),
            Err(_) => error(format!("the integer {number} is too large for 64 bits: write `{number}.0`")),
        };
    }
    match number.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Node::Float(value)),
        Ok(_) => error(format!("the number {number} is too large for a float")),
        Err(_) => error(format!("`{number}` is not a number")),
    }
}

/// Reads the characters between two delimiters. A doubled closing delimiter is the character itself.
fn quoted(cursor: &mut Cursor<'_>, open: char, what: &str, close: char) -> Parsed<String> {
    let start = cursor.position();
    cursor.eat(open);
    let mut content = String::new();
    loop {
        content.push_str(cursor.take_while(|c| c != close));
        if !cursor.eat(close) {
            return Err(FormulaError::new(start, format!("this {what} is never closed: add `{close}`")));
        }
        if !cursor.eat(close) {
            return Ok(content);
        }
        content.push(close);
    }
}

/// Reads a function call, or one of the words `true`, `false` and `null`.
fn call(cursor: &mut Cursor<'_>) -> Parsed<Node> {
    let start = cursor.position();
    let name = cursor.take_while(is_word);
    let lower_case = name.to_ascii_lowercase();
    cursor.skip_space();
    let open = cursor.position();
    if matches!(lower_case.as_str(), "and" | "or" | "in" | "not") || !cursor.eat('(') {
        return match lower_case.as_str() {
            "true" => Ok(Node::Boolean(true)),
            "false" => Ok(Node::Boolean(false)),
            "null" => Ok(Node::Null),
            word => Err(FormulaError::new(start, not_a_value(word, name))),
        };
    }
    let arguments = separated_until(cursor, open, ')')?;
    if lower_case == "null" && arguments.is_empty() {
        return Ok(Node::Null);
    }
    Ok(Node::Call(name.to_owned(), arguments))
}

/// Returns the message for a word that is not a value.
fn not_a_value(word: &str, name: &str) -> String {
    match word {
        "and" | "or" | "in" => format!("expected a value, found `{name}`"),
        "not" => format!("expected a value, found `{name}`: put `{name}` and its condition in parentheses"),
        "case" | "if" => format!("`{name}` is a function: write `{name}(condition, value, otherwise)`"),
        _ => format!("unknown word `{name}`: write `[{name}]` for a column, `{name}(..)` for a function"),
    }
}

/// Reads the list after `in`.
pub(super) fn list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Expression>> {
    cursor.skip_space();
    let open = cursor.position();
    let close = match cursor.peek() {
        Some('(') => ')',
        Some('[') => ']',
        _ => return cursor.error("expected a list after `in`, for example `in (\"a\", \"b\")`"),
    };
    let _is_open = cursor.eat('(') || cursor.eat('[');
    let list = separated_until(cursor, open, close)?;
    if list.is_empty() {
        return Err(FormulaError::new(open, "the list is empty: add at least one value"));
    }
    Ok(list)
}

/// Reads the expressions between commas, up to the end of a parenthesis or list.
fn separated_until(cursor: &mut Cursor<'_>, open: usize, end: char) -> Parsed<Vec<Expression>> {
    cursor.skip_space();
    let mut list = Vec::new();
    if cursor.peek() != Some(end) {
        list.push(expression(cursor)?);
        loop {
            cursor.skip_space();
            if !cursor.eat(',') {
                break;
            }
            list.push(expression(cursor)?);
        }
    }
    close(cursor, open, end)?;
    Ok(list)
}
