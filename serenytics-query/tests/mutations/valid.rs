//! Random valid queries: every clause, operator, value, aggregate, time slot and order, over
//! columns of every type and kind.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serenytics_query::schema::{self, ColumnKind, Schema, SourceRef};
use serenytics_query::vocabulary::{Aggregate, ColumnType, Operand, Operator, TimeSlot};

use crate::text::{Piece, Role, Text, piece, spelled};

/// A column of the source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    pub name: &'static str,
    pub column_type: ColumnType,
    pub nullable: bool,
    pub kind: ColumnKind,
}

const fn column(name: &'static str, column_type: ColumnType, nullable: bool, kind: ColumnKind) -> Column {
    Column { name, column_type, nullable, kind }
}

/// Columns of each type and kind, nullable and not; some are named like keywords, clauses and
/// functions.
pub const COLUMNS: &[Column] = &[
    column("country", ColumnType::Str, false, ColumnKind::Stored),
    column("limit", ColumnType::Str, true, ColumnKind::Stored),
    column("region", ColumnType::Str, false, ColumnKind::Joined),
    column("segment", ColumnType::Str, true, ColumnKind::Joined),
    column("category", ColumnType::Str, false, ColumnKind::Measure),
    column("where", ColumnType::Str, true, ColumnKind::Measure),
    column("headline", ColumnType::Str, true, ColumnKind::Formula),
    column("quantity", ColumnType::Int, false, ColumnKind::Stored),
    column("invoice", ColumnType::Int, true, ColumnKind::Stored),
    column("population", ColumnType::Int, false, ColumnKind::Joined),
    column("in", ColumnType::Int, true, ColumnKind::Joined),
    column("rounded", ColumnType::Int, false, ColumnKind::Measure),
    column("sum", ColumnType::Int, true, ColumnKind::Measure),
    column("customers", ColumnType::Int, false, ColumnKind::Formula),
    column("revenue", ColumnType::Float, false, ColumnKind::Stored),
    column("discount", ColumnType::Float, true, ColumnKind::Stored),
    column("surface", ColumnType::Float, false, ColumnKind::Joined),
    column("temperature", ColumnType::Float, true, ColumnKind::Joined),
    column("margin", ColumnType::Float, false, ColumnKind::Measure),
    column("select", ColumnType::Float, true, ColumnKind::Measure),
    column("ratio", ColumnType::Float, false, ColumnKind::Formula),
    column("date", ColumnType::DateTime, false, ColumnKind::Stored),
    column("delivered", ColumnType::DateTime, true, ColumnKind::Stored),
    column("founded", ColumnType::DateTime, false, ColumnKind::Joined),
    column("month", ColumnType::DateTime, true, ColumnKind::Joined),
    column("expected", ColumnType::DateTime, false, ColumnKind::Measure),
    column("group_by", ColumnType::DateTime, true, ColumnKind::Measure),
    column("latest", ColumnType::DateTime, true, ColumnKind::Formula),
];

/// The columns that have a cell in each row.
pub fn row_columns() -> impl Iterator<Item = Column> {
    COLUMNS.iter().copied().filter(|column| column.kind != ColumnKind::Formula)
}

/// The value formulas.
pub fn formulas() -> impl Iterator<Item = Column> {
    COLUMNS.iter().copied().filter(|column| column.kind == ColumnKind::Formula)
}

pub fn schema() -> Schema {
    let columns = COLUMNS.iter().map(|column| schema::Column {
        name: column.name.to_owned(),
        wire: format!("the {}", column.name),
        column_type: column.column_type,
        nullable: column.nullable,
        kind: column.kind,
        rust_type: String::new(),
        formula: None,
    });
    Schema { source: SourceRef::Name("source".into()), columns: columns.collect() }
}

/// Literals of a column's type.
pub fn literals(column_type: ColumnType) -> &'static [&'static str] {
    match column_type {
        ColumnType::Str => &["\"FR\"", "\"\"", "\"3\"", "\"it's \\\"é\\\", in\""],
        ColumnType::Int => &["3", "-7", "1_000", "9223372036854775807", "-9223372036854775808"],
        ColumnType::Float => &["2.5", "3", "-1e-7", "-0.0", "1e300"],
        ColumnType::DateTime => &["\"2013-01-31\"", "\"1969-12-31T23:59:59\"", "\"2024-02-29 12:30\""],
    }
}

/// Returns true if an aggregate fits a column.
pub fn fits(aggregate: Aggregate, column: Column) -> bool {
    !aggregate.needs_numeric() || column.column_type.is_numeric()
}

/// The origin of a result's column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    Column(Column),
    Slot(TimeSlot, Column),
    Aggregate(Aggregate, Column),
    Count,
}

impl What {
    /// The name of the output, without `as`.
    pub fn name(self) -> String {
        match self {
            What::Column(column) => column.name.to_owned(),
            What::Slot(slot, column) => format!("{slot}_{}", column.name),
            What::Aggregate(aggregate, column) => format!("{aggregate}_{}", column.name),
            What::Count => "count".to_owned(),
        }
    }

    pub fn pieces(self) -> Vec<Piece> {
        let call = |function: &str, argument: Option<Column>| {
            let argument = argument.map(|column| piece(spelled(column.name), Role::Argument(column)));
            let name = [piece(function, Role::Function), piece("(", Role::Bracket)];
            name.into_iter().chain(argument).chain([piece(")", Role::Bracket)]).collect()
        };
        match self {
            What::Column(column) => vec![piece(spelled(column.name), Role::Column(column))],
            What::Slot(slot, column) => call(slot.word(), Some(column)),
            What::Aggregate(aggregate, column) => call(aggregate.word(), Some(column)),
            What::Count => call("count", None),
        }
    }
}

/// An output and its name.
#[derive(Debug, Clone)]
pub struct Output {
    pub what: What,
    pub alias: Option<String>,
}

impl Output {
    pub fn name(&self) -> String {
        self.alias.clone().unwrap_or_else(|| self.what.name())
    }

    fn pieces(&self) -> Vec<Piece> {
        let alias = self.alias.iter().flat_map(|alias| [piece("as", Role::As), piece(alias, Role::Alias)]);
        self.what.pieces().into_iter().chain(alias).collect()
    }

    /// The ways to order by the output.
    fn orders(&self) -> Vec<Vec<Piece>> {
        let name = |name: &str| vec![piece(spelled(name), Role::Order)];
        let by = match self.what {
            What::Column(column) => name(column.name),
            what => what.pieces(),
        };
        vec![name(&self.name()), by]
    }
}

/// A valid query: its keys, its outputs and its words.
#[derive(Clone)]
pub struct Query {
    pub keys: Vec<Output>,
    pub selections: Option<Vec<Output>>,
    pub text: Text,
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text.words().join(" "))
    }
}

impl Query {
    pub fn selected(&self) -> impl Iterator<Item = &Output> {
        self.selections.iter().flatten()
    }

    pub fn outputs(&self) -> impl Iterator<Item = &Output> {
        self.keys.iter().chain(self.selected())
    }

    /// Returns true if the result has groups or aggregates.
    pub fn is_aggregated(&self) -> bool {
        !self.keys.is_empty() || self.selected().any(|output| !matches!(output.what, What::Column(_)))
    }

    /// The value formula, if it is the only output.
    pub fn formula(&self) -> Option<Column> {
        self.selected().find_map(|output| match output.what {
            What::Column(column) if column.kind == ColumnKind::Formula => Some(column),
            _ => None,
        })
    }
}

fn condition() -> impl Strategy<Value = Vec<Piece>> {
    let columns: Vec<Column> = row_columns().collect();
    let values = prop::collection::vec((any::<Index>(), any::<bool>()), 1..4);
    (select(columns), select(Operator::ALL), values, 0..4).prop_map(|(column, operator, values, form)| {
        let text = column.column_type == ColumnType::Str;
        let operator = if operator.needs_text() && !text { Operator::IsDefined } else { operator };
        let written = if operator == Operator::NotIn && form == 0 { "not in" } else { operator.word() };
        let mut pieces =
            vec![piece(spelled(column.name), Role::Column(column)), piece(written, Role::Operator(operator))];
        let value = |(index, placeholder): &(Index, bool)| match placeholder {
            true => piece("{value}", Role::Placeholder),
            false => piece(*index.get(literals(column.column_type)), Role::Value(column.column_type)),
        };
        match (operator.operand(), form) {
            (Operand::None, _) => {}
            (Operand::Scalar, 0) => pieces.push(piece("{value}?", Role::Placeholder)),
            (Operand::Scalar, _) => pieces.push(value(&values[0])),
            (Operand::List, 0) => pieces.push(piece("{values}", Role::Placeholder)),
            (Operand::List, 1) => pieces.push(piece("{values}?", Role::Placeholder)),
            (Operand::List, _) => {
                pieces.push(piece("[", Role::ListStart));
                for (index, element) in values.iter().enumerate() {
                    if index > 0 {
                        pieces.push(piece(",", Role::ListComma));
                    }
                    pieces.push(value(element));
                }
                pieces.push(piece("]", Role::ListEnd));
            }
        }
        pieces
    })
}

/// Some of these, each with or without an alias.
fn outputs(all: Vec<What>, count: std::ops::Range<usize>, named: &'static str) -> impl Strategy<Value = Vec<Output>> {
    subsequence(all, count).prop_flat_map(|chosen| Just(chosen).prop_shuffle()).prop_flat_map(move |chosen| {
        let aliases = prop::collection::vec(prop::bool::weighted(0.3), chosen.len());
        (Just(chosen), aliases).prop_map(move |(chosen, aliases)| {
            let outputs = chosen.into_iter().zip(aliases).enumerate();
            let output = |(index, (what, alias)): (usize, (What, bool))| Output {
                what,
                alias: alias.then(|| format!("{named}{index}")),
            };
            outputs.map(output).collect()
        })
    })
}

/// The keys and the outputs of a query.
fn result() -> impl Strategy<Value = (Vec<Output>, Option<Vec<Output>>)> {
    let columns = || row_columns().map(What::Column);
    let datetimes = || row_columns().filter(|column| column.column_type == ColumnType::DateTime);
    let slots = datetimes().flat_map(|column| TimeSlot::ALL.iter().map(move |slot| What::Slot(*slot, column)));
    let aggregates = row_columns().flat_map(|column| {
        let fitting = Aggregate::ALL.iter().filter(move |aggregate| fits(**aggregate, column));
        fitting.map(move |aggregate| What::Aggregate(*aggregate, column))
    });
    let aggregates: Vec<What> = aggregates.chain([What::Count]).collect();
    let keys: Vec<What> = columns().chain(slots).collect();
    let formulas: Vec<What> = formulas().map(What::Column).collect();
    let none = || Just(Vec::new());
    let plain = prop::option::weighted(0.8, outputs(columns().collect(), 1..4, "column_"));
    prop_oneof![
        3 => (none(), plain),
        2 => (none(), outputs(aggregates.clone(), 1..4, "total_").prop_map(Some)),
        4 => (outputs(keys, 1..4, "key_"), prop::option::weighted(0.8, outputs(aggregates, 1..4, "total_"))),
        1 => (none(), outputs(formulas, 1..2, "formula_").prop_map(Some)),
    ]
}

/// The words of a clause: its name, then the items with separators between them.
fn clause(
    name: &'static str,
    items: Vec<Vec<Piece>>,
    and: &[bool],
    trailing: bool,
) -> Option<(&'static str, Vec<Piece>)> {
    if items.is_empty() {
        return None;
    }
    let mut pieces = vec![piece(name, Role::Clause)];
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            let separator = if name == "where" && and[index % and.len()] { "and" } else { "," };
            pieces.push(piece(separator, Role::Separator));
        }
        pieces.extend(item);
    }
    if trailing {
        pieces.push(piece(",", Role::Trailing));
    }
    Some((name, pieces))
}

/// A valid query.
pub fn query() -> impl Strategy<Value = Query> {
    let conditions = prop::collection::vec(condition(), 0..4);
    let orders = prop::collection::vec((any::<Index>(), 0..3_u8), 0..3);
    let limit = prop::option::of(select(&["1", "50", "{rows}", "{rows}?"][..]));
    let form =
        (prop::collection::vec(any::<bool>(), 3), prop::collection::vec(prop::bool::weighted(0.2), 6), any::<bool>());
    let sequence = Just(vec!["where", "group_by", "select", "order_by", "limit", "into"]).prop_shuffle();
    (result(), conditions, orders, limit, form, sequence).prop_map(
        |((keys, selections), conditions, orders, limit, (and, trailing, into), sequence)| {
            let mut query = Query { keys, selections, text: Text { pieces: Vec::new(), clauses: Vec::new() } };
            let mut orderable: Vec<Vec<Piece>> = query.outputs().flat_map(Output::orders).collect();
            if query.formula().is_some() {
                orderable.clear();
            } else if !query.is_aggregated() {
                orderable.extend(row_columns().map(|column| vec![piece(spelled(column.name), Role::Order)]));
            }
            let orders = orders.into_iter().filter(|_| !orderable.is_empty()).map(|(index, direction)| {
                let direction = match direction {
                    0 => None,
                    1 => Some(piece("asc", Role::Direction)),
                    _ => Some(piece("desc", Role::Direction)),
                };
                index.get(&orderable).iter().cloned().chain(direction).collect::<Vec<_>>()
            });
            let items = |outputs: &[Output]| outputs.iter().map(Output::pieces).collect::<Vec<_>>();
            let limit = limit.map(|limit| {
                let role = if limit.starts_with('{') { Role::Placeholder } else { Role::Limit };
                vec![piece(limit, role)]
            });
            let clauses = [
                clause("where", conditions, &and, trailing[0]),
                clause("group_by", items(&query.keys), &and, trailing[1]),
                clause("select", query.selections.as_deref().map(items).unwrap_or_default(), &and, trailing[2]),
                clause("order_by", orders.collect(), &and, trailing[3]),
                clause("limit", limit.into_iter().collect(), &and, trailing[4]),
                clause("into", into.then(|| vec![piece("Rows", Role::Into)]).into_iter().collect(), &and, trailing[5]),
            ];
            let mut clauses: Vec<_> = clauses.into_iter().flatten().collect();
            clauses.sort_by_key(|(name, _)| sequence.iter().position(|other| other == name));
            let from = ("from", vec![piece("from", Role::Clause), piece("Source", Role::Source)]);
            for (name, pieces) in std::iter::once(from).chain(clauses) {
                query.text.clauses.extend(pieces.iter().map(|_| name));
                query.text.pieces.extend(pieces);
            }
            query
        },
    )
}
