//! Problems: what is wrong with a query, where, and what was probably meant.

use std::fmt;

use crate::syntax::stage::Position;

/// Declares the codes, each with its text and its title.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)+) => {
        /// What kind of mistake a [`Problem`] is; its code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// The code's text: `SRN020`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Code::$variant => $code,)+ }
            }
        }
    };
}

codes! {
    /// A word or sign stands where the grammar has none.
    Unexpected = "SRN001",
    /// The query does not begin with `from`.
    MissingFrom = "SRN002",
    /// A clause stands twice.
    DuplicateClause = "SRN003",
    /// A clause has nothing in it.
    EmptyClause = "SRN004",
    /// Two items have no comma between them.
    MissingComma = "SRN005",
    /// A keyword stands where a column is meant.
    KeywordAsColumn = "SRN006",
    /// A function that the language does not have, or not there.
    UnknownFunction = "SRN007",
    /// An operator that the language does not have.
    UnknownOperator = "SRN008",
    /// `or`, `||`, `&&`: conditions are joined by `and` or a comma.
    Logic = "SRN009",
    /// An operator without its value, or a value without need.
    Operand = "SRN010",
    /// A literal that the language does not have.
    BadLiteral = "SRN011",
    /// A text or a datetime without its quotes.
    Unquoted = "SRN012",
    /// A list with nothing in it.
    EmptyList = "SRN013",
    /// A limit that is no positive integer.
    BadLimit = "SRN014",
    /// A filter that is not spliced in as `..{filter}`.
    Splice = "SRN015",
    /// A pipeline that is data and none of the format's.
    PipelineJson = "SRN016",
    /// A column that the source does not have.
    UnknownColumn = "SRN020",
    /// A value whose type is not its column's.
    ValueType = "SRN021",
    /// An operator that does not fit its column's type.
    OperatorType = "SRN022",
    /// An aggregate that does not fit its column's type.
    AggregateType = "SRN023",
    /// A time slot of a column that holds no datetimes.
    SlotType = "SRN024",
    /// A text that is no datetime, for a datetime column.
    BadDatetime = "SRN025",
    /// A bare column beside an aggregate or a group.
    NeedsAggregate = "SRN026",
    /// A grouped column that is selected again.
    GroupedSelected = "SRN027",
    /// The same key, column or aggregate twice.
    Repeated = "SRN028",
    /// Two outputs with one name.
    DuplicateOutput = "SRN029",
    /// An order by something that the result does not have.
    UnknownOrder = "SRN030",
    /// A value formula that does not stand alone in `select`.
    FormulaPlace = "SRN031",
    /// A run-time number that is not finite, or too large for the wire.
    NotFinite = "SRN040",
    /// A run-time limit that is no positive integer.
    LimitRange = "SRN041",
    /// A row struct whose fields are not the columns of a built query's result.
    RowFields = "SRN042",
    /// A run-time value whose Rust type is not one for its column.
    ValueRustType = "SRN050",
    /// A run-time list that is none.
    NotAList = "SRN051",
    /// A run-time limit that is no integer.
    LimitRustType = "SRN052",
    /// A type that is no source.
    NotASource = "SRN053",
    /// A type that cells or rows cannot be read into.
    NotARow = "SRN054",
    /// A function of `query!` that is not a plain one that returns its query.
    ItemForm = "SRN055",
    /// What is spliced into a query and is no filter of its source.
    NotAFilter = "SRN056",
    /// What a clause of a builder does not take.
    BuilderItem = "SRN057",
    /// What is said of a source or of a column.
    SourceAttribute = "SRN060",
    /// A source or a row that is no struct of the right form.
    SourceStruct = "SRN061",
    /// A field's type that no column has.
    ColumnType = "SRN062",
    /// A column that is declared twice.
    DuplicateColumn = "SRN063",
    /// A schema file that is missing or wrong.
    SchemaFile = "SRN064",
}

impl Code {
    /// Whether the rule is about our rows only: other clients of a server are never refused for it.
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
    /// What kind of mistake it is.
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// Where.
    pub position: Position,
    /// What to do, if more can be said than the message says.
    pub help: Option<String>,
}

impl Problem {
    /// A problem without a help line.
    pub fn new(code: Code, position: Position, message: impl Into<String>) -> Problem {
        Problem { code, message: message.into(), position, help: None }
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

/// A line for each problem, and one for its help.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}
