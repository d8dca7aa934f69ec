//! Scans: the rows that a query reads, from one table or from joined tables.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::JoinType;
use datafusion::logical_expr::cast;
use datafusion::prelude::{DataFrame, Expr, SessionContext};
use serenytics_query::vocabulary::ColumnType;

use crate::base::{Context, Error, ErrorKind};
use crate::query::expression::{column, unify_zeros};
use crate::query::input::{Input, Key, Part};
use crate::storage::scan_parts;

const FAILED: &str = "the storage's files could not be read";

/// Returns the rows that a query reads, in any order. Columns have their names in queries.
pub(in crate::query) fn rows(context: &SessionContext, input: &Input) -> Result<DataFrame, Error> {
    let mut joined: Option<DataFrame> = None;
    for part in &input.parts {
        let parts = scan_parts(context, &part.snapshot)?.into_iter().map(Ok);
        let rows = parts.reduce(|one, other| one?.union(other?).context(FAILED));
        let rows = rows.ok_or_else(nothing)??;
        joined = Some(match joined {
            None if !input.is_join() => rows,
            None => named(rows, part)?,
            Some(left) => {
                // NULL equals nothing, not even NULL.
                left.join_on(named(rows, part)?, JoinType::Inner, part.keys.iter().map(equal)).context(FAILED)?
            }
        });
    }
    joined.ok_or_else(nothing)
}

/// Returns the rows that a query reads, as parts that follow each other in order.
pub(in crate::query) fn rows_in_order(context: &SessionContext, input: &Input) -> Result<Vec<DataFrame>, Error> {
    input
        .parts
        .iter()
        .map(|part| scan_parts(context, &part.snapshot))
        .collect::<Result<Vec<_>, _>>()
        .map(|parts| parts.concat())
}

fn nothing() -> Error {
    Error::new(ErrorKind::Failed, "a query reads nothing")
}

/// Renames the columns of a storage to their names in a join.
fn named(rows: DataFrame, part: &Part) -> Result<DataFrame, Error> {
    let columns = part.snapshot.columns.iter().zip(part.columns());
    let columns = columns.map(|(stored, (name, _))| column(&stored.name).alias(name));
    rows.select(columns.collect::<Vec<_>>()).context(FAILED)
}

fn equal(key: &Key) -> Expr {
    let side = |name: &str| match key.is_float {
        true => unify_zeros(cast(column(name), DataType::Float64), ColumnType::Float),
        false => column(name),
    };
    side(&key.left).eq(side(&key.right))
}
