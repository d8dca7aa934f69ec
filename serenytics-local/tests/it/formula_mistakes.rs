//! What the messages of wrong formulas say: where, what was expected, and what was probably meant.

use serde_json::json;

use crate::formula_functions::loaded;
use crate::measures::named;
use crate::support::Engine;

#[tokio::test]
async fn wrong_measures_are_told_at_the_character() {
    let engine = Engine::start().await;
    let uuid = loaded(&engine).await;
    let cases = [
        ("lowr([t])", "at character 1, there is no function `lowr`; did you mean `lower`?"),
        (
            "1 + ABS([q])",
            "at character 9, `number` of `abs(number)` has to be a number and this is a text: `float` makes one",
        ),
        (
            "substring([t])",
            "at character 1, `substring(text, start, [length])` takes 2 to 3 arguments and has 1. It gives: The characters",
        ),
        (
            "left([t], 2.5)",
            "at character 11, `length` of `left(text, length)` has to be an integer and this is a number: `to_int` makes one",
        ),
        (
            "upper([i])",
            "at character 7, `text` of `upper_case(text)` has to be a text and this is an integer: `str` makes one",
        ),
        ("month([t])", "has to be a datetime and this is a text: `datetime_from_string` makes one of it"),
        (
            "month(\"2020-13-01\")",
            "at character 7, \"2020-13-01\" is no datetime: a datetime is written \"2013-01-31\"",
        ),
        ("[d] > \"soon\"", "at character 7, \"soon\" is no datetime"),
        (
            "[t] > [d]",
            "at character 7, `>` needs values of one type, and this is a datetime beside a text: `datetime_from_string`",
        ),
        (
            "[t] = 1",
            "at character 7, `=` needs values of one type, and this is an integer beside a text: a number has no quotes",
        ),
        (
            "[i] in (1, \"2\")",
            "at character 12, `in` needs values of one type, and this is a text beside an integer: a number has no quotes",
        ),
        ("[i] = null", "at character 7, `=` is never met by NULL: ask for it by `is_defined` or `is_not_defined`"),
        ("[i] in (1, null)", "at character 12, `in` is never met by NULL"),
        ("[i] and true", "at character 1, `and` needs a condition, as `[a] > 1`, and this is an integer"),
        ("not [t]", "at character 5, `not` needs a condition"),
        (
            "if([i], 1, 2)",
            "at character 4, `condition` of `if(condition, value, .., [otherwise])` has to be a condition, as `[a] > 1`, and this is an integer",
        ),
        (
            "if([i] > 1, 1, \"a\")",
            "at character 16, `if` needs values of one type, and this is a text beside an integer",
        ),
        ("if([i] > 1, null)", "at character 13, `if` is given nothing but NULL"),
        ("null", "at character 1, the formula gives nothing but NULL, and so has no type"),
        ("null + 1", "at character 1, `+` needs numbers and this is NULL"),
        ("([i] > 1) + 1", "at character 2, `+` needs numbers and this is a condition: `to_int` makes it 1 or 0"),
        ("[t] + \"x\"", "at character 1, `+` needs numbers and this is a text: texts are joined by `concat`"),
        ("[d] + 1", "at character 1, `+` needs numbers and this is a datetime: time is added by `date_add`"),
        (
            "date_add([d], 1, \"mnth\")",
            "at character 18, this is no `unit` of `date_add(date, count, [unit])`; did you mean \"month\"?",
        ),
        ("date_trunc([d], \"second\")", "at character 17, this is no `slot` of `date_trunc(date, slot)`"),
        (
            "extract_date_part([d], [t])",
            "at character 24, this is no `part` of `extract_date_part(date, part)`: it is one of `year`",
        ),
        (
            "like([t], [s])",
            "at character 11, `pattern` of `like(text, pattern)` has to be a text that is written there, in quotes",
        ),
        (
            "regexp_match([t], \"(\")",
            "at character 19, `pattern` of `regexp_match(text, pattern)` is no regular expression",
        ),
        ("regexp_match([t], \"((a{1000}){1000}){1000}\")", "is no regular expression"),
        (
            "utc_to_timezone([d], \"Europe/Pariss\")",
            "at character 22, \"Europe/Pariss\" is no time zone: one is \"Europe/Paris\"",
        ),
        (
            "lpad([t], 1001)",
            "at character 11, `length` of `lpad(text, length, [fill])` has to be an integer from 0 to 1000 that is written there",
        ),
        ("split([t], \",\", 0)", "has to be an integer from 1 to 10000 that is written there"),
        (
            "split([t], \"\", 1)",
            "at character 12, `separator` of `split(text, separator, index)` is a text without a character",
        ),
        ("replace([t], \"\", \"x\")", "is a text without a character, which is everywhere"),
        ("float([d])", "has to be a number, a text or a condition and this is a datetime"),
        ("is_defined(null)", "has to be a value and this is NULL"),
        ("{{__myVar__}} > 1", "at character 1, `{` begins a variable of a dashboard"),
        ("1 < [i] < 9", "at character 9, a comparison cannot be compared again"),
        ("[t] || [s]", "at character 5, `||` is no operator here; did you mean `or`, or `concat` for texts?"),
    ];
    for (formula, expected) in cases {
        engine.save_measures(&uuid, &[("u", "m", formula)]).await;
        let error = engine.refusal(&uuid, json!({"select": [named("m", "u")]})).await;
        assert!(error.starts_with("the formula of the measure `m` is wrong: at character "), "{formula}: {error}");
        assert!(error.contains(expected), "{formula}: {error}");
    }
    let long = format!("regexp_match([t], \"{}\")", "é".repeat(201));
    engine.save_measures(&uuid, &[("u", "m", &long)]).await;
    let error = engine.refusal(&uuid, json!({"select": [named("m", "u")]})).await;
    assert!(error.contains("has 201 characters and may have 200"), "{error}");
}

#[tokio::test]
async fn wrong_value_formulas_are_told_at_the_character() {
    let engine = Engine::start().await;
    let uuid = loaded(&engine).await;
    let cases = [
        (
            "sum_if([i])",
            "at character 1, `sum_if(value, condition)` takes 2 arguments and has 1. It gives: The sum over the rows",
        ),
        ("sum_if([i], [i])", "at character 13, `condition` of `sum_if(value, condition)` has to be a condition"),
        (
            "sum_if([i], sum([i]) > 1)",
            "at character 13, `sum` is over all rows and cannot stand inside of another aggregate",
        ),
        ("sum([i] > 1)", "has to be a number and this is a condition: `to_int` makes one of it"),
        ("if(count() > 1, \"a\", \"b\")", "at character 1, a value formula gives a number, and this one gives a text"),
        ("max([d])", "a value formula gives a number, and this one gives a datetime"),
        ("round(avg([i]), [i])", "at character 17, `[i]` has a value for each row"),
        ("count_if([i] > 1) > [x]", "at character 21, `[x]` has a value for each row"),
        ("min([i], [x])", "`min(value)` takes 1 argument and has 2; the smaller of several values is `least`"),
    ];
    for (formula, expected) in cases {
        let error = engine.refusal(&uuid, json!({"select": [formula]})).await;
        assert!(error.contains(expected), "{formula}: {error}");
    }
}
