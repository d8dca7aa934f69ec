//! What the grammar makes of formulas.

use super::*;

/// A tree with a parenthesis around every operation.
fn shown(tree: &Expression) -> String {
    match &tree.node {
        Node::Int(value) => value.to_string(),
        Node::Float(value) => format!("{value:?}"),
        Node::Text(text) => format!("{text:?}"),
        Node::Reference(name) => format!("[{name}]"),
        Node::Boolean(value) => value.to_string(),
        Node::Null => "null".to_owned(),
        Node::Negative(operand) => format!("(-{})", shown(operand)),
        Node::Not(operand) => format!("(not {})", shown(operand)),
        Node::Comparison(comparison, left, right) => {
            format!("({} {} {})", shown(left), comparison.sign(), shown(right))
        }
        Node::In { operand, list, is_negated } => {
            let word = if *is_negated { "not in" } else { "in" };
            let list: Vec<_> = list.iter().map(shown).collect();
            format!("({} {word} ({}))", shown(operand), list.join(", "))
        }
        Node::Junction(junction, parts) => {
            let parts: Vec<_> = parts.iter().map(shown).collect();
            format!("({})", parts.join(&format!(" {} ", junction.word())))
        }
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
fn conditions_bind_as_in_sql() {
    for (formula, expected) in [
        ("1 = 2", "(1 = 2)"),
        ("[a]+1==2*3", "(([a] + 1) = (2 * 3))"),
        ("1<>2 or 3!=4", "((1 != 2) or (3 != 4))"),
        ("1 < -2", "(1 < (-2))"),
        ("1<=2 and 3>=4 AND 5>6", "((1 <= 2) and (3 >= 4) and (5 > 6))"),
        ("[a] or [b] and [c] or [d]", "([a] or ([b] and [c]) or [d])"),
        ("not [a] = 1 and [b]", "((not ([a] = 1)) and [b])"),
        ("not not [a]", "(not (not [a]))"),
        ("not([a]) or(true)", "((not [a]) or true)"),
        ("([a] or [b]) and False", "(([a] or [b]) and false)"),
        ("[a] in (1, -2)", "([a] in (1, (-2)))"),
        ("[a] in [\"x\", 'y']", "([a] in (\"x\", \"y\"))"),
        ("[a] in [[b], [c] ]", "([a] in ([b], [c]))"),
        ("[a] + 1 not in (2) and null = 1", "((([a] + 1) not in (2)) and (null = 1))"),
        ("not [a] in (1)", "(not ([a] in (1)))"),
        ("if([a] > 1, \"x\", null)", "if(([a] > 1), \"x\", null)"),
        ("([a] = 1) = true", "(([a] = 1) = true)"),
        ("null()", "null"),
        ("[a] = 1 and ([b] < 2 or not [c])", "(([a] = 1) and (([b] < 2) or (not [c])))"),
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
        ("1 < 2 < 3", "at character 7, a comparison cannot be compared again: join two"),
        ("[a] in (1) = true", "at character 12, a comparison cannot be compared again"),
        ("1 === 2", "at character 3, `===` is no operator here; did you mean `=`?"),
        ("1 => 2", "at character 3, `=>` is no operator here; did you mean `>=`?"),
        ("1 =! 2", "at character 3, `=!` is no operator here; did you mean `=`, `!=`"),
        ("[a] && [b]", "at character 5, `&&` is no operator here; did you mean `and`?"),
        ("'a' || 'b'", "at character 5, `||` is no operator here; did you mean `or`, or `concat` for texts?"),
        ("[a] !in (1)", "at character 5, `!` is no operator here; did you mean `not in`"),
        ("!([a])", "at character 1, `!` is no sign of formulas: write `not`"),
        ("[a] is null", "at character 5, `is` stands where an operator or the end is expected; NULL is asked for by"),
        ("([a] between 1 and 2)", "at character 6, `between` stands where an operator or `)` is expected; write it as"),
        ("[a] like 'x%'", "at character 5, `like` stands where an operator or the end is expected; it is a function"),
        ("case when [a] then 1 end", "at character 1, `case` is a function: `case(condition"),
        ("[a] not 1", "at character 5, `not` stands before a condition, or before `in`"),
        ("[a] in 1", "at character 8, `in` needs a list behind it"),
        ("[a] in", "at character 7, `in` needs a list behind it"),
        ("[a] in ()", "at character 8, the list is empty"),
        ("[a] in (1, 2", "at character 8, a parenthesis is opened and not closed"),
        ("[a] in [1, 2", "at character 8, a list is opened and not closed"),
        ("[a] in [1, 2)", "at character 13, `)` stands where an operator or `]`"),
        ("and 1", "at character 1, `and` stands where a value is expected"),
        ("1 + not(true)", "at character 5, `not` stands where a value is expected: put it into parentheses"),
        ("[a] and", "at character 8, the end of the formula stands where a number"),
        ("{{__x__}}", "at character 1, `{` begins a variable of a dashboard"),
    ] {
        let told = parse(formula).unwrap_err().told(formula);
        assert!(told.starts_with(expected), "{formula}: {told}");
    }
}

#[test]
fn deep_and_long_formulas_are_refused() {
    for deep in ["(", "-", "f(", "-(", "f(-", "not ", "not (", "1 in (", "1=(", "if(not "] {
        let told = parse(&deep.repeat(4000 / deep.len())).unwrap_err().message;
        assert!(told.contains("nested more than 32 deep"), "{told}");
    }
    assert!(parse(&format!("{}1{}", "(".repeat(31), ")".repeat(31))).is_ok());
    assert!(parse(&format!("1{}", "+1".repeat(3000))).unwrap_err().message.contains("may have 4096"));
    assert!(parse(&format!("1{}", "+(1)".repeat(64))).is_ok(), "what is closed is not nested");
    assert!(parse(&format!("1{}", "+1".repeat(65))).unwrap_err().message.contains("more than 64 operations"));
    let many = format!("f({})", vec!["1+1"; 1000].join(","));
    assert!(parse(&many).is_ok());
}
