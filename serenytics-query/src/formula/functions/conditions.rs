//! Signatures of the functions of conditions, choices and NULL.

use super::signature::{
    Accepts, Function, FunctionKind, Growth, Operation, Parameter, Repeats, Returns, RowFunction, operations, optional,
    required,
};

operations! {
    /// A function of conditions, choices or NULL.
    ConditionFunction {
        If = "if",
        Coalesce = "coalesce",
        NullIf = "null_if",
        IsDefined = "is_defined",
        IsNotDefined = "is_not_defined",
        IsEmpty = "is_empty",
        IsNotEmpty = "is_not_empty",
    }
}

const ANY: &[Parameter] = &[required("value", Accepts::Any)];
const VALUES: &[Parameter] = &[required("value", Accepts::Alike), required("other", Accepts::Alike)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        aliases: &["case"],
        repeats: Repeats::Pairs,
        ..choice(
            ConditionFunction::If,
            &[
                required("condition", Accepts::Condition),
                required("value", Accepts::Alike),
                optional("otherwise", Accepts::Alike),
            ],
            "Returns the value after the first condition that is true, or else `otherwise` or NULL",
        )
    },
    Function {
        aliases: &["if_null", "ifnull", "nvl"],
        repeats: Repeats::Last,
        ..choice(ConditionFunction::Coalesce, VALUES, "Returns the first value that is not NULL")
    },
    Function {
        aliases: &["nullif"],
        ..choice(ConditionFunction::NullIf, VALUES, "Returns NULL if both values are equal, the first value otherwise")
    },
    test(ConditionFunction::IsDefined, &[], 1, "Returns true if the value is not NULL"),
    test(ConditionFunction::IsNotDefined, &["is_null"], 1, "Returns true if the value is NULL"),
    test(ConditionFunction::IsEmpty, &[], 2, "Returns true if the value is NULL or empty text"),
    test(ConditionFunction::IsNotEmpty, &[], 2, "Returns true if the value is neither NULL nor empty text"),
];

const fn choice(operation: ConditionFunction, parameters: &'static [Parameter], doc: &'static str) -> Function {
    Function {
        name: operation.name(),
        aliases: &[],
        parameters,
        repeats: Repeats::None,
        returns: Returns::Alike,
        doc,
        kind: row(operation, 1),
    }
}

const fn test(
    operation: ConditionFunction,
    aliases: &'static [&'static str],
    uses: usize,
    doc: &'static str,
) -> Function {
    Function {
        name: operation.name(),
        aliases,
        parameters: ANY,
        repeats: Repeats::None,
        returns: Returns::Boolean,
        doc,
        kind: row(operation, uses),
    }
}

const fn row(operation: ConditionFunction, uses: usize) -> FunctionKind {
    let operation = Operation::Condition(operation);
    FunctionKind::Row(RowFunction { operation, uses, depth: 3, growth: Growth::Longest })
}
