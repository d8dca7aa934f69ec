//! The grammar of formulas, from the operator with the lowest precedence, `or`, to the highest, `*`.

mod cursor;
mod operand;
#[cfg(test)]
mod tests;

use cursor::Cursor;
pub(super) use cursor::is_word;
use operand::{list, operand};

use super::error::FormulaError;
use super::tree::{Comparison, DEPTH, Expression, Junction, Node, Operator};

/// The maximum number of bytes of a formula.
const LENGTH: usize = 4096;

type Parsed<T> = Result<T, FormulaError>;

/// Parses a formula into its syntax tree.
///
/// # Errors
/// Returns an error if the formula does not follow the grammar, is longer than 4,096 bytes or is nested too deep.
pub fn parse(formula: &str) -> Result<Expression, FormulaError> {
    if formula.len() > LENGTH {
        let length = formula.len();
        return Err(FormulaError::new(0, format!("the formula has {length} bytes; the limit is {LENGTH}")));
    }
    let mut cursor = Cursor::new(formula);
    let tree = expression(&mut cursor)?;
    cursor.skip_space();
    if cursor.is_at_end() { Ok(tree) } else { unexpected(&cursor, "the end") }
}

/// Reads a whole formula, or the inside of a parenthesis, an argument or an item of a list.
fn expression(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    cursor.nested(|cursor| junction(cursor, Junction::Or))
}

/// Reads conditions that `or` or `and` joins, or a single one.
fn junction(cursor: &mut Cursor<'_>, junction: Junction) -> Parsed<Expression> {
    let part = |cursor: &mut Cursor<'_>| match junction {
        Junction::Or => self::junction(cursor, Junction::And),
        Junction::And => negation(cursor),
    };
    let first = part(cursor)?;
    if !cursor.keyword(junction.word()) {
        return Ok(first);
    }
    let position = first.position;
    let mut parts = vec![first, part(cursor)?];
    while cursor.keyword(junction.word()) {
        parts.push(part(cursor)?);
    }
    let end = parts.last().map_or(position, |part| part.end);
    Ok(Expression::new(position, end, Node::Junction(junction, parts)))
}

/// Reads a comparison with any number of `not` before it.
fn negation(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    cursor.skip_space();
    let position = cursor.position();
    if !cursor.keyword("not") {
        return comparison(cursor);
    }
    let operand = cursor.nested(negation)?;
    Ok(Expression::new(position, operand.end, Node::Not(Box::new(operand))))
}

/// Reads a comparison, an `in` with its list, or a single value.
fn comparison(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    let left = sum(cursor)?;
    let Some(operator) = comparison_operator(cursor)? else { return Ok(left) };
    let position = left.position;
    let node = match operator {
        ComparisonOperator::Symbol(symbol) => Node::Comparison(symbol, Box::new(left), Box::new(sum(cursor)?)),
        ComparisonOperator::In { is_negated } => Node::In { operand: Box::new(left), list: list(cursor)?, is_negated },
    };
    let end = cursor.end_of(position);
    cursor.skip_space();
    let next = cursor.position();
    if comparison_operator(cursor)?.is_some() {
        let message = "comparisons cannot be chained: join them with `and`, for example `1 < [a] and [a] < 9`";
        return Err(FormulaError::new(next, message));
    }
    Ok(Expression::new(position, end, node))
}

/// The operator of a comparison.
enum ComparisonOperator {
    Symbol(Comparison),
    In { is_negated: bool },
}

/// Reads the operator of a comparison, if there is one.
fn comparison_operator(cursor: &mut Cursor<'_>) -> Parsed<Option<ComparisonOperator>> {
    cursor.skip_space();
    let start = cursor.position();
    let symbol = cursor.peek_while(|c| matches!(c, '<' | '>' | '=' | '!' | '&' | '|'));
    if !symbol.is_empty() {
        let Some(comparison) = Comparison::from_symbol(symbol) else {
            let meant = match symbol {
                "===" => "`=`",
                "!==" => "`!=`",
                "=<" => "`<=`",
                "=>" => "`>=`",
                "!" => "`not in` or `!=`",
                "&&" | "&" => "`and`",
                "||" | "|" => "`or`, or `concat` for text",
                _ => "`=`, `!=`, `<`, `<=`, `>` or `>=`",
            };
            return cursor.error(format!("`{symbol}` is not an operator; did you mean {meant}?"));
        };
        cursor.take_while(|c| matches!(c, '<' | '>' | '=' | '!'));
        return Ok(Some(ComparisonOperator::Symbol(comparison)));
    }
    if cursor.keyword("in") {
        return Ok(Some(ComparisonOperator::In { is_negated: false }));
    }
    if !cursor.keyword("not") {
        return Ok(None);
    }
    if cursor.keyword("in") {
        return Ok(Some(ComparisonOperator::In { is_negated: true }));
    }
    let message = "unexpected `not`: write it before a condition or before `in`";
    Err(FormulaError::new(start, message))
}

/// Reads products that `+` and `-` join.
fn sum(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    let operators = [('+', Operator::Add), ('-', Operator::Subtract)];
    arithmetic(cursor, &operators, product)
}

/// Reads operands that `*`, `/` and `%` join.
fn product(cursor: &mut Cursor<'_>) -> Parsed<Expression> {
    let operators = [('*', Operator::Multiply), ('/', Operator::Divide), ('%', Operator::Remainder)];
    arithmetic(cursor, &operators, operand)
}

/// Reads parts that operators of one precedence join, from left to right.
fn arithmetic(
    cursor: &mut Cursor<'_>,
    operators: &[(char, Operator)],
    part: impl Fn(&mut Cursor<'_>) -> Parsed<Expression>,
) -> Parsed<Expression> {
    let mut left = part(cursor)?;
    loop {
        cursor.skip_space();
        let Some((_, operator)) = operators.iter().find(|(symbol, _)| cursor.eat(*symbol)) else { return Ok(left) };
        let right = part(cursor)?;
        let (position, end) = (left.position, right.end);
        left = Expression::new(position, end, Node::Arithmetic(*operator, Box::new(left), Box::new(right)));
        if left.depth > DEPTH {
            let message = format!("more than {DEPTH} operations follow each other: group some of them in parentheses");
            return Err(FormulaError::new(position, message));
        }
    }
}

/// Reads the end of a parenthesis or list.
fn close(cursor: &mut Cursor<'_>, open: usize, close: char) -> Parsed<()> {
    cursor.skip_space();
    if cursor.eat(close) {
        return Ok(());
    }
    if cursor.is_at_end() {
        let opened = if close == ')' { '(' } else { '[' };
        return Err(FormulaError::new(open, format!("this `{opened}` is never closed: add `{close}`")));
    }
    unexpected(cursor, &format!("`{close}`"))
}

/// Returns the error for an unexpected token after a value, where an operator or `end` was expected.
fn unexpected<T>(cursor: &Cursor<'_>, end: &str) -> Parsed<T> {
    let word = cursor.peek_while(is_word);
    let hint = match word.to_ascii_lowercase().as_str() {
        "is" => "; to test for NULL, write `is_defined(..)` or `is_not_defined(..)`".to_owned(),
        "between" => "; write `[a] >= 1 and [a] <= 9`".to_owned(),
        "like" | "ilike" => format!("; it is a function: write `{word}([a], \"x%\")`"),
        "then" | "else" | "when" | "end" => "; write `if(condition, value, otherwise)`".to_owned(),
        _ => String::new(),
    };
    let found = if word.is_empty() { cursor.found() } else { format!("`{word}`") };
    cursor.error(format!("expected an operator or {end}, found {found}{hint}"))
}
