//! Random formulas for fuzz tests, valid ones included: the language checks them, and the engine lowers them.

use proptest::strategy::Strategy;
use serenytics_query::formula::{Accepts, Environment, Function, FunctionKind, MeasureDefinition, Measures, Parameter};
use serenytics_query::formula::{Typed, functions};
use serenytics_query::vocabulary::ColumnType;

/// The columns of the formulas: one of each type.
pub struct Columns;

impl Environment for Columns {
    fn column(&self, name: &str) -> Option<Typed> {
        let column_type = match name {
            "t" => ColumnType::Str,
            "i" => ColumnType::Int,
            "x" => ColumnType::Float,
            "d" => ColumnType::DateTime,
            _ => return None,
        };
        Some(Typed::column(name, column_type, 1 << 63))
    }

    fn column_names(&self) -> Vec<String> {
        ["t", "i", "x", "d"].map(str::to_owned).into()
    }

    fn max_rows(&self) -> u128 {
        1 << 40
    }
}

/// Returns measures that the formulas refer to, two of which are wrong.
pub fn measures(environment: &dyn Environment) -> Measures {
    let definition = |(name, formula): (&str, &str)| MeasureDefinition {
        uuid: name.to_owned(),
        name: name.to_owned(),
        formula: Ok(formula.to_owned()),
    };
    let formulas = [("gold", "[i] > 3"), ("total", "sum([x])"), ("wrong", "2 *"), ("circle", "[circle]")];
    Measures::new(formulas.map(definition), environment)
}

/// Returns a valid call of every function that is supported.
pub fn examples() -> impl Iterator<Item = String> {
    let is_supported = |function: &&Function| !matches!(function.kind, FunctionKind::Unsupported(_));
    functions().filter(is_supported).map(|function| {
        let arguments: Vec<String> = function.parameters.iter().map(argument).collect();
        format!("{}({})", function.name, arguments.join(", "))
    })
}

fn argument(parameter: &Parameter) -> String {
    match parameter.accepts {
        Accepts::Number | Accepts::Any | Accepts::Plain | Accepts::Alike => "[x]".to_owned(),
        Accepts::Int => "[i]".to_owned(),
        Accepts::Text => "[t]".to_owned(),
        Accepts::DateTime => "[d]".to_owned(),
        Accepts::Condition => "[i] > 1".to_owned(),
        Accepts::Word(words) => format!("\"{}\"", words[0]),
        Accepts::LiteralText(_) => "\"x\"".to_owned(),
        Accepts::Regex => "\"^x+\"".to_owned(),
        Accepts::TimeZone => "\"UTC\"".to_owned(),
        Accepts::LiteralInt(_, most) => most.to_string(),
    }
}

/// Returns the tokens of formulas, and others that no formula has.
fn tokens() -> Vec<String> {
    let mut tokens: Vec<String> = [
        "[t]",
        "[i]",
        "[x]",
        "[d]",
        "[gold]",
        "[total]",
        "[wrong]",
        "[circle]",
        "[",
        "]",
        "(",
        ")",
        "((",
        "))",
        ",",
        "+",
        "-",
        "*",
        "/",
        "%",
        "=",
        "==",
        "!=",
        "<>",
        "<",
        "<=",
        ">=",
        "!",
        "&&",
        "||",
        "===",
        "and",
        "or",
        "not",
        "in",
        "not in",
        "true",
        "false",
        "null",
        "is",
        "between",
        "case",
        "when",
        "1",
        "0",
        "2.5",
        "1e308",
        ".",
        "1e",
        "18446744073709551615",
        "18446744073709551616",
        "\"\"",
        "\"é👍\"",
        "'it''s'",
        "\"",
        "'",
        "\"2020-02-29\"",
        "\"day\"",
        "{{x}}",
        "é",
        "👍",
        "\u{0}",
        "\n",
        " ",
        "\u{a0}",
        ";",
        "--",
        "/*",
        "\\",
    ]
    .map(str::to_owned)
    .into();
    tokens.extend(
        examples().flat_map(|example| [example.split('(').next().unwrap_or_default().to_owned() + "(", example]),
    );
    tokens
}

/// Generates formulas of random tokens.
pub fn random_tokens() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(tokens()), 0..14).prop_map(|tokens| tokens.join(" "))
}

/// Generates valid formulas with up to three random changes.
pub fn changed_formulas() -> impl Strategy<Value = String> {
    let mut formulas: Vec<String> = examples().collect();
    formulas.extend(
        [
            "2 * ([i] - 1) / [x] % 3",
            "[x] > 10 and [t] != \"USA\" or not [gold] and [i] in (1, 2, 3)",
            "if([x] > 100, \"big\", [i] = 2, concat([t], \"-\", str([i])), null)",
            "sum_if([x], [gold] and [d] >= \"2020-02-29\") / [total] * 100",
            "date_diff(date_add([d], [i], \"month\"), now(), \"week\") not in (1, -2)",
        ]
        .map(str::to_owned),
    );
    let change = (
        proptest::sample::select(formulas),
        proptest::collection::vec((0.0..1.0_f64, 0..4_usize, proptest::sample::select(tokens())), 0..4),
    );
    change.prop_map(|(formula, changes)| {
        let mut characters: Vec<char> = formula.chars().collect();
        for (at, what, token) in changes {
            let at = (characters.len() as f64 * at) as usize;
            match what {
                0 => drop(characters.splice(at..at, token.chars()).count()),
                1 => drop((at < characters.len()).then(|| characters.remove(at))),
                2 => characters.truncate(at),
                _ => characters = characters.repeat(2),
            }
        }
        characters.into_iter().collect::<String>()
    })
}
