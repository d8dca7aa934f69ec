//! The grammar of formulas: what binds tighter than what, from `or` to `*`.

mod operand;
#[cfg(test)]
mod tests;

use winnow::combinator::{Infix, dispatch, expression, fail, opt, peek, preceded};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::{LocatingSlice, Location, Stateful};
use winnow::token::{any, take_while};
use winnow::{ModalResult, Parser};

use operand::{is_word, list, operand};

use super::tree::{Comparison, DEPTH, Expression, Junction, Mistake, Node, Operator};

/// How many bytes a formula may have.
const LENGTH: usize = 4096;
/// How deep parentheses, calls and signs may stand inside of each other.
const NESTING: usize = 32;

/// A formula, and how deep inside of it the parser is.
type Input<'a> = Stateful<LocatingSlice<&'a str>, usize>;

type Parsed<T> = ModalResult<T, Mistake>;

impl ParserError<Input<'_>> for Mistake {
    type Inner = Mistake;

    fn from_input(input: &Input<'_>) -> Mistake {
        Mistake::new(input.current_token_start(), format!("{} is not expected", found(input)))
    }

    fn into_inner(self) -> Result<Mistake, Mistake> {
        Ok(self)
    }
}

/// The tree of a formula.
pub(crate) fn parse(formula: &str) -> Result<Expression, Mistake> {
    if formula.len() > LENGTH {
        let length = formula.len();
        return Err(Mistake::new(0, format!("the formula has {length} bytes and may have {LENGTH}")));
    }
    let mut input = Input { input: LocatingSlice::new(formula), state: 0 };
    let parsed = whole(&mut input).and_then(|tree| {
        space(&mut input)?;
        match formula.len() - input.current_token_start() {
            0 => Ok(tree),
            _ => unexpected(&input, "the end"),
        }
    });
    parsed.map_err(|error| match error {
        ErrMode::Backtrack(mistake) | ErrMode::Cut(mistake) => mistake,
        ErrMode::Incomplete(_) => Mistake::new(formula.len(), "the formula is cut"),
    })
}

/// A whole formula, or a part of one that stands by itself.
fn whole(input: &mut Input<'_>) -> Parsed<Expression> {
    deeper(input, |input| junction(input, Junction::Or, |input| junction(input, Junction::And, negation)))
}

/// Reads what stands inside of something else.
fn deeper<'a, T>(input: &mut Input<'a>, parser: impl FnOnce(&mut Input<'a>) -> Parsed<T>) -> Parsed<T> {
    if input.state == NESTING {
        return refused(input, format!("the formula is nested more than {NESTING} deep"));
    }
    input.state += 1;
    let parsed = parser(input)?;
    input.state -= 1;
    Ok(parsed)
}

/// Conditions that a word joins, or what stands there without one.
fn junction<'a>(
    input: &mut Input<'a>,
    junction: Junction,
    part: impl Fn(&mut Input<'a>) -> Parsed<Expression>,
) -> Parsed<Expression> {
    let first = part(input)?;
    if !keyword(input, junction.word())? {
        return Ok(first);
    }
    let position = first.position;
    let mut parts = vec![first, part(input)?];
    while keyword(input, junction.word())? {
        parts.push(part(input)?);
    }
    Ok(Expression::new(position, Node::Junction(junction, parts)))
}

/// `not`, as often as it stands there, before a comparison.
fn negation(input: &mut Input<'_>) -> Parsed<Expression> {
    space(input)?;
    let position = input.current_token_start();
    if !keyword(input, "not")? {
        return comparison(input);
    }
    let operand = deeper(input, negation)?;
    Ok(Expression::new(position, Node::Not(Box::new(operand))))
}

/// Two values that are compared, a value that a list may hold, or a value alone.
fn comparison(input: &mut Input<'_>) -> Parsed<Expression> {
    let left = sum(input)?;
    let Some(compared) = compared(input)? else { return Ok(left) };
    let position = left.position;
    let node = match compared {
        Compared::With(comparison) => Node::Comparison(comparison, Box::new(left), Box::new(sum(input)?)),
        Compared::In { is_negated } => Node::In { operand: Box::new(left), list: list(input)?, is_negated },
    };
    space(input)?;
    let next = input.current_token_start();
    if self::compared(input)?.is_some() {
        let message = "a comparison cannot be compared again: join two of them by `and`, as `1 < [a] and [a] < 9`";
        return Err(ErrMode::Cut(Mistake::new(next, message)));
    }
    Ok(Expression::new(position, node))
}

/// How a value is compared.
enum Compared {
    With(Comparison),
    In { is_negated: bool },
}

/// The sign or word of a comparison, if one stands there.
fn compared(input: &mut Input<'_>) -> Parsed<Option<Compared>> {
    space(input)?;
    let start = input.current_token_start();
    let sign = peek(take_while(0.., ['<', '>', '=', '!', '&', '|'])).parse_next(input)?;
    if !sign.is_empty() {
        let meant = match sign {
            "===" => "`=`",
            "!==" => "`!=`",
            "=<" => "`<=`",
            "=>" => "`>=`",
            "!" => "`not in` or `!=`",
            "&&" | "&" => "`and`",
            "||" | "|" => "`or`, or `concat` for texts",
            _ => "`=`, `!=`, `<`, `<=`, `>` or `>=`",
        };
        let comparison = Comparison::of(sign).ok_or_else(|| {
            ErrMode::Cut(Mistake::new(start, format!("`{sign}` is no operator here; did you mean {meant}?")))
        })?;
        take_while(0.., ['<', '>', '=', '!']).void().parse_next(input)?;
        return Ok(Some(Compared::With(comparison)));
    }
    if keyword(input, "in")? {
        return Ok(Some(Compared::In { is_negated: false }));
    }
    if !keyword(input, "not")? {
        return Ok(None);
    }
    if keyword(input, "in")? {
        return Ok(Some(Compared::In { is_negated: true }));
    }
    let message = "`not` stands before a condition, or before `in`";
    Err(ErrMode::Cut(Mistake::new(start, message)))
}

/// Numbers that are computed with, or what stands there alone.
fn sum(input: &mut Input<'_>) -> Parsed<Expression> {
    expression(operand).infix(operator).parse_next(input)
}

/// The operators; those of the higher number bind tighter, and of equal ones the left comes first.
fn operator<'a>(input: &mut Input<'a>) -> Parsed<Infix<Input<'a>, Expression, ErrMode<Mistake>>> {
    preceded(
        space,
        dispatch! { any;
            '+' => Infix::Left(1, |_, left, right| arithmetic(Operator::Add, left, right)),
            '-' => Infix::Left(1, |_, left, right| arithmetic(Operator::Subtract, left, right)),
            '*' => Infix::Left(2, |_, left, right| arithmetic(Operator::Multiply, left, right)),
            '/' => Infix::Left(2, |_, left, right| arithmetic(Operator::Divide, left, right)),
            '%' => Infix::Left(2, |_, left, right| arithmetic(Operator::Remainder, left, right)),
            _ => fail,
        },
    )
    .parse_next(input)
}

fn arithmetic(operator: Operator, left: Expression, right: Expression) -> Parsed<Expression> {
    let position = left.position;
    let tree = Expression::new(position, Node::Arithmetic(operator, Box::new(left), Box::new(right)));
    if tree.depth > DEPTH {
        let message =
            format!("more than {DEPTH} operations follow each other: put parentheses around some that belong together");
        return Err(ErrMode::Cut(Mistake::new(position, message)));
    }
    Ok(tree)
}

/// Reads a word of the language, in any case of letters, if it stands there.
fn keyword(input: &mut Input<'_>, word: &str) -> Parsed<bool> {
    space(input)?;
    let found = peek(take_while(0.., is_word)).parse_next(input)?;
    if !found.eq_ignore_ascii_case(word) {
        return Ok(false);
    }
    take_while(1.., is_word).void().parse_next(input)?;
    Ok(true)
}

/// The end of a parenthesis or list.
fn closed(input: &mut Input<'_>, open: usize, close: char) -> Parsed<()> {
    space(input)?;
    if opt(close).parse_next(input)?.is_some() {
        return Ok(());
    }
    if input.input.is_empty() {
        let what = if close == ')' { "a parenthesis" } else { "a list" };
        return Err(ErrMode::Cut(Mistake::new(open, format!("{what} is opened and not closed"))));
    }
    unexpected(input, &format!("`{close}`"))
}

fn space(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., char::is_whitespace).void().parse_next(input)
}

/// What stands at the parser's place, for a message.
fn found(input: &Input<'_>) -> String {
    match input.input.chars().next() {
        Some(c) => format!("`{c}`"),
        None => "the end of the formula".to_owned(),
    }
}

/// Refuses what stands behind a value, where only an operator or `end` may.
fn unexpected<T>(input: &Input<'_>, end: &str) -> Parsed<T> {
    let word: String = input.input.chars().take_while(|c| is_word(*c)).collect();
    let meant = match word.to_ascii_lowercase().as_str() {
        "is" => "; NULL is asked for by `is_defined(..)` and `is_not_defined(..)`".to_owned(),
        "between" => "; write it as `[a] >= 1 and [a] <= 9`".to_owned(),
        "like" | "ilike" => format!("; it is a function, as `{word}([a], \"x%\")`"),
        "then" | "else" | "when" | "end" => "; a choice is written `if(condition, value, otherwise)`".to_owned(),
        _ => String::new(),
    };
    let found = if word.is_empty() { found(input) } else { format!("`{word}`") };
    refused(input, format!("{found} stands where an operator or {end} is expected{meant}"))
}

fn refused<T>(input: &Input<'_>, message: String) -> Parsed<T> {
    Err(ErrMode::Cut(Mistake::new(input.current_token_start(), message)))
}
