//! Error messages of invalid formulas: position, expectation and suggestion.

use serde_json::json;

use crate::formula_functions::loaded;
use crate::measures::named;
use crate::support::LocalEngine;

#[tokio::test]
async fn measure_formula_mistakes_have_positions() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let cases = [
        ("lowr([t])", "at character 1, there is no function `lowr`; did you mean `lower`?"),
        ("1 + ABS([q])", "at character 9, `number` of `abs(number)` must be a number, found text; `float` converts it"),
        (
            "substring([t])",
            "at character 1, `substring(text, start, [length])` takes 2 to 3 arguments, found 1. Returns `length` characters",
        ),
        (
            "left([t], 2.5)",
            "at character 11, `length` of `left(text, length)` must be an integer, found a float; `to_int` converts it",
        ),
        (
            "upper([i])",
            "at character 7, `text` of `upper_case(text)` must be text, found an integer; `str` converts it",
        ),
        ("month([t])", "must be a datetime, found text; `datetime_from_string` converts it"),
        ("month(\"2020-13-01\")", "at character 7, \"2020-13-01\" is not a datetime: write \"2013-01-31\""),
        ("[d] > \"soon\"", "at character 7, \"soon\" is not a datetime"),
        (
            "[t] > [d]",
            "at character 7, `>` needs values of one type: expected text, found a datetime; `datetime_from_string`",
        ),
        (
            "[t] = 1",
            "at character 7, `=` needs values of one type: expected text, found an integer; a number has no quotes",
        ),
        (
            "[i] in (1, \"2\")",
            "at character 12, `in` needs values of one type: expected an integer, found text; a number has no quotes",
        ),
        ("[i] = null", "at character 7, `=` never matches NULL: use `is_defined` or `is_not_defined`"),
        ("[i] in (1, null)", "at character 12, `in` never matches NULL"),
        ("[i] and true", "at character 1, `and` needs a condition such as `[a] > 1`, found an integer"),
        ("not [t]", "at character 5, `not` needs a condition"),
        (
            "if([i], 1, 2)",
            "at character 4, `condition` of `if(condition, value, .., [otherwise])` must be a condition such as `[a] > 1`, found an integer",
        ),
        ("if([i] > 1, 1, \"a\")", "at character 16, `if` needs values of one type: expected an integer, found text"),
        ("if([i] > 1, null)", "at character 13, every value of `if` is NULL, so it has no type"),
        ("null", "at character 1, the formula is always NULL, so it has no type"),
        ("null + 1", "at character 1, `+` needs numbers, found NULL"),
        ("([i] > 1) + 1", "at character 2, `+` needs numbers, found a condition; `to_int` converts it to 1 or 0"),
        ("[t] + \"x\"", "at character 1, `+` needs numbers, found text; `concat` joins text"),
        ("[d] + 1", "at character 1, `+` needs numbers, found a datetime; `date_add` adds time"),
        (
            "date_add([d], 1, \"mnth\")",
            "at character 18, unknown `unit` of `date_add(date, count, [unit])`; did you mean \"month\"?",
        ),
        ("date_trunc([d], \"second\")", "at character 17, unknown `slot` of `date_trunc(date, slot)`"),
        (
            "extract_date_part([d], [t])",
            "at character 24, unknown `part` of `extract_date_part(date, part)`: expected one of `year`",
        ),
        ("like([t], [s])", "at character 11, `pattern` of `like(text, pattern)` must be literal text in quotes"),
        (
            "regexp_match([t], \"(\")",
            "at character 19, `pattern` of `regexp_match(text, pattern)` is not a regular expression",
        ),
        ("regexp_match([t], \"((a{1000}){1000}){1000}\")", "is not a regular expression"),
        (
            "utc_to_timezone([d], \"Europe/Pariss\")",
            "at character 22, \"Europe/Pariss\" is not a time zone: write a name such as \"Europe/Paris\"",
        ),
        (
            "lpad([t], 1001)",
            "at character 11, `length` of `lpad(text, length, [fill])` must be a literal integer from 0 to 1000",
        ),
        ("split([t], \",\", 0)", "must be a literal integer from 1 to 10000"),
        ("split([t], \"\", 1)", "at character 12, `separator` of `split(text, separator, index)` must not be empty"),
        ("replace([t], \"\", \"x\")", "must not be empty"),
        ("float([d])", "must be a number, text or a condition, found a datetime"),
        ("is_defined(null)", "must be a value, found NULL"),
        ("{{__myVar__}} > 1", "at character 1, `{` starts a dashboard variable"),
        ("1 < [i] < 9", "at character 9, comparisons cannot be chained"),
        ("[t] || [s]", "at character 5, `||` is not an operator; did you mean `or`, or `concat` for text?"),
    ];
    for (formula, expected) in cases {
        engine.save_measures(&uuid, &[("u", "m", formula)]).await;
        let error = engine.rejection(&uuid, json!({"select": [named("m", "u")]})).await;
        assert!(error.starts_with("the formula of the measure `m` is invalid: at character "), "{formula}: {error}");
        assert!(error.contains(expected), "{formula}: {error}");
    }
    let long = format!("regexp_match([t], \"{}\")", "é".repeat(201));
    engine.save_measures(&uuid, &[("u", "m", &long)]).await;
    let error = engine.rejection(&uuid, json!({"select": [named("m", "u")]})).await;
    assert!(error.contains("has 201 characters; the limit is 200"), "{error}");
}

#[tokio::test]
async fn value_formula_mistakes_have_positions() {
    let engine = LocalEngine::start().await;
    let uuid = loaded(&engine).await;
    let cases = [
        (
            "sum_if([i])",
            "at character 1, `sum_if(value, condition)` takes 2 arguments, found 1. Returns the sum over the rows",
        ),
        ("sum_if([i], [i])", "at character 13, `condition` of `sum_if(value, condition)` must be a condition"),
        (
            "sum_if([i], sum([i]) > 1)",
            "at character 13, `sum` is an aggregate and cannot be used inside another aggregate",
        ),
        ("sum([i] > 1)", "must be a number, found a condition; `to_int` converts it"),
        ("if(count() > 1, \"a\", \"b\")", "at character 1, a value formula must be a number, found text"),
        ("max([d])", "a value formula must be a number, found a datetime"),
        ("round(avg([i]), [i])", "at character 17, `[i]` has a value for each row"),
        ("count_if([i] > 1) > [x]", "at character 21, `[x]` has a value for each row"),
        ("min([i], [x])", "`min(value)` takes 1 argument, found 2; `least` returns the smallest of several values"),
    ];
    for (formula, expected) in cases {
        let error = engine.rejection(&uuid, json!({"select": [formula]})).await;
        assert!(error.contains(expected), "{formula}: {error}");
    }
}
