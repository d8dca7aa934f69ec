//! Tests of the grammar: the tree of a valid formula and the message for an invalid one.

use super::*;

/// Writes a tree with parentheses around every operation.
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
            format!("({} {} {})", shown(left), comparison.symbol(), shown(right))
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
            format!("({} {} {})", shown(left), operator.symbol(), shown(right))
        }
        Node::Call(name, arguments) => {
            format!("{name}({})", arguments.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
    }
}

#[test]
fn arithmetic_precedence_follows_mathematics() {
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
        assert_eq!(parse(formula).map(|tree| shown(&tree)).unwrap_or_else(|e| e.located_in(formula)), expected);
    }
}

#[test]
fn condition_precedence_follows_sql() {
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
        assert_eq!(parse(formula).map(|tree| shown(&tree)).unwrap_or_else(|e| e.located_in(formula)), expected);
    }
}

#[test]
fn doubled_delimiters_are_unescaped() {
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
fn syntax_errors_name_character_and_expectation() {
    for (formula, expected) in [
        (
            "",
            "at character 1, expected a number, text, column in brackets, function or parenthesis, found the end of the formula",
        ),
        (
            "1 +",
            "at character 4, expected a number, text, column in brackets, function or parenthesis, found the end of the formula",
        ),
        ("é * 2", "at character 1, unknown word `é`: write `[é]` for a column, `é(..)` for a function"),
        ("'é' $ 2", "at character 5, expected an operator or the end, found `$`"),
        ("(1 + 2", "at character 1, this `(` is never closed: add `)`"),
        ("sum([a]", "at character 4, this `(` is never closed: add `)`"),
        ("sum([a] [b])", "at character 9, expected an operator or `)`, found `[`"),
        ("2 * [sales", "at character 5, this column name is never closed: add `]`"),
        ("'a", "at character 1, this text is never closed: add `'`"),
        ("10abc", "at character 1, `10abc` is not a number"),
        ("1.2.3", "at character 1, `1.2.3` is not a number"),
        ("1e", "at character 1, `1e` is not a number"),
        (".", "at character 1, `.` is not a number"),
        ("1e999", "at character 1, the number 1e999 is too large for a float"),
        (
            "1 + 18446744073709551616",
            "at character 5, the integer 18446744073709551616 is too large for 64 bits: write",
        ),
        ("f(1,)", "at character 5, expected a number, text, column in brackets, function or parenthesis, found `)`"),
        ("1 < 2 < 3", "at character 7, comparisons cannot be chained: join them with `and`"),
        ("[a] in (1) = true", "at character 12, comparisons cannot be chained"),
        ("1 === 2", "at character 3, `===` is not an operator; did you mean `=`?"),
        ("1 => 2", "at character 3, `=>` is not an operator; did you mean `>=`?"),
        ("1 =! 2", "at character 3, `=!` is not an operator; did you mean `=`, `!=`"),
        ("[a] && [b]", "at character 5, `&&` is not an operator; did you mean `and`?"),
        ("'a' || 'b'", "at character 5, `||` is not an operator; did you mean `or`, or `concat` for text?"),
        ("[a] !in (1)", "at character 5, `!` is not an operator; did you mean `not in`"),
        ("!([a])", "at character 1, `!` is not an operator: write `not`"),
        ("[a] is null", "at character 5, expected an operator or the end, found `is`; to test for NULL, write"),
        ("([a] between 1 and 2)", "at character 6, expected an operator or `)`, found `between`; write `[a] >= 1"),
        ("[a] like 'x%'", "at character 5, expected an operator or the end, found `like`; it is a function"),
        ("case when [a] then 1 end", "at character 1, `case` is a function: write `case(condition"),
        ("[a] not 1", "at character 5, unexpected `not`: write it before a condition or before `in`"),
        ("[a] in 1", "at character 8, expected a list after `in`"),
        ("[a] in", "at character 7, expected a list after `in`"),
        ("[a] in ()", "at character 8, the list is empty"),
        ("[a] in (1, 2", "at character 8, this `(` is never closed: add `)`"),
        ("[a] in [1, 2", "at character 8, this `[` is never closed: add `]`"),
        ("[a] in [1, 2)", "at character 13, expected an operator or `]`, found `)`"),
        ("and 1", "at character 1, expected a value, found `and`"),
        ("1 + not(true)", "at character 5, expected a value, found `not`: put `not` and its condition in parentheses"),
        (
            "[a] and",
            "at character 8, expected a number, text, column in brackets, function or parenthesis, found the end of the formula",
        ),
        ("{{__x__}}", "at character 1, `{` starts a dashboard variable"),
    ] {
        let error = parse(formula).unwrap_err().located_in(formula);
        assert!(error.starts_with(expected), "{formula}: {error}");
    }
}

#[test]
fn deep_and_long_formulas_are_rejected() {
    for deep in ["(", "-", "f(", "-(", "f(-", "not ", "not (", "1 in (", "1=(", "if(not "] {
        let message = parse(&deep.repeat(4000 / deep.len())).unwrap_err().message;
        assert!(message.contains("nested more than 32 deep"), "{message}");
    }
    assert!(parse(&format!("{}1{}", "(".repeat(31), ")".repeat(31))).is_ok());
    assert!(parse(&format!("1{}", "+1".repeat(3000))).unwrap_err().message.contains("the limit is 4096"));
    assert!(parse(&format!("1{}", "+(1)".repeat(64))).is_ok(), "closed parentheses are not nested");
    assert!(parse(&format!("1{}", "+1".repeat(65))).unwrap_err().message.contains("more than 64 operations"));
    let many = format!("f({})", vec!["1+1"; 1000].join(","));
    assert!(parse(&many).is_ok());
}
