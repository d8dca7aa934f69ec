//! Problems: the mistakes of a query, with their positions and suggestions.

use std::fmt;

use crate::syntax::stage::Position;

/// Declares the codes with their texts and descriptions.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)+) => {
        /// The kind of a [`Problem`]. The meaning of a code never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// Returns the code as text: `SRN020`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Code::$variant => $code,)+ }
            }
        }
    };
}

codes! {
    /// A word or a symbol that the grammar does not allow here.
    Unexpected = "SRN001",
    /// A query that does not start with `from`.
    MissingFrom = "SRN002",
    /// A clause that is repeated.
    DuplicateClause = "SRN003",
    /// A clause that is empty.
    EmptyClause = "SRN004",
    /// Two items without a comma between them.
    MissingComma = "SRN005",
    /// A keyword that is used as a column.
    KeywordAsColumn = "SRN006",
    /// A function that is unknown or not allowed in this clause.
    UnknownFunction = "SRN007",
    /// An operator that is unknown.
    UnknownOperator = "SRN008",
    /// `or`, `||` or `&&`: conditions are joined by `and` or a comma.
    Logic = "SRN009",
    /// A value of an operator that is missing, of the wrong form or not allowed.
    Operand = "SRN010",
    /// A literal that is invalid.
    BadLiteral = "SRN011",
    /// A string or a datetime without quotes.
    Unquoted = "SRN012",
    /// A list that is empty.
    EmptyList = "SRN013",
    /// A limit that is not a positive integer.
    BadLimit = "SRN014",
    /// A filter that is not written as `..{filter}`.
    Splice = "SRN015",
    /// A JSON pipeline that does not have the right format.
    PipelineJson = "SRN016",
    /// A column that the source does not have.
    UnknownColumn = "SRN020",
    /// A value that does not have the type of its column.
    ValueType = "SRN021",
    /// An operator that does not fit its column's type.
    OperatorType = "SRN022",
    /// An aggregate that does not fit its column's type.
    AggregateType = "SRN023",
    /// A time slot of a column that is not a datetime column.
    SlotType = "SRN024",
    /// A string that is not a datetime, for a datetime column.
    BadDatetime = "SRN025",
    /// A bare column in a query with aggregates or groups.
    NeedsAggregate = "SRN026",
    /// A grouped column that is also selected.
    GroupedSelected = "SRN027",
    /// A key, a column or an aggregate that is repeated.
    Repeated = "SRN028",
    /// Two outputs with the same name.
    DuplicateOutput = "SRN029",
    /// An item of `order_by` that is not in the result.
    UnknownOrder = "SRN030",
    /// A value formula that is not the only output.
    FormulaPlace = "SRN031",
    /// A run-time number that is not finite or does not fit into 64 bits.
    NotFinite = "SRN040",
    /// A run-time limit that is not a positive integer.
    LimitRange = "SRN041",
    /// A row struct whose fields do not match the result of a built query.
    RowFields = "SRN042",
    /// A run-time value whose Rust type does not fit its column.
    ValueRustType = "SRN050",
    /// A run-time list that is not a list.
    NotAList = "SRN051",
    /// A run-time limit that is not an integer.
    LimitRustType = "SRN052",
    /// A type that is not a source.
    NotASource = "SRN053",
    /// A type that cannot be a cell or a row.
    NotARow = "SRN054",
    /// A function of `query!` that is not a plain `fn` that returns its query.
    ItemForm = "SRN055",
    /// A spliced value that is not a filter of the query's source.
    NotAFilter = "SRN056",
    /// An item that a builder's clause does not accept.
    BuilderItem = "SRN057",
    /// An attribute of a source or of a column.
    SourceAttribute = "SRN060",
    /// A source or a row that is not a struct of the right form.
    SourceStruct = "SRN061",
    /// A field's type that is not a column type.
    ColumnType = "SRN062",
    /// A column that is declared more than once.
    DuplicateColumn = "SRN063",
    /// A schema file that is missing or invalid.
    SchemaFile = "SRN064",
    /// A formula that is invalid.
    Formula = "SRN065",
    /// A field whose type is not the type of its formula.
    FormulaType = "SRN066",
}

impl Code {
    /// Returns true if the rule is only about row structs. A server does not apply it to requests
    /// of other clients.
    #[must_use]
    pub const fn is_row_rule(self) -> bool {
        matches!(self, Code::DuplicateOutput | Code::Repeated)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// One mistake of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The kind of the mistake.
    pub code: Code,
    /// The message, on one line.
    pub message: String,
    /// The position in the query.
    pub position: Position,
    /// Further lines that show the mistake, if there are some.
    pub note: Option<String>,
    /// Further advice, if there is some.
    pub help: Option<String>,
}

impl Problem {
    /// A problem without a help line.
    pub fn new(code: Code, position: Position, message: impl Into<String>) -> Problem {
        Problem { code, message: message.into(), position, note: None, help: None }
    }

    /// The problem with lines that show it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Problem {
        self.note = Some(note.into());
        self
    }

    /// The problem with a help line.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)?;
        if let Some(note) = &self.note {
            write!(f, "\n{note}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// Every problem of a query, as one error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl std::ops::Deref for Problems {
    type Target = [Problem];

    fn deref(&self) -> &[Problem] {
        &self.0
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Problems {
        Problems(problems)
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems(vec![problem])
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Writes one line for each problem, and one for its help.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}
