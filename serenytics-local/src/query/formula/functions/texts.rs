//! Functions of texts. A position or length counts characters, not bytes.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::expr_fn as built_in;
use datafusion::logical_expr::{Operator, binary_expr, cast};
use datafusion::prelude::{Expr, lit};

use super::arguments::{Arguments, balanced, chosen, text};
use super::{
    Function, Gives, Growth, LENGTH, Meaning, Parameter, Repeats, RowFunction, Takes, needed, optional, repeating,
};

const TEXT: Parameter = needed("text", Takes::Text);
/// How many characters a pattern may have.
const PATTERN: Takes = Takes::Written(500);
/// How long a text may be padded.
const WIDTH: Takes = Takes::WrittenInt(0, 1000);

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "like",
        &[],
        &[TEXT, needed("pattern", PATTERN)],
        Gives::Boolean,
        "Whether the whole text is like the pattern, in which `_` stands for one character and `%` for any number of them; `\\` makes a sign of either",
        |a| a.cell(0).like(a.cell(1)),
    ),
    function(
        "ilike",
        &[],
        &[TEXT, needed("pattern", PATTERN)],
        Gives::Boolean,
        "`like` for which upper and lower case are the same",
        |a| a.cell(0).ilike(a.cell(1)),
    ),
    function(
        "contains",
        &[],
        &[TEXT, needed("part", Takes::Text)],
        Gives::Boolean,
        "Whether the part is somewhere in the text",
        |a| built_in::contains(a.cell(0), a.cell(1)),
    ),
    function(
        "icontains",
        &[],
        &[TEXT, needed("part", Takes::Text)],
        Gives::Boolean,
        "`contains` for which upper and lower case are the same",
        |a| built_in::contains(built_in::lower(a.cell(0)), built_in::lower(a.cell(1))),
    ),
    function(
        "regexp_match",
        &[],
        &[TEXT, needed("pattern", Takes::Regex)],
        Gives::Boolean,
        "Whether the regular expression is met somewhere in the text; `^` and `$` are its ends",
        |a| built_in::regexp_like(a.cell(0), a.cell(1), None),
    ),
    function(
        "starts_with",
        &[],
        &[TEXT, needed("part", Takes::Text)],
        Gives::Boolean,
        "Whether the text begins with the part",
        |a| built_in::starts_with(a.cell(0), a.cell(1)),
    ),
    function(
        "ends_with",
        &[],
        &[TEXT, needed("part", Takes::Text)],
        Gives::Boolean,
        "Whether the text ends with the part",
        |a| built_in::ends_with(a.cell(0), a.cell(1)),
    ),
    function(
        "left",
        &[],
        &[TEXT, needed("length", Takes::Int)],
        Gives::Text,
        "The first characters; all but the last ones for a length below zero",
        |a| built_in::left(a.cell(0), a.cell(1)),
    ),
    function(
        "right",
        &[],
        &[TEXT, needed("length", Takes::Int)],
        Gives::Text,
        "The last characters; all but the first ones for a length below zero",
        |a| built_in::right(a.cell(0), a.cell(1)),
    ),
    repeating(
        2,
        function(
            "substring",
            &["substr"],
            &[TEXT, needed("start", Takes::Int), optional("length", Takes::Int)],
            Gives::Text,
            "The characters from a position on, the first being 1; up to the end unless a length is given. A start before 1 counts, and gives nothing; a length below zero is 0",
            substring,
        ),
    ),
    function("str_len", &["length", "len"], &[TEXT], LENGTH, "How many characters the text has", |a| {
        built_in::character_length(a.cell(0))
    }),
    function("lower_case", &["lower"], &[TEXT], Gives::Text, "The text in lower case", |a| built_in::lower(a.cell(0))),
    function("upper_case", &["upper"], &[TEXT], Gives::Text, "The text in upper case", |a| built_in::upper(a.cell(0))),
    function("trim", &[], &[TEXT], Gives::Text, "The text without the spaces at its ends", |a| {
        built_in::btrim(vec![a.cell(0)])
    }),
    function(
        "lpad",
        &[],
        &[TEXT, needed("length", WIDTH), optional("fill", PATTERN)],
        Gives::Text,
        "The text with spaces, or the fill, before it up to a length of at most 1,000; a longer text is cut at its end",
        |a| built_in::lpad(padding(a)),
    ),
    function(
        "rpad",
        &[],
        &[TEXT, needed("length", WIDTH), optional("fill", PATTERN)],
        Gives::Text,
        "The text with spaces, or the fill, behind it up to a length of at most 1,000; a longer text is cut at its end",
        |a| built_in::rpad(padding(a)),
    ),
    function(
        "split",
        &["split_part"],
        &[TEXT, needed("separator", PATTERN), needed("index", Takes::WrittenInt(1, 10_000))],
        Gives::Text,
        "The part of a text between separators, the first being 1; a text without a character if there are fewer",
        |a| built_in::split_part(a.cell(0), a.cell(1), a.cell(2)),
    ),
    function(
        "position",
        &[],
        &[TEXT, needed("part", Takes::Text)],
        LENGTH,
        "Where the part first begins in the text, the first character being 1; 0 if nowhere",
        |a| built_in::strpos(a.cell(0), a.cell(1)),
    ),
    Function {
        name: "replace",
        also: &[],
        parameters: &[TEXT, needed("part", PATTERN), needed("by", PATTERN)],
        repeats: Repeats::Once,
        gives: Gives::Text,
        does: "The text with every part replaced; the part and what replaces it are written in the formula",
        meaning: Meaning::Row(RowFunction {
            uses: 1,
            depth: 2,
            growth: Growth::Replaced,
            lower: |a| built_in::replace(a.cell(0), a.cell(1), a.cell(2)),
        }),
    },
    Function {
        name: "concat",
        also: &[],
        parameters: &[TEXT, needed("other", Takes::Text)],
        repeats: Repeats::Last,
        gives: Gives::Text,
        does: "The texts, one behind the other",
        meaning: Meaning::Row(RowFunction { uses: 1, depth: 7, growth: Growth::Sum, lower: concatenation }),
    },
];

const fn function(
    name: &'static str,
    also: &'static [&'static str],
    parameters: &'static [Parameter],
    gives: Gives,
    does: &'static str,
    lower: fn(&Arguments<'_>) -> Expr,
) -> Function {
    let meaning = Meaning::Row(RowFunction { uses: 1, depth: 3, growth: Growth::Kept, lower });
    Function { name, also, parameters, repeats: Repeats::Once, gives, does, meaning }
}

fn substring(arguments: &Arguments<'_>) -> Expr {
    // The built-in function goes one position back.
    let start = at_least(arguments.cell(1), -i64::MAX);
    match arguments.optional(2) {
        None => built_in::substr(arguments.cell(0), start),
        Some(length) => built_in::substring(arguments.cell(0), start, at_least(length, 0)),
    }
}

fn at_least(value: Expr, least: i64) -> Expr {
    chosen(vec![(value.clone().lt(lit(least)), lit(least))], Some(value))
}

fn padding(arguments: &Arguments<'_>) -> Vec<Expr> {
    let fill = arguments.optional(2).unwrap_or_else(|| text(" "));
    vec![arguments.cell(0), cast(arguments.cell(1), DataType::Int64), fill]
}

fn concatenation(arguments: &Arguments<'_>) -> Expr {
    let joined = balanced(arguments.all(), |left, right| binary_expr(left, Operator::StringConcat, right));
    joined.unwrap_or_else(|| text(""))
}
