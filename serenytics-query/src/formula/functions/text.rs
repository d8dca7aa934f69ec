//! Signatures of the functions of text. Positions and lengths count characters, not bytes.

use super::signature::{
    Accepts, Function, FunctionKind, Growth, LENGTH, Operation, Parameter, Repeats, Returns, RowFunction, operations,
    optional, repeating, required,
};

operations! {
    /// A function of text.
    TextFunction {
        Like = "like",
        Ilike = "ilike",
        Contains = "contains",
        Icontains = "icontains",
        RegexpMatch = "regexp_match",
        StartsWith = "starts_with",
        EndsWith = "ends_with",
        Left = "left",
        Right = "right",
        Substring = "substring",
        StrLen = "str_len",
        LowerCase = "lower_case",
        UpperCase = "upper_case",
        Trim = "trim",
        Lpad = "lpad",
        Rpad = "rpad",
        Split = "split",
        Position = "position",
        Replace = "replace",
        Concat = "concat",
    }
}

const TEXT: Parameter = required("text", Accepts::Text);
const PART: Parameter = required("part", Accepts::Text);
/// A pattern, with the number of characters that it may have.
const PATTERN: Accepts = Accepts::LiteralText(500);
/// The length to which text may be padded.
const WIDTH: Accepts = Accepts::LiteralInt(0, 1000);
const PADDING: &[Parameter] = &[TEXT, required("length", WIDTH), optional("fill", PATTERN)];

pub(super) const FUNCTIONS: &[Function] = &[
    test(
        TextFunction::Like,
        &[TEXT, required("pattern", PATTERN)],
        "Returns true if the whole text matches the pattern",
    ),
    test(TextFunction::Ilike, &[TEXT, required("pattern", PATTERN)], "Like `like`, but ignores case"),
    test(TextFunction::Contains, &[TEXT, PART], "Returns true if the text contains the part"),
    test(TextFunction::Icontains, &[TEXT, PART], "Like `contains`, but ignores case"),
    test(
        TextFunction::RegexpMatch,
        &[TEXT, required("pattern", Accepts::Regex)],
        "Returns true if the regular expression matches anywhere in the text",
    ),
    test(TextFunction::StartsWith, &[TEXT, PART], "Returns true if the text starts with the part"),
    test(TextFunction::EndsWith, &[TEXT, PART], "Returns true if the text ends with the part"),
    function(
        TextFunction::Left,
        &[],
        &[TEXT, required("length", Accepts::Int)],
        Returns::Text,
        "Returns the first characters; with a negative length, all but the last ones",
    ),
    function(
        TextFunction::Right,
        &[],
        &[TEXT, required("length", Accepts::Int)],
        Returns::Text,
        "Returns the last characters; with a negative length, all but the first ones",
    ),
    repeating(
        2,
        function(
            TextFunction::Substring,
            &["substr"],
            &[TEXT, required("start", Accepts::Int), optional("length", Accepts::Int)],
            Returns::Text,
            "Returns `length` characters from position `start`, or all up to the end",
        ),
    ),
    function(TextFunction::StrLen, &["length", "len"], &[TEXT], LENGTH, "Returns the number of characters"),
    function(TextFunction::LowerCase, &["lower"], &[TEXT], Returns::Text, "Returns the text in lower case"),
    function(TextFunction::UpperCase, &["upper"], &[TEXT], Returns::Text, "Returns the text in upper case"),
    function(TextFunction::Trim, &[], &[TEXT], Returns::Text, "Removes the spaces at both ends"),
    function(
        TextFunction::Lpad,
        &[],
        PADDING,
        Returns::Text,
        "Pads the text at the start with spaces, or with `fill`, to `length` characters",
    ),
    function(
        TextFunction::Rpad,
        &[],
        PADDING,
        Returns::Text,
        "Pads the text at the end with spaces, or with `fill`, to `length` characters",
    ),
    function(
        TextFunction::Split,
        &["split_part"],
        &[TEXT, required("separator", PATTERN), required("index", Accepts::LiteralInt(1, 10_000))],
        Returns::Text,
        "Splits the text at the separators and returns one part, counted from 1",
    ),
    function(
        TextFunction::Position,
        &[],
        &[TEXT, PART],
        LENGTH,
        "Returns the position of the first occurrence of the part, or 0 if there is none",
    ),
    Function {
        kind: row(TextFunction::Replace, 2, Growth::Replaced),
        ..function(
            TextFunction::Replace,
            &[],
            &[TEXT, required("part", PATTERN), required("by", PATTERN)],
            Returns::Text,
            "Replaces every occurrence of `part` by `by`; both are text in quotes",
        )
    },
    Function {
        repeats: Repeats::Last,
        kind: row(TextFunction::Concat, 7, Growth::Sum),
        ..function(
            TextFunction::Concat,
            &[],
            &[TEXT, required("other", Accepts::Text)],
            Returns::Text,
            "Joins the texts in order",
        )
    },
];

const fn function(
    operation: TextFunction,
    aliases: &'static [&'static str],
    parameters: &'static [Parameter],
    returns: Returns,
    doc: &'static str,
) -> Function {
    let kind = row(operation, 3, Growth::Longest);
    Function { name: operation.name(), aliases, parameters, repeats: Repeats::None, returns, doc, kind }
}

const fn test(operation: TextFunction, parameters: &'static [Parameter], doc: &'static str) -> Function {
    function(operation, &[], parameters, Returns::Boolean, doc)
}

const fn row(operation: TextFunction, depth: usize, growth: Growth) -> FunctionKind {
    FunctionKind::Row(RowFunction { operation: Operation::Text(operation), uses: 1, depth, growth })
}
