//! Signatures of the functions of numbers and of the conversions between types.

use super::signature::{
    ANY_INT, Accepts, Function, FunctionKind, Growth, Operation, Parameter, Repeats, Returns, RowFunction, operations,
    optional, repeating, required,
};

operations! {
    /// A function of numbers, or a conversion between types.
    NumberFunction {
        Abs = "abs",
        Ceil = "ceil",
        Floor = "floor",
        Round = "round",
        Sign = "sign",
        Sqrt = "sqrt",
        Power = "power",
        Exp = "exp",
        Ln = "ln",
        Log = "log",
        Least = "least",
        Greatest = "greatest",
        ToInt = "to_int",
        Float = "float",
        Str = "str",
    }
}

const NUMBER: Parameter = required("number", Accepts::Number);
const VALUES: &[Parameter] = &[required("value", Accepts::Alike), required("other", Accepts::Alike)];
const PLAIN: &[Parameter] = &[required("value", Accepts::Plain)];

pub(super) const FUNCTIONS: &[Function] = &[
    function(NumberFunction::Abs, &[], &[NUMBER], Returns::Number, "Returns the absolute value"),
    function(NumberFunction::Ceil, &["ceiling"], &[NUMBER], Returns::Number, "Rounds up to a whole number"),
    function(NumberFunction::Floor, &[], &[NUMBER], Returns::Number, "Rounds down to a whole number"),
    repeating(
        6,
        function(
            NumberFunction::Round,
            &[],
            &[NUMBER, optional("digits", Accepts::LiteralInt(-15, 15))],
            Returns::Number,
            "Rounds to this number of decimal places (default: 0); halves round away from zero",
        ),
    ),
    function(NumberFunction::Sign, &[], &[NUMBER], Returns::Int(1), "Returns -1, 0 or 1"),
    float(2, NumberFunction::Sqrt, &[], &[NUMBER], "Returns the square root; NULL for a negative number"),
    float(
        2,
        NumberFunction::Power,
        &["pow"],
        &[NUMBER, required("exponent", Accepts::Number)],
        "Raises the number to a power; NULL for 0 to a negative power",
    ),
    float(1, NumberFunction::Exp, &[], &[NUMBER], "Returns e raised to the number"),
    float(2, NumberFunction::Ln, &[], &[NUMBER], "Returns the natural logarithm; NULL unless the number is positive"),
    float(
        2,
        NumberFunction::Log,
        &["log10"],
        &[NUMBER],
        "Returns the logarithm to base 10; NULL unless the number is positive",
    ),
    Function {
        name: "mod",
        aliases: &[],
        parameters: &[NUMBER, required("divisor", Accepts::Number)],
        repeats: Repeats::None,
        returns: Returns::Number,
        doc: "Returns the remainder, like `%`: it has the sign of the number; NULL if the divisor is 0",
        kind: FunctionKind::Remainder,
    },
    extreme(NumberFunction::Least, "Returns the smallest of the values that are not NULL"),
    extreme(NumberFunction::Greatest, "Returns the largest of the values that are not NULL"),
    function(
        NumberFunction::ToInt,
        &["int"],
        PLAIN,
        ANY_INT,
        "Converts to an integer; NULL if the value cannot be converted",
    ),
    float(
        1,
        NumberFunction::Float,
        &["numeric", "to_number"],
        PLAIN,
        "Converts to a float; NULL if the value cannot be converted",
    ),
    function(NumberFunction::Str, &["to_str"], &[required("value", Accepts::Any)], Returns::Text, "Converts to text"),
];

const fn function(
    operation: NumberFunction,
    aliases: &'static [&'static str],
    parameters: &'static [Parameter],
    returns: Returns,
    doc: &'static str,
) -> Function {
    let (name, operation) = (operation.name(), Operation::Number(operation));
    let kind = FunctionKind::Row(RowFunction { operation, uses: 1, depth: 4, growth: Growth::Longest });
    Function { name, aliases, parameters, repeats: Repeats::None, returns, doc, kind }
}

/// A function whose result may be infinite or NaN.
const fn float(
    uses: usize,
    operation: NumberFunction,
    aliases: &'static [&'static str],
    parameters: &'static [Parameter],
    doc: &'static str,
) -> Function {
    repeating(uses, function(operation, aliases, parameters, Returns::UncheckedFloat, doc))
}

/// The smallest or largest of several values.
const fn extreme(operation: NumberFunction, doc: &'static str) -> Function {
    Function { repeats: Repeats::Last, ..function(operation, &[], VALUES, Returns::Alike, doc) }
}
