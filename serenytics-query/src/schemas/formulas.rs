//! Checks the formulas that a schema declares: measures and value formulas.

use crate::formula::{
    Cause, Environment, FormulaError, FormulaErrors, MeasureDefinition, Measures, Scope, Typed, Unknown,
    check_value_formula, parse,
};
use crate::schemas::schema::{Column, ColumnKind, Schema};
use crate::schemas::schema_file::rust_type;
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::Position;
use crate::syntax::suggest::{Suggestions, listed, nearest};
use crate::syntax::vocabulary::ColumnType;

/// One mistake in a formula, or in the type of the column that it computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaProblem {
    /// The index of the column in the schema.
    pub column: usize,
    /// The mistake: [`Code::Formula`] in the formula, [`Code::FormulaType`] in the column's type. The note shows the wrong
    /// part of the formula.
    pub problem: Problem,
}

/// Where a schema is declared, for the advice of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredIn {
    /// In a Rust struct.
    Struct,
    /// In a schema file.
    File,
}

/// Checks every formula of a schema. `invalid` are names of columns whose declarations have errors of their own: a
/// formula may refer to them, but cannot be checked further.
#[must_use]
pub fn check_formulas(schema: &Schema, invalid: &[String], place: DeclaredIn) -> Vec<FormulaProblem> {
    if schema.columns.iter().all(|column| formula_of(column).is_none()) {
        return Vec::new();
    }
    let declared = Declared::new(schema, invalid);
    let columns = schema.columns.iter().enumerate();
    let problems = |(column, declaration): (usize, &Column)| {
        declared.check(declaration, place).into_iter().map(move |problem| FormulaProblem { column, problem })
    };
    columns.flat_map(problems).collect()
}

/// Checks a value formula against a schema. Returns its type, or `None` if only the server knows it.
///
/// # Errors
/// Returns each mistake.
pub fn check_formula(schema: &Schema, formula: &str) -> Result<Option<ColumnType>, Vec<Problem>> {
    match Declared::new(schema, &[]).value_formula(formula) {
        Ok(typed) => Ok(Some(typed.column_type())),
        Err(errors) => {
            let problems: Vec<Problem> = own(&errors).map(|error| located(error, formula)).collect();
            if problems.is_empty() { Ok(None) } else { Err(problems) }
        }
    }
}

/// Checks the grammar of a formula whose columns are not known.
///
/// # Errors
/// Returns the first mistake.
pub fn check_grammar(formula: &str) -> Result<(), Problem> {
    parse(formula).map(drop).map_err(|error| located(&error, formula))
}

/// Returns the type of a measure's formula and whether it may be NULL, or `None` if the formula is not valid or has no
/// value for each row.
#[must_use]
pub fn type_of_measure(schema: &Schema, name: &str) -> Option<(ColumnType, bool)> {
    let declared = Declared::new(schema, &[]);
    let typed = declared.measures.named(name)?.typed.as_ref().ok()?;
    (!typed.is_aggregate).then(|| (typed.column_type(), typed.null.is_some()))
}

/// Returns true if two formulas differ only in spaces and needless parentheses.
#[must_use]
pub fn is_same_formula(one: &str, other: &str) -> bool {
    one == other || matches!((parse(one), parse(other)), (Ok(one), Ok(other)) if one == other)
}

/// Returns the formula of a column that is computed by a known one.
fn formula_of(column: &Column) -> Option<&str> {
    match column.kind {
        ColumnKind::Formula => Some(&column.wire),
        ColumnKind::Measure => column.formula.as_deref(),
        ColumnKind::Stored | ColumnKind::Joined => None,
    }
}

/// The columns that a schema declares, under their names on the platform.
struct Columns<'a> {
    schema: &'a Schema,
    invalid: &'a [String],
}

impl Columns<'_> {
    /// Returns the columns that a formula computes with: those of the rows, and measures whose formula is not known.
    fn known(&self) -> impl Iterator<Item = &Column> {
        self.schema.row_columns().filter(|column| formula_of(column).is_none())
    }
}

impl Environment for Columns<'_> {
    fn column(&self, name: &str) -> Option<Typed> {
        let column = self.known().find(|column| column.wire == name)?;
        let typed = match column.kind {
            ColumnKind::Measure => Typed::opaque_measure(name, column.column_type),
            _ => Typed::column(name, column.column_type, 1 << 63),
        };
        Some(if column.nullable { typed } else { typed.never_null() })
    }

    fn column_names(&self) -> Vec<String> {
        self.known().map(|column| column.wire.clone()).collect()
    }

    fn unknown(&self, name: &str) -> Unknown {
        if self.invalid.iter().any(|invalid| invalid == name) {
            return Unknown::Reported;
        }
        match self.schema.column(name) {
            Some((_, Column { kind: ColumnKind::Formula, .. })) => Unknown::Explained(format!(
                "`{name}` is a value formula, which other formulas cannot refer to: repeat its formula here"
            )),
            Some((_, Column { wire, .. })) => Unknown::Explained(format!(
                "there is no column or measure `{name}`; did you mean `[{wire}]`? formulas use the names on the platform"
            )),
            None => {
                let names = || self.schema.row_columns().map(|column| column.wire.as_str());
                if nearest(name, names()).is_some() {
                    return Unknown::Name;
                }
                Unknown::Explained(format!(
                    "there is no column or measure `{name}`: declare it as a field, or use one of {}",
                    listed(names())
                ))
            }
        }
    }

    fn max_rows(&self) -> u128 {
        1 << 63
    }
}

/// A schema with its measures.
struct Declared<'a> {
    columns: Columns<'a>,
    measures: Measures,
}

impl<'a> Declared<'a> {
    fn new(schema: &'a Schema, invalid: &'a [String]) -> Declared<'a> {
        let columns = Columns { schema, invalid };
        let definition = |column: &Column| {
            let formula = column.formula.clone().filter(|_| column.kind == ColumnKind::Measure)?;
            Some(MeasureDefinition { uuid: column.wire.clone(), name: column.wire.clone(), formula: Ok(formula) })
        };
        let measures = Measures::new(schema.columns.iter().filter_map(definition), &columns);
        Declared { columns, measures }
    }

    fn value_formula(&self, formula: &str) -> Result<Typed, FormulaErrors> {
        let suggestions = Suggestions::default();
        let scope = Scope { environment: &self.columns, measures: &self.measures, suggestions: &suggestions };
        check_value_formula(&parse(formula)?, scope)
    }

    fn check(&self, column: &Column, place: DeclaredIn) -> Vec<Problem> {
        let Some(formula) = formula_of(column) else { return Vec::new() };
        let errors = |errors: &FormulaErrors| own(errors).map(|error| located(error, formula)).collect();
        if column.kind == ColumnKind::Formula {
            return match self.value_formula(formula) {
                Ok(typed) => type_problem(column, &typed, place).into_iter().collect(),
                Err(found) => errors(&found),
            };
        }
        if let Some(error) = aggregate_in(formula) {
            return vec![located(&error, formula)];
        }
        match self.measures.named(&column.wire).map(|measure| &measure.typed) {
            Some(Ok(typed)) if typed.is_aggregate => {
                let message = "a measure has a value for each row, but this formula is one value over all rows";
                vec![whole(message, formula)]
            }
            Some(Ok(typed)) => type_problem(column, typed, place).into_iter().collect(),
            Some(Err(error)) => match &error.errors {
                Some(found) => errors(found),
                None if error.is_caused_by_others => Vec::new(),
                None => vec![whole(&error.message, formula)],
            },
            None => Vec::new(),
        }
    }
}

/// Returns the error of a measure that calls an aggregate. Its other errors would follow from it.
fn aggregate_in(formula: &str) -> Option<FormulaError> {
    let tree = parse(formula).ok()?;
    let call = tree.first_aggregate()?;
    Some(FormulaError::of(
        call,
        "a measure has a value for each row and cannot call an aggregate: declare it with `formula = \"..\"`, or \
         aggregate it in the query",
    ))
}

/// Returns the errors that a change of the formula corrects. The platform may have functions that are not documented.
fn own(errors: &FormulaErrors) -> impl Iterator<Item = &FormulaError> {
    errors.iter().filter(|error| error.cause == Cause::Formula)
}

fn located(error: &FormulaError, formula: &str) -> Problem {
    let character = error.character_in(formula);
    let note = format!("at character {character} of the formula:\n{}", indented(&error.excerpt(formula)));
    Problem::new(Code::Formula, Position::default(), error.message.as_str()).note(note)
}

/// Returns the problem of a whole formula.
fn whole(message: &str, formula: &str) -> Problem {
    let note = format!("in the formula:\n{}", indented(formula));
    Problem::new(Code::Formula, Position::default(), message).note(note)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// Compares the type of a column with the type of its formula.
fn type_problem(column: &Column, typed: &Typed, place: DeclaredIn) -> Option<Problem> {
    let computed = typed.column_type();
    let null = typed.null.filter(|_| !column.nullable);
    if computed == column.column_type && null.is_none() {
        return None;
    }
    let name = &column.name;
    let may_be_null = if null.is_some() { " that may be NULL" } else { "" };
    let message = format!(
        "the formula of `{name}` is {}{may_be_null}, but `{name}` is declared as {}",
        typed.result.described(),
        declared_type(column, place)
    );
    let is_option = column.nullable || null.is_some();
    let advice = match place {
        DeclaredIn::File if is_option => format!("`\"type\": \"{computed}\", \"nullable\": true`"),
        DeclaredIn::File => format!("`\"type\": \"{computed}\"`"),
        DeclaredIn::Struct if is_option => format!("`Option<{}>`", rust_type(computed)),
        DeclaredIn::Struct => format!("`{}`", rust_type(computed)),
    };
    let reason = null.map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(Problem::new(Code::FormulaType, Position::default(), message).help(format!("write {advice}{reason}")))
}

/// Returns the type of a column as its declaration writes it.
fn declared_type(column: &Column, place: DeclaredIn) -> String {
    let Column { column_type, nullable, rust_type, .. } = column;
    match place {
        DeclaredIn::File if *nullable => format!("nullable {column_type}"),
        DeclaredIn::Struct if *nullable && !rust_type.is_empty() => format!("`Option<{rust_type}>`"),
        DeclaredIn::Struct if !rust_type.is_empty() => format!("`{rust_type}`"),
        DeclaredIn::File | DeclaredIn::Struct => column_type.to_string(),
    }
}
