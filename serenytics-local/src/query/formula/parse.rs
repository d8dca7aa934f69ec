//! The grammar of formulas: numbers, texts in quotes, columns in brackets, signs, functions and parentheses.

use winnow::combinator::{Infix, delimited, dispatch, expression, fail, opt, peek, preceded, separated};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::{LocatingSlice, Location, Stateful};
use winnow::token::{any, take_till, take_while};
use winnow::{ModalResult, Parser};

use super::tree::{DEPTH, Expression, Mistake, Node, Operator};

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
            _ => refused(&input, format!("{} stands where an operator or the end is expected", found(&input))),
        }
    });
    parsed.map_err(|error| match error {
        ErrMode::Backtrack(mistake) | ErrMode::Cut(mistake) => mistake,
        ErrMode::Incomplete(_) => Mistake::new(formula.len(), "the formula is cut"),
    })
}

/// A whole formula, or a part of one that stands by itself.
fn whole(input: &mut Input<'_>) -> Parsed<Expression> {
    deeper(input, |input| expression(operand).infix(operator).parse_next(input))
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

/// What stands between operators. Wherever this is called there has to be one.
fn operand(input: &mut Input<'_>) -> Parsed<Expression> {
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
            closed(input, position)?;
            return Ok(inside);
        }
        Some(first) if is_word(first) => call(input)?,
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

fn call(input: &mut Input<'_>) -> Parsed<Node> {
    let start = input.current_token_start();
    let name = take_while(1.., is_word).parse_next(input)?;
    space(input)?;
    let open = input.current_token_start();
    if opt('(').parse_next(input)?.is_none() {
        let message = format!("the word `{name}` is neither a column, which is written `[{name}]`, nor a function");
        return Err(ErrMode::Cut(Mistake::new(start, message)));
    }
    space(input)?;
    let arguments = match peek(opt(')')).parse_next(input)? {
        Some(_) => Vec::new(),
        None => separated(1.., whole, delimited(space, ',', space)).parse_next(input)?,
    };
    closed(input, open)?;
    Ok(Node::Call(name.to_owned(), arguments))
}

/// The end of a parenthesis.
fn closed(input: &mut Input<'_>, open: usize) -> Parsed<()> {
    space(input)?;
    if opt(')').parse_next(input)?.is_some() {
        return Ok(());
    }
    if input.input.is_empty() {
        return Err(ErrMode::Cut(Mistake::new(open, "a parenthesis is opened and not closed")));
    }
    refused(input, format!("{} stands where an operator or `)` is expected", found(input)))
}

fn space(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., char::is_whitespace).void().parse_next(input)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What stands at the parser's place, for a message.
fn found(input: &Input<'_>) -> String {
    match input.input.chars().next() {
        Some(c) => format!("`{c}`"),
        None => "the end of the formula".to_owned(),
    }
}

fn refused<T>(input: &Input<'_>, message: String) -> Parsed<T> {
    Err(ErrMode::Cut(Mistake::new(input.current_token_start(), message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree with a parenthesis around every operation.
    fn shown(tree: &Expression) -> String {
        match &tree.node {
            Node::Int(value) => value.to_string(),
            Node::Float(value) => format!("{value:?}"),
            Node::Text(text) => format!("{text:?}"),
            Node::Reference(name) => format!("[{name}]"),
            Node::Negative(operand) => format!("(-{})", shown(operand)),
            Node::Arithmetic(operator, left, right) => {
                format!("({} {} {})", shown(left), operator.sign(), shown(right))
            }
            Node::Call(name, arguments) => {
                format!("{name}({})", arguments.iter().map(shown).collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn operators_bind_as_in_arithmetic() {
        for (formula, expected) in [
            ("1", "1"),
            (" 1 + 2*3 ", "(1 + (2 * 3))"),
            ("1-2-3", "((1 - 2) - 3)"),
            ("8/4/2%3", "(((8 / 4) / 2) % 3)"),
            ("(1-2)*3", "((1 - 2) * 3)"),
            ("-1-2", "((-1) - 2)"),
            ("2*-3", "(2 * (-3))"),
            ("--[a]*2", "((-(-[a])) * 2)"),
            ("2 * [sales]", "(2 * [sales])"),
            ("sum([a]) / count( )", "(sum([a]) / count())"),
            ("f(1,\t2 ,x(3))", "f(1, 2, x(3))"),
            ("1.5e3+.5-2.", "((1500.0 + 0.5) - 2.0)"),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            assert_eq!(parse(formula).map(|tree| shown(&tree)).unwrap_or_else(|m| m.told(formula)), expected);
        }
    }

    #[test]
    fn texts_and_names_hold_their_own_signs() {
        for (formula, expected) in [
            (r#""a ""b"" [c]""#, Node::Text("a \"b\" [c]".to_owned())),
            ("'it''s'", Node::Text("it's".to_owned())),
            ("''", Node::Text(String::new())),
            ("[a [b]] \"c\" é]", Node::Reference("a [b] \"c\" é".to_owned())),
            ("[]", Node::Reference(String::new())),
        ] {
            assert_eq!(parse(formula).unwrap().node, expected, "{formula}");
        }
    }

    #[test]
    fn mistakes_say_where_they_are() {
        for (formula, expected) in [
            ("", "at character 1, the end of the formula stands where a number"),
            ("1 +", "at character 4, the end of the formula stands where a number"),
            ("é * 2", "at character 1, the word `é` is neither a column, which is written `[é]`"),
            ("'é' $ 2", "at character 5, `$` stands where an operator or the end"),
            ("(1 + 2", "at character 1, a parenthesis is opened and not closed"),
            ("sum([a]", "at character 4, a parenthesis is opened and not closed"),
            ("sum([a] [b])", "at character 9, `[` stands where an operator or `)`"),
            ("2 * [sales", "at character 5, a column's name begins with `[` and does not end with `]`"),
            ("'a", "at character 1, a text begins with"),
            ("10abc", "at character 1, `10abc` is no number"),
            ("1.2.3", "at character 1, `1.2.3` is no number"),
            ("1e", "at character 1, `1e` is no number"),
            (".", "at character 1, `.` is no number"),
            ("1e999", "at character 1, the number 1e999 is larger"),
            ("1 + 18446744073709551616", "at character 5, the integer 18446744073709551616 is larger"),
            ("f(1,)", "at character 5, `)` stands where a number"),
            ("1 = 2", "at character 3, `=` stands where an operator"),
        ] {
            let told = parse(formula).unwrap_err().told(formula);
            assert!(told.starts_with(expected), "{formula}: {told}");
        }
    }

    #[test]
    fn deep_and_long_formulas_are_refused() {
        for deep in ["(", "-", "f(", "-(", "f(-"] {
            let told = parse(&deep.repeat(1000)).unwrap_err().message;
            assert!(told.contains("nested more than 32 deep"), "{told}");
        }
        assert!(parse(&format!("{}1{}", "(".repeat(31), ")".repeat(31))).is_ok());
        assert!(parse(&format!("1{}", "+1".repeat(3000))).unwrap_err().message.contains("may have 4096"));
        assert!(parse(&format!("1{}", "+(1)".repeat(64))).is_ok(), "what is closed is not nested");
        assert!(parse(&format!("1{}", "+1".repeat(65))).unwrap_err().message.contains("more than 64 operations"));
        let many = format!("f({})", vec!["1+1"; 1000].join(","));
        assert!(parse(&many).is_ok());
    }
}
