//! Ranks: the places among all rows that a query needs, as columns of the rows.

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

/// How many times the rows of a query may be sorted for places: they are held while they are.
const SORTS: usize = 8;

/// The rows with a column for each place.
pub(super) fn with_ranks(rows: DataFrame, ranks: &[RankColumn]) -> Result<DataFrame, Error> {
    const FAILED: &str = "the places among all rows could not be planned";
    let mut keys = Keys::default();
    let sorts = sorts(ranks, &mut keys);
    if sorts.len() > SORTS {
        return Err(Error::rejected(format!(
            "the formulas that the query names need {} different orders or groups for `rank` and `dense_rank`, and may \
             need {SORTS}",
            sorts.len()
        )));
    }
    planned(rows, keys, &sorts).context(FAILED)
}

/// What the rows are sorted by, each once.
fn sorts<'r>(ranks: &'r [RankColumn], keys: &mut Keys) -> Vec<Sorted<'r>> {
    let mut sorts: Vec<Sorted<'_>> = Vec::new();
    for rank in ranks {
        // A NULL changes the place of no other row: it comes last.
        let order = keys.column(&rank.value).sort(rank.is_ascending, false);
        let groups: Vec<Expr> = rank.groups.iter().map(|group| keys.column(group)).collect();
        match sorts.iter_mut().find(|sort| sort.order == order && sort.groups == groups) {
            Some(sort) => sort.ranks.push(rank),
            None => sorts.push(Sorted { order, groups, ranks: vec![rank] }),
        }
    }
    sorts
}

/// The rows with what they are sorted by, sorted and counted once for each order, and then with the places alone.
fn planned(rows: DataFrame, keys: Keys, sorts: &[Sorted<'_>]) -> Result<DataFrame, DataFusionError> {
    let stored: Vec<Expr> = rows.schema().columns().into_iter().map(Expr::Column).collect();
    let mut rows = rows.select([stored.clone(), keys.computed].concat())?;
    let mut places = Vec::new();
    for (number, sort) in sorts.iter().enumerate() {
        rows = rows.window(sort.windows(number))?;
        for place in sort.places(number) {
            places.push(place?);
        }
    }
    rows.select([stored, places].concat())
}

/// The columns that rows are sorted and grouped by. What is computed becomes a column of its own: DataFusion takes a
/// condition on a column that is called like a group's expression for one on the group, and drops rows too early.
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

/// Places for which the rows are sorted once.
struct Sorted<'r> {
    order: Sort,
    groups: Vec<Expr>,
    ranks: Vec<&'r RankColumn>,
}

impl Sorted<'_> {
    /// What counts the places: a column for each function, however many formulas call it.
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

    /// The places, which NULL has not.
    fn places(&self, number: usize) -> impl Iterator<Item = Result<Expr, DataFusionError>> {
        self.ranks.iter().map(move |rank| {
            let place = cast(column(&window_name(number, &rank.window)), DataType::Int64);
            Ok(when(self.order.expr.clone().is_not_null(), place).end()?.alias(&rank.name))
        })
    }
}

fn window_name(sort: usize, function: &WindowUDF) -> String {
    format!("\u{4}{sort} {}", function.name())
}
