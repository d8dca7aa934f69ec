//! Tests of the table of functions: its consistency, and its copy in the documentation.

use super::*;

const DOCUMENTATION: &str = include_str!("../../../../docs/guide/formulas.md");

impl Function {
    /// Returns the function's row in the documentation.
    fn documented(&self) -> String {
        if let FunctionKind::Unsupported(reason) = self.kind {
            return format!("| `{}` | {reason} |", self.name);
        }
        let aliases: Vec<String> = self.aliases.iter().map(|name| format!("`{name}`")).collect();
        let returns = match self.returns {
            Returns::Text => "text",
            Returns::Int(_) => "integer",
            Returns::UncheckedFloat => "float",
            Returns::DateTime => "datetime",
            Returns::Boolean => "condition",
            Returns::Number => "number",
            Returns::Alike => "type of the values",
        };
        format!("| `{}` | {} | {returns} | {} |", self.usage(), aliases.join(", "), self.doc)
    }
}

#[test]
fn documentation_lists_every_function() {
    let has_line = |line: &String| DOCUMENTATION.lines().any(|other| other == line);
    let mut missing = Vec::new();
    for group in FUNCTION_GROUPS {
        let lines = std::iter::once(format!("### {}", group.title));
        let lines = lines.chain(group.functions.iter().map(Function::documented));
        missing.extend(lines.filter(|line| !has_line(line)));
    }
    assert!(missing.is_empty(), "docs/guide/formulas.md lacks these lines:\n{}", missing.join("\n"));
    let (_, tables) = DOCUMENTATION.split_once("## Functions").unwrap();
    let rows = tables.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, functions().count(), "docs/guide/formulas.md has one row for each function and no other");
}

#[test]
fn function_names_are_unique_and_required_parameters_come_first() {
    let mut names: Vec<&str> = Vec::new();
    for function in functions() {
        names.extend(function.names());
        let optional = function.parameters.iter().map(|parameter| parameter.is_optional);
        assert!(optional.is_sorted(), "{}", function.usage());
        assert!(!function.doc.ends_with('.') && !function.doc.contains('|'), "{}", function.name);
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_operation_has_exactly_one_signature() {
    let operations =
        ConditionFunction::ALL.iter().map(|operation| (operation.name(), Operation::Condition(*operation)));
    let operations = operations
        .chain(TextFunction::ALL.iter().map(|operation| (operation.name(), Operation::Text(*operation))))
        .chain(NumberFunction::ALL.iter().map(|operation| (operation.name(), Operation::Number(*operation))))
        .chain(DateFunction::ALL.iter().map(|operation| (operation.name(), Operation::Date(*operation))));
    for (name, operation) in operations {
        let is_its_own =
            |function: &&Function| matches!(function.kind, FunctionKind::Row(row) if row.operation == operation);
        let signatures: Vec<&str> = functions().filter(is_its_own).map(|function| function.name).collect();
        assert_eq!(signatures, [name]);
    }
    for rank in RankFunction::ALL {
        let is_its_own = |function: &&Function| function.kind == FunctionKind::Rank(*rank);
        let signatures: Vec<&str> = functions().filter(is_its_own).map(|function| function.name).collect();
        assert_eq!(signatures, [rank.name()]);
    }
}

#[test]
fn usage_and_arity_describe_the_parameters() {
    let named = |name| Function::named(name).unwrap();
    assert_eq!(named("substr").usage(), "substring(text, start, [length])");
    assert_eq!(named("IF").usage(), "if(condition, value, .., [otherwise])");
    assert_eq!(named("concat").usage(), "concat(text, other, ..)");
    assert_eq!(named("now").check_arity(1), Err("no arguments".to_owned()));
    assert_eq!(named("abs").check_arity(0), Err("1 argument".to_owned()));
    assert_eq!(named("substring").check_arity(1), Err("2 to 3 arguments".to_owned()));
    assert_eq!(named("if").check_arity(1), Err("2 arguments or more".to_owned()));
    assert!(named("if").check_arity(5).is_ok() && named("if").check_arity(6).is_ok());
    assert_eq!(
        Function::named("lowercase").unwrap_err(),
        "there is no function `lowercase`; did you mean `lower_case`?"
    );
}
