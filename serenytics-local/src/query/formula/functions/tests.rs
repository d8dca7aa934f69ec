//! The table of functions, held against its documentation.

use super::*;

const DOCUMENTATION: &str = include_str!("../../../../../docs/formulas.md");

impl Function {
    /// Its line in the documentation.
    fn documented(&self) -> String {
        if let Meaning::NotComputed(why) = self.meaning {
            return format!("| `{}` | {why} |", self.name);
        }
        let also: Vec<String> = self.also.iter().map(|name| format!("`{name}`")).collect();
        let gives = match self.gives {
            Gives::Text => "text",
            Gives::Int(_) => "integer",
            Gives::Unbound => "float",
            Gives::DateTime => "datetime",
            Gives::Boolean => "condition",
            Gives::Number => "number",
            Gives::Alike => "as its values",
        };
        format!("| `{}` | {} | {gives} | {} |", self.usage(), also.join(", "), self.does)
    }
}

/// A right call of every function that is computed, over columns `t`, `i`, `x` and `d`, one of each type.
pub(in crate::query::formula) fn examples() -> impl Iterator<Item = String> {
    let argument = |parameter: &Parameter| match parameter.takes {
        Takes::Number | Takes::Any | Takes::Plain | Takes::Alike => "[x]".to_owned(),
        Takes::Int => "[i]".to_owned(),
        Takes::Text => "[t]".to_owned(),
        Takes::DateTime => "[d]".to_owned(),
        Takes::Condition => "[i] > 1".to_owned(),
        Takes::Word(words) => format!("\"{}\"", words[0]),
        Takes::Written(_) => "\"x\"".to_owned(),
        Takes::Regex => "\"^x+\"".to_owned(),
        Takes::Zone => "\"UTC\"".to_owned(),
        Takes::WrittenInt(_, most) => most.to_string(),
    };
    let computed = |function: &&Function| !matches!(function.meaning, Meaning::NotComputed(_));
    GROUPS.iter().flat_map(|(_, functions)| functions.iter()).filter(computed).map(move |function| {
        let arguments: Vec<String> = function.parameters.iter().map(argument).collect();
        format!("{}({})", function.name, arguments.join(", "))
    })
}

#[test]
fn every_function_is_documented() {
    let mut missing = Vec::new();
    for (title, functions) in GROUPS {
        missing.extend(Some(format!("### {title}")).filter(|title| !DOCUMENTATION.lines().any(|line| line == title)));
        let lines = functions.iter().map(Function::documented);
        missing.extend(lines.filter(|line| !DOCUMENTATION.lines().any(|other| other == line)));
    }
    assert!(missing.is_empty(), "docs/formulas.md lacks these lines:\n{}", missing.join("\n"));
    let (_, tables) = DOCUMENTATION.split_once("## Functions").unwrap();
    let rows = tables.lines().filter(|line| line.starts_with("| `")).count();
    let functions = GROUPS.iter().map(|(_, functions)| functions.len()).sum::<usize>();
    assert_eq!(rows, functions, "docs/formulas.md has a line for each function and no other");
}

#[test]
fn names_are_of_one_function_and_parameters_are_needed_before_they_are_optional() {
    let mut names: Vec<&str> = Vec::new();
    for function in GROUPS.iter().flat_map(|(_, functions)| functions.iter()) {
        names.extend(function.names());
        let optional = function.parameters.iter().map(|parameter| parameter.is_optional);
        assert!(optional.is_sorted(), "{}", function.usage());
        assert!(!function.does.ends_with('.') && !function.does.contains('|'), "{}", function.name);
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn calls_are_shown_and_counted() {
    let named = |name| Function::named(name).unwrap();
    assert_eq!(named("substr").usage(), "substring(text, start, [length])");
    assert_eq!(named("IF").usage(), "if(condition, value, .., [otherwise])");
    assert_eq!(named("concat").usage(), "concat(text, other, ..)");
    assert_eq!(named("now").takes(1), Err("no arguments".to_owned()));
    assert_eq!(named("abs").takes(0), Err("1 argument".to_owned()));
    assert_eq!(named("substring").takes(1), Err("2 to 3 arguments".to_owned()));
    assert_eq!(named("if").takes(1), Err("2 arguments or more".to_owned()));
    assert!(named("if").takes(5).is_ok() && named("if").takes(6).is_ok());
    assert_eq!(
        Function::named("lowercase").unwrap_err(),
        "there is no function `lowercase`; did you mean `lower_case`?"
    );
}
