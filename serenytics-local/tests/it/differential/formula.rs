//! Random formulas: of measures, and of one number over all rows.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serenytics_query::vocabulary::{Aggregate, ColumnType};

use super::source::{Column, Precision};
use super::sql;

/// A formula without a source: building it for a source picks names from that source.
#[derive(Debug, Clone)]
pub enum Formula {
    Int(u32),
    Float(f64),
    Name(Index),
    Negative(Box<Formula>),
    Arithmetic(char, Box<Formula>, Box<Formula>),
    Aggregate(Aggregate, Box<Formula>),
    Count,
}

/// A formula of a source.
#[derive(Debug, Clone)]
pub struct Built {
    /// The formula in the language of the engine.
    pub text: String,
    /// The formula in SQL: integers have 128 bits, and floats may be infinite or NaN.
    pub sql: String,
    pub column_type: ColumnType,
    pub precision: Precision,
}

fn number() -> impl Strategy<Value = Formula> {
    prop_oneof![
        (0..20_u32).prop_map(Formula::Int),
        (0..40_u32).prop_map(|quarters| Formula::Float(f64::from(quarters) / 4.0))
    ]
}

fn arithmetic(inner: impl Strategy<Value = Formula> + Clone) -> impl Strategy<Value = Formula> {
    let operation = (select(vec!['+', '-', '*', '/', '%']), inner.clone(), inner.clone())
        .prop_map(|(sign, left, right)| Formula::Arithmetic(sign, Box::new(left), Box::new(right)));
    prop_oneof![4 => operation, 1 => inner.prop_map(|operand| Formula::Negative(Box::new(operand)))]
}

/// The formula of a measure.
pub fn of_rows() -> impl Strategy<Value = Formula> + Clone {
    let leaf = prop_oneof![3 => any::<Index>().prop_map(Formula::Name), 1 => number()].boxed();
    leaf.prop_recursive(3, 8, 2, arithmetic)
}

/// One number over all rows.
pub fn of_totals() -> impl Strategy<Value = Formula> + Clone {
    let aggregate = (select(Aggregate::ALL), of_rows())
        .prop_map(|(aggregate, argument)| Formula::Aggregate(aggregate, Box::new(argument)));
    let leaf = prop_oneof![6 => aggregate, 1 => Just(Formula::Count), 1 => number()].boxed();
    leaf.prop_recursive(2, 4, 2, arithmetic)
}

impl Formula {
    /// The formula over some columns.
    pub fn build(&self, columns: &[&Column]) -> Built {
        use ColumnType::{Float, Int};
        let exact =
            |text: String, sql: String, column_type| Built { text, sql, column_type, precision: Precision::Exact };
        match self {
            Formula::Int(value) => exact(value.to_string(), sql::wide(&value.to_string()), Int),
            Formula::Float(value) => exact(format!("{value:?}"), sql::float(&format!("{value:?}")), Float),
            Formula::Count => exact("count()".to_owned(), sql::wide("COUNT(*)"), Int),
            Formula::Name(index) => {
                let column = index.get(columns);
                let text = format!("[{}]", column.name.replace(']', "]]"));
                let (sql, column_type) = (column.inner.clone(), column.column_type);
                Built { text, sql, column_type, precision: column.precision }
            }
            Formula::Negative(operand) => {
                let operand = operand.build(columns);
                Built { text: format!("-({})", operand.text), sql: format!("(-({}))", operand.sql), ..operand }
            }
            Formula::Arithmetic(sign, left, right) => {
                let (left, right) = (left.build(columns), right.build(columns));
                arithmetic_of(*sign, left, right)
            }
            Formula::Aggregate(aggregate, argument) => {
                let argument = argument.build(columns);
                // Results that depend on the order of addition cannot be compared.
                let aggregate = if argument.precision.allows(*aggregate) { *aggregate } else { Aggregate::Max };
                let precision = match aggregate {
                    Aggregate::Dcount => Precision::Exact,
                    Aggregate::Avg => argument.precision.max(Precision::Rounded),
                    _ => argument.precision,
                };
                let sql = sql::aggregate(aggregate, &sql::narrowed(&argument));
                let column_type = aggregate.result(argument.column_type);
                let sql = if column_type == Int { sql::wide(&sql) } else { sql };
                Built { text: format!("{aggregate}({})", argument.text), sql, column_type, precision }
            }
        }
    }

    /// Returns true if the formula references a column or calls a function. The server rejects other formulas.
    pub fn depends_on_rows(&self) -> bool {
        match self {
            Formula::Int(_) | Formula::Float(_) => false,
            Formula::Name(_) | Formula::Aggregate(..) | Formula::Count => true,
            Formula::Negative(operand) => operand.depends_on_rows(),
            Formula::Arithmetic(_, left, right) => left.depends_on_rows() || right.depends_on_rows(),
        }
    }
}

fn arithmetic_of(sign: char, left: Built, right: Built) -> Built {
    let is_int = left.column_type == ColumnType::Int && right.column_type == ColumnType::Int && sign != '/';
    // A small difference of the operands can change a remainder a lot.
    let jumps = matches!(sign, '/' | '%') && (left.precision, right.precision) != (Precision::Exact, Precision::Exact);
    let doubt = left.precision.max(right.precision);
    let precision = match doubt {
        _ if is_int => doubt,
        Precision::Large => Precision::Wild,
        _ if jumps => Precision::Wild,
        _ => doubt.max(Precision::Rounded),
    };
    Built {
        text: format!("({} {sign} {})", left.text, right.text),
        sql: sql::arithmetic(sign, &left, &right, is_int),
        column_type: if is_int { ColumnType::Int } else { ColumnType::Float },
        precision,
    }
}
