//! Checks the arguments of a call against the parameters of the function.

use super::{Checked, Checker, unify};
use crate::formula::error::{FormulaError, all};
use crate::formula::functions::{Accepts, Function, Parameter};
use crate::formula::kind::Type;
use crate::formula::tree::Expression;
use crate::formula::typed::{Typed, TypedNode};
use crate::syntax::suggest::{listed, nearest};

/// The maximum number of characters of a regular expression.
const REGEX: usize = 200;

impl Checker<'_> {
    /// Checks the arguments of a call, each against its parameter.
    pub(super) fn arguments(&self, function: &Function, arguments: &[Expression]) -> Checked<Vec<Typed>> {
        let parameter = |index| function.parameter(index, arguments.len());
        let each = arguments.iter().enumerate();
        let mut checked = all(each.map(|(index, tree)| self.argument(function, parameter(index), tree)))?;
        let is_alike = |index: &usize| parameter(*index).accepts == Accepts::Alike;
        let alike: Vec<usize> = (0..arguments.len()).filter(is_alike).collect();
        if alike.is_empty() {
            return Ok(checked);
        }
        let parts = alike.iter().map(|index| (checked[*index].clone(), &arguments[*index])).collect();
        let (parts, common) = unify(parts, &format!("`{}`", function.name))?;
        if common == Type::Null {
            let message = format!("every value of `{}` is NULL, so it has no type", function.name);
            return Err(FormulaError::of(&arguments[alike[0]], message).into());
        }
        for (index, part) in alike.into_iter().zip(parts) {
            checked[index] = part;
        }
        Ok(checked)
    }

    fn argument(&self, function: &Function, parameter: &Parameter, tree: &Expression) -> Checked<Typed> {
        let typed = match parameter.accepts {
            Accepts::DateTime => self.datetime(tree)?,
            _ => self.check(tree)?,
        };
        let found = typed.result;
        let fits = match parameter.accepts {
            Accepts::Number => found.is_numeric(),
            Accepts::Int => found == Type::INT || typed.is_opaque && found.is_numeric(),
            Accepts::Text => found == Type::TEXT,
            Accepts::DateTime => found == Type::DATETIME,
            Accepts::Condition => typed.may_be_condition(),
            Accepts::Any => found != Type::Null,
            Accepts::Plain => !matches!(found, Type::Null | Type::DATETIME),
            Accepts::Alike => true,
            Accepts::Word(words) => return Ok(word(function, parameter, words, typed, tree)?),
            Accepts::LiteralText(_) | Accepts::Regex | Accepts::TimeZone => {
                let checked = self.literal(function, parameter, &typed);
                return checked.map(|()| typed).map_err(|message| FormulaError::of(tree, message).into());
            }
            Accepts::LiteralInt(least, most) => {
                typed.literal_int().is_some_and(|value| (least..=most).contains(&value))
            }
        };
        if fits {
            return Ok(typed);
        }
        if (parameter.accepts, found) == (Accepts::Condition, Type::Null) {
            return Ok(Typed { result: Type::Boolean, ..typed });
        }
        let (name, usage) = (parameter.name, function.usage());
        let expected = expected(parameter.accepts);
        let message = match parameter.accepts {
            Accepts::LiteralInt(..) => format!("`{name}` of `{usage}` must be {expected}"),
            accepts => {
                let (found, hint) = (found.described(), conversion(accepts, found));
                format!("`{name}` of `{usage}` must be {expected}, found {found}{hint}")
            }
        };
        Err(FormulaError::of(tree, message).into())
    }

    /// Checks an argument that must be literal text.
    fn literal(&self, function: &Function, parameter: &Parameter, typed: &Typed) -> Result<(), String> {
        let (name, usage) = (parameter.name, function.usage());
        let Some(text) = typed.literal_text() else {
            return Err(format!("`{name}` of `{usage}` must be literal text in quotes"));
        };
        let most = if let Accepts::LiteralText(most) = parameter.accepts { most } else { REGEX };
        let length = text.chars().count();
        if length > most {
            return Err(format!("`{name}` of `{usage}` has {length} characters; the limit is {most}"));
        }
        match parameter.accepts {
            Accepts::Regex => self
                .scope
                .environment
                .check_regex(text)
                .map_err(|error| format!("`{name}` of `{usage}` is not a regular expression: {error}")),
            Accepts::TimeZone if !self.scope.environment.is_time_zone(text) => {
                Err(format!("\"{text}\" is not a time zone: write a name such as \"Europe/Paris\" or \"UTC\""))
            }
            _ if text.is_empty() && matches!(name, "part" | "separator") => {
                Err(format!("`{name}` of `{usage}` must not be empty"))
            }
            _ => Ok(()),
        }
    }
}

/// Describes the arguments that a parameter accepts, for a message.
fn expected(accepts: Accepts) -> String {
    match accepts {
        Accepts::Number => "a number".to_owned(),
        Accepts::Int => "an integer".to_owned(),
        Accepts::Text => "text".to_owned(),
        Accepts::DateTime => "a datetime".to_owned(),
        Accepts::Plain => "a number, text or a condition".to_owned(),
        Accepts::Condition => "a condition such as `[a] > 1`".to_owned(),
        Accepts::LiteralInt(least, most) => format!("a literal integer from {least} to {most}"),
        _ => "a value".to_owned(),
    }
}

/// Names the function that converts a value to the type of a parameter, for a message.
fn conversion(accepts: Accepts, found: Type) -> &'static str {
    match (accepts, found) {
        (Accepts::Text, found) if found != Type::Null => "; `str` converts it",
        (Accepts::Number, Type::TEXT) => "; `float` converts it",
        (Accepts::Number | Accepts::Int, Type::Boolean) | (Accepts::Int, Type::FLOAT | Type::TEXT) => {
            "; `to_int` converts it"
        }
        (Accepts::DateTime, Type::TEXT) => "; `datetime_from_string` converts it",
        _ => "",
    }
}

/// Checks an argument that must be one of several words in quotes.
fn word(
    function: &Function,
    parameter: &Parameter,
    words: &'static [&'static str],
    typed: Typed,
    tree: &Expression,
) -> Result<Typed, FormulaError> {
    let found = typed.literal_text().unwrap_or_default();
    if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(found)) {
        return Ok(Typed { node: TypedNode::Text((*word).to_owned()), ..typed });
    }
    let hint = match nearest(found, words.iter().copied()) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None => format!(": expected one of {} in quotes", listed(words.iter().copied())),
    };
    let (name, usage) = (parameter.name, function.usage());
    Err(FormulaError::of(tree, format!("unknown `{name}` of `{usage}`{hint}")))
}
