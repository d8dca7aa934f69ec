//! Random valid formulas, as lists of words with the places where a mistake can be made.

use proptest::prelude::Rng;
use proptest::test_runner::TestRng;
use serenytics_query::vocabulary::ColumnType;

/// The types of the parts of a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Text,
    Int,
    Float,
    DateTime,
    Condition,
    /// An integer or a float.
    Number,
    /// Any type.
    Any,
}

impl Type {
    pub fn column_type(self) -> ColumnType {
        match self {
            Type::Text => ColumnType::Str,
            Type::Int => ColumnType::Int,
            Type::DateTime => ColumnType::DateTime,
            _ => ColumnType::Float,
        }
    }

    /// Returns true if a part of this type may be a column of the other one.
    pub fn accepts(self, other: Type) -> bool {
        match self {
            Type::Any => true,
            Type::Number => matches!(other, Type::Int | Type::Float),
            _ => self == other,
        }
    }
}

/// The columns of the source.
pub const COLUMNS: &[(&str, Type)] =
    &[("country", Type::Text), ("quantity", Type::Int), ("x", Type::Float), ("order date", Type::DateTime)];

/// A part of a formula whose type is given by what surrounds it.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// The first word.
    pub from: usize,
    /// The word after the last one.
    pub to: usize,
    pub expected: Type,
    /// Whether it has a value for each row.
    pub is_row: bool,
}

/// A call of a function.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The word with the name and the opening parenthesis.
    pub name: usize,
    /// The word with the closing parenthesis.
    pub close: usize,
    pub has_fixed_arity: bool,
    pub may_be_empty: bool,
}

/// A valid formula.
#[derive(Debug, Clone, Default)]
pub struct Formula {
    pub words: Vec<String>,
    pub slots: Vec<Slot>,
    pub calls: Vec<Call>,
}

impl Formula {
    pub fn text(&self) -> String {
        self.words.concat()
    }
}

/// Generates the formula of a measure.
pub fn measure(rng: &mut TestRng) -> Formula {
    let mut writer = Writer { rng, formula: Formula::default(), is_row: true };
    // At least one operation, so that every part has a known type.
    writer.number_operation(3);
    writer.formula
}

/// Generates a value formula.
pub fn value_formula(rng: &mut TestRng) -> Formula {
    let mut writer = Writer { rng, formula: Formula::default(), is_row: false };
    writer.number_operation(2);
    writer.formula
}

/// A function with fixed types: its name, its parameters, and its result.
type Signature = (&'static str, &'static [Type]);

const NUMBERS: &[Signature] = &[
    ("abs", &[Type::Number]),
    ("sqrt", &[Type::Number]),
    ("power", &[Type::Number, Type::Number]),
    ("str_len", &[Type::Text]),
    ("position", &[Type::Text, Type::Text]),
    ("year", &[Type::DateTime]),
    ("date_diff", &[Type::DateTime, Type::DateTime]),
];
const TEXTS: &[Signature] =
    &[("upper_case", &[Type::Text]), ("left", &[Type::Text, Type::Int]), ("concat", &[Type::Text, Type::Text])];
const CONDITIONS: &[Signature] = &[
    ("contains", &[Type::Text, Type::Text]),
    ("starts_with", &[Type::Text, Type::Text]),
    ("is_defined", &[Type::Any]),
];
const AGGREGATES: &[Signature] = &[
    ("sum", &[Type::Number]),
    ("avg", &[Type::Number]),
    ("sum_if", &[Type::Number, Type::Condition]),
    ("count_if", &[Type::Condition]),
    ("dcount", &[Type::Any]),
];
/// Functions of several forms, whose number of arguments is not fixed.
const OPEN: &[&str] = &["concat", "date_diff"];

struct Writer<'a> {
    rng: &'a mut TestRng,
    formula: Formula,
    /// Whether the parts have a value for each row.
    is_row: bool,
}

impl Writer<'_> {
    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.rng.next_u32()).unwrap() % count
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        let index = self.below(values.len());
        values[index]
    }

    fn word(&mut self, word: &str) {
        self.formula.words.push(word.to_owned());
    }

    /// Writes a part whose type is given.
    fn slot(&mut self, expected: Type, depth: usize) {
        let from = self.formula.words.len();
        match expected {
            Type::Number => self.number(depth),
            Type::Text => self.text(depth),
            Type::Condition => self.condition(depth),
            Type::DateTime => self.column(Type::DateTime),
            Type::Int => self.column(Type::Int),
            Type::Float => self.column(Type::Float),
            Type::Any => {
                let of = self.one_of(COLUMNS).1;
                self.column(of);
            }
        }
        let to = self.formula.words.len();
        self.formula.slots.push(Slot { from, to, expected, is_row: self.is_row });
    }

    fn column(&mut self, of: Type) {
        let (name, _) = COLUMNS.iter().find(|(_, other)| *other == of).unwrap();
        self.word(&format!("[{name}]"));
    }

    fn call(&mut self, (name, parameters): Signature, depth: usize) {
        let start = self.formula.words.len();
        self.word(&format!("{name}("));
        for (index, parameter) in parameters.iter().enumerate() {
            if index > 0 {
                self.word(", ");
            }
            self.slot(*parameter, depth);
        }
        let close = self.formula.words.len();
        self.word(")");
        let has_fixed_arity = !OPEN.contains(&name);
        self.formula.calls.push(Call { name: start, close, has_fixed_arity, may_be_empty: false });
    }

    fn aggregate(&mut self) {
        let signature = self.one_of(AGGREGATES);
        self.is_row = true;
        self.call(signature, 1);
        self.is_row = false;
    }

    fn number(&mut self, depth: usize) {
        match (self.below(4), self.is_row) {
            (0, _) => self.word("2"),
            (1, _) if depth > 0 => self.number_operation(depth),
            (_, true) => {
                let of = self.one_of(&[Type::Int, Type::Float]);
                self.column(of);
            }
            (_, false) => self.aggregate(),
        }
    }

    fn number_operation(&mut self, depth: usize) {
        match (self.below(3), self.is_row) {
            (0, true) => {
                let signature = self.one_of(NUMBERS);
                self.call(signature, depth - 1);
            }
            (0, false) => self.call(("abs", &[Type::Number]), depth - 1),
            (1, true) => {
                let start = self.formula.words.len();
                self.word("if(");
                self.slot(Type::Condition, depth - 1);
                self.word(", 1, 0");
                let close = self.formula.words.len();
                self.word(")");
                self.formula.calls.push(Call { name: start, close, has_fixed_arity: false, may_be_empty: false });
            }
            _ => {
                let operator = self.one_of(&[" + ", " * ", " / ", " % "]);
                self.operand(depth - 1);
                self.word(operator);
                self.operand(depth - 1);
            }
        }
    }

    /// Writes an operand of an operator: a number that needs no parentheses.
    fn operand(&mut self, depth: usize) {
        let from = self.formula.words.len();
        if self.is_row {
            let of = self.one_of(&[Type::Int, Type::Float]);
            if depth > 0 && self.below(2) == 0 {
                let signature = self.one_of(NUMBERS);
                self.call(signature, depth - 1);
            } else {
                self.column(of);
            }
        } else {
            self.aggregate();
        }
        let to = self.formula.words.len();
        self.formula.slots.push(Slot { from, to, expected: Type::Number, is_row: self.is_row });
    }

    fn text(&mut self, depth: usize) {
        if depth > 0 && self.below(2) == 0 {
            let signature = self.one_of(TEXTS);
            self.call(signature, depth - 1);
        } else {
            self.column(Type::Text);
        }
    }

    fn condition(&mut self, depth: usize) {
        if depth > 0 && self.below(2) == 0 {
            let junction = self.one_of(&[" and ", " or "]);
            self.simple_condition();
            self.word(junction);
            self.simple_condition();
        } else {
            self.simple_condition();
        }
    }

    fn simple_condition(&mut self) {
        if self.below(2) == 0 {
            let signature = self.one_of(CONDITIONS);
            self.call(signature, 0);
        } else {
            let operator = self.one_of(&[" > ", " = ", " != "]);
            let of = self.one_of(&[Type::Int, Type::Float]);
            self.column(of);
            self.word(operator);
            self.word("3");
        }
    }
}
