//! Ranks among all rows: adds them to the rows as columns.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{Sort, WindowFunction};
use datafusion::logical_expr::{WindowFrame, WindowUDF, cast, when};
use datafusion::prelude::{DataFrame, Expr};

use crate::base::{Context, Error};
use crate::query::expression::column;
use crate::query::formula::RankColumn;

/// The maximum number of times that a query may sort its rows for ranks. All rows are in memory
/// during a sort.
const MAX_SORTS: usize = 8;

/// Adds a column for each rank.
pub(super) fn with_ranks(rows: DataFrame, ranks: &[RankColumn]) -> Result<DataFrame, Error> {
    const FAILED: &str = "the ranks could not be planned";
    let mut keys = Keys::default();
    let sorts = sorts(ranks, &mut keys);
    if sorts.len() > MAX_SORTS {
        return Err(Error::rejected(format!(
            "the query's formulas need {} different orders or groups for `rank` and `dense_rank`, but may need at most \
             {MAX_SORTS}",
            sorts.len()
        )));
    }
    add_ranks(rows, keys, &sorts).context(FAILED)
}

/// Collects the distinct sorts that the ranks need.
fn sorts<'r>(ranks: &'r [RankColumn], keys: &mut Keys) -> Vec<SharedSort<'r>> {
    let mut sorts: Vec<SharedSort<'_>> = Vec::new();
    for rank in ranks {
        // NULLs sort last, so that they do not change the rank of another row.
        let order = keys.column(&rank.value).sort(rank.is_ascending, false);
        let groups: Vec<Expr> = rank.groups.iter().map(|group| keys.column(group)).collect();
        match sorts.iter_mut().find(|sort| sort.order == order && sort.groups == groups) {
            Some(sort) => sort.ranks.push(rank),
            None => sorts.push(SharedSort { order, groups, ranks: vec![rank] }),
        }
    }
    sorts
}

/// Adds the sort keys, computes the ranks with one sort for each distinct order, and removes the
/// keys again.
fn add_ranks(rows: DataFrame, keys: Keys, sorts: &[SharedSort<'_>]) -> Result<DataFrame, DataFusionError> {
    let stored: Vec<Expr> = rows.schema().columns().into_iter().map(Expr::Column).collect();
    let mut rows = rows.select([stored.clone(), keys.computed].concat())?;
    let mut values = Vec::new();
    for (number, sort) in sorts.iter().enumerate() {
        rows = rows.window(sort.windows(number))?;
        for value in sort.values(number) {
            values.push(value?);
        }
    }
    rows.select([stored, values].concat())
}

/// The columns that rows are sorted and grouped by. Computed keys become columns. Otherwise
/// DataFusion confuses a condition on a column with one on a group whose expression has the same
/// name, and drops rows too early.
#[derive(Default)]
struct Keys {
    names: HashMap<Expr, String>,
    computed: Vec<Expr>,
}

impl Keys {
    fn column(&mut self, key: &Expr) -> Expr {
        if matches!(key, Expr::Column(_)) {
            return key.clone();
        }
        let next = format!("\u{3}{}", self.computed.len());
        let name = self.names.entry(key.clone()).or_insert_with(|| {
            self.computed.push(key.clone().alias(&next));
            next
        });
        column(name)
    }
}

/// Ranks that share one sort.
struct SharedSort<'r> {
    order: Sort,
    groups: Vec<Expr>,
    ranks: Vec<&'r RankColumn>,
}

impl SharedSort<'_> {
    /// Returns the window functions: one column for each function, even if several formulas call
    /// it.
    fn windows(&self, number: usize) -> Vec<Expr> {
        let mut functions: Vec<&Arc<WindowUDF>> = self.ranks.iter().map(|rank| &rank.window).collect();
        functions.sort_by_key(|function| function.name());
        functions.dedup();
        let window = |function: &Arc<WindowUDF>| {
            let mut window = WindowFunction::new(Arc::clone(function), Vec::new());
            window.params.partition_by.clone_from(&self.groups);
            window.params.order_by = vec![self.order.clone()];
            window.params.window_frame = WindowFrame::new(Some(false));
            Expr::from(window).alias(window_name(number, function))
        };
        functions.into_iter().map(window).collect()
    }

    /// Returns the ranks. NULL has no rank.
    fn values(&self, number: usize) -> impl Iterator<Item = Result<Expr, DataFusionError>> {
        self.ranks.iter().map(move |rank| {
            let value = cast(column(&window_name(number, &rank.window)), DataType::Int64);
            Ok(when(self.order.expr.clone().is_not_null(), value).end()?.alias(&rank.name))
        })
    }
}

fn window_name(sort: usize, function: &WindowUDF) -> String {
    format!("\u{4}{sort} {}", function.name())
}
