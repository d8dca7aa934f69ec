//! Plans: converts a checked query to a DataFusion plan.

mod columns;
mod condition;
mod ranks;
mod resolve;
mod scan;

use datafusion::logical_expr::SortExpr;
use datafusion::prelude::{DataFrame, Expr};
use serenytics_query::check::CheckedStage;
use serenytics_query::stage::{Key, KeySlot, Limit, Order, Selected, Selection, Stage};
use serenytics_query::vocabulary::{Aggregate, ColumnType, Direction};

use self::columns::Columns;
use self::condition::all;
use self::ranks::with_ranks;
pub(super) use self::resolve::resolve;
pub(super) use self::scan::{rows, rows_in_order};
use crate::base::{Context, Error};
use crate::query::expression::{AGGREGATE, aggregated, column, row_count, time_slot, unchecked, unify_zeros};
use crate::query::formula::Totals;

const FAILED: &str = "the query could not be planned";

/// Returns true if a stage returns other rows than the source has, or in another order.
pub(super) fn is_reordered(stage: &Stage, columns: &Columns<'_>) -> bool {
    let is_sorted = !stage.order_by.is_empty() || !columns.ranks.is_empty();
    is_sorted || is_aggregated(stage) || value_formula(stage, columns).is_some()
}

/// Returns true if a stage groups rows, or aggregates all rows to one.
fn is_aggregated(stage: &Stage) -> bool {
    let is_aggregate = |selection: &Selection| !matches!(selection.selected, Selected::Column(_));
    !stage.group_by.is_empty() || stage.select.iter().flatten().any(is_aggregate)
}

/// Returns the value formula that a stage selects. A stage that selects one selects nothing else.
fn value_formula(stage: &Stage, columns: &Columns<'_>) -> Option<Totals> {
    match stage.select.as_deref() {
        Some([Selection { selected: Selected::Column(word), .. }]) => columns.formula(&word.text),
        _ => None,
    }
}

/// Plans a stage over the rows of its source. The plan's columns are those of the stage's shape, in
/// the same order.
pub(super) fn plan(mut rows: DataFrame, checked: &CheckedStage, columns: &Columns<'_>) -> Result<DataFrame, Error> {
    let stage = &checked.stage;
    if !columns.ranks.is_empty() {
        // Ranks come before the conditions: a measure's value in a row must not depend on the
        // query's filter.
        rows = with_ranks(rows, &columns.ranks)?;
    }
    if let Some(conditions) = all(&stage.conditions, columns)? {
        rows = rows.filter(conditions).context(FAILED)?;
    }
    let outputs = if let Some(totals) = value_formula(stage, columns) {
        rows = rows.aggregate(Vec::new(), totals.aggregates).context(FAILED)?;
        vec![totals.number]
    } else if is_aggregated(stage) {
        let keys = keys(stage, columns)?;
        let aggregates = aggregates(stage, columns)?;
        let names = |prefix, items: &[Expr]| {
            (0..items.len()).map(move |index| column(&format!("{prefix}{index}"))).collect::<Vec<_>>()
        };
        let outputs = [names(KEY, &keys), names(AGGREGATE, &aggregates)].concat();
        rows = rows.aggregate(keys, aggregates).context(FAILED)?;
        outputs
    } else {
        match &stage.select {
            None => checked.shape.iter().map(|output| cell(&output.name, columns)).collect::<Result<_, _>>()?,
            Some(select) => {
                let selected = select.iter().map(|selection| match &selection.selected {
                    Selected::Column(word) => cell(&word.text, columns),
                    _ => Err(unchecked("an aggregate next to a column")),
                });
                selected.collect::<Result<_, _>>()?
            }
        }
    };
    if outputs.len() != checked.shape.len() {
        return Err(unchecked("outputs that are not in the shape"));
    }
    if !stage.order_by.is_empty() {
        let keys = stage.order_by.iter().map(|order| sort_key(order, stage, columns));
        let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
        // Rows that are equal by the last key may come in any order, so its zeros need not be
        // unified.
        for (key, column_type) in keys.iter_mut().rev().skip(1) {
            key.expr = unify_zeros(key.expr.clone(), *column_type);
        }
        for (index, (key, _)) in keys.iter_mut().enumerate() {
            if !matches!(key.expr, Expr::Column(_)) {
                // DataFusion does not track a sort by a longer expression, and then rejects its own
                // plan.
                let name = format!("{ORDER}{index}");
                rows = rows.with_column(&name, std::mem::replace(&mut key.expr, column(&name))).context(FAILED)?;
            }
        }
        rows = rows.sort(keys.into_iter().map(|(key, _)| key).collect()).context(FAILED)?;
    }
    if let Some(limit) = limit(stage) {
        rows = rows.limit(0, Some(limit)).context(FAILED)?;
    }
    let named = outputs.into_iter().enumerate().map(|(index, output)| output.alias(format!("o{index}")));
    rows.select(named.collect::<Vec<_>>()).context(FAILED)
}

/// Returns the maximum number of rows that a stage returns.
pub(super) fn limit(stage: &Stage) -> Option<usize> {
    match stage.limit {
        Some(Limit::Rows(limit, _)) => Some(usize::try_from(limit).unwrap_or(usize::MAX)),
        _ => None,
    }
}

/// The prefix of a grouped column's name in a plan, before its index.
const KEY: &str = "k";

/// The prefix of a computed sort key's name in a plan, before its index. It is a control character,
/// which no stored column's name has.
const ORDER: &str = "\u{1}";

fn cell(name: &str, columns: &Columns<'_>) -> Result<Expr, Error> {
    Ok(columns.row_column(name)?.cell)
}

fn keys(stage: &Stage, columns: &Columns<'_>) -> Result<Vec<Expr>, Error> {
    let key = |(index, key): (usize, &Key)| {
        let source = columns.row_column(&key.column.text)?;
        let expr = match key.slot {
            KeySlot::Whole => unify_zeros(source.cell, source.column_type),
            KeySlot::Slot(slot) => time_slot(slot, source.cell),
            KeySlot::Unknown => return Err(unchecked("an unknown time slot")),
        };
        Ok(expr.alias(format!("{KEY}{index}")))
    };
    stage.group_by.iter().enumerate().map(key).collect()
}

/// Returns the aggregates of `select`. A grouped column that is selected again is already in the
/// result.
fn aggregates(stage: &Stage, columns: &Columns<'_>) -> Result<Vec<Expr>, Error> {
    let selected = selected_aggregates(stage)
        .enumerate()
        .map(|(index, selected)| Ok(aggregate(selected, columns)?.alias(format!("{AGGREGATE}{index}"))));
    selected.collect()
}

fn selected_aggregates(stage: &Stage) -> impl Iterator<Item = &Selected> {
    let selected = stage.select.iter().flatten().map(|selection| &selection.selected);
    selected.filter(|selected| !matches!(selected, Selected::Column(_)))
}

fn aggregate(selected: &Selected, columns: &Columns<'_>) -> Result<Expr, Error> {
    let (aggregate, word) = match selected {
        Selected::Count(_) => return Ok(row_count()),
        Selected::Aggregate { aggregate, column, .. } => (*aggregate, column),
        _ => return Err(unchecked("an unknown aggregate")),
    };
    let argument = columns.row_column(&word.text)?;
    let sum_may_wrap =
        aggregate == Aggregate::Sum && argument.column_type == ColumnType::Int && columns.sum_may_wrap(&word.text);
    Ok(aggregated(aggregate, argument.cell, argument.column_type, sum_may_wrap))
}

/// Returns a sort key and its type. NULLs are last in `asc` and first in `desc`, as if they were
/// the largest values.
fn sort_key(order: &Order, stage: &Stage, columns: &Columns<'_>) -> Result<(SortExpr, ColumnType), Error> {
    let named = |prefix, index: Option<usize>| {
        let index = index.ok_or_else(|| unchecked("an order by something that is not in the result"))?;
        Ok(column(&format!("{prefix}{index}")))
    };
    let by = match &order.by {
        Selected::Column(word) if is_aggregated(stage) => {
            let key = |key: &Key| key.column.text == word.text && key.slot == KeySlot::Whole;
            named(KEY, stage.group_by.iter().position(key))?
        }
        Selected::Column(word) => cell(&word.text, columns)?,
        Selected::Slot { slot, column: word, .. } => {
            let key = |key: &Key| key.column.text == word.text && key.slot == KeySlot::Slot(*slot);
            named(KEY, stage.group_by.iter().position(key))?
        }
        by => named(AGGREGATE, selected_aggregates(stage).position(|selected| selected.is_same(by)))?,
    };
    let column_type = match &order.by {
        Selected::Column(word) => columns.row_column(&word.text)?.column_type,
        Selected::Aggregate { aggregate, column, .. } => {
            aggregate.result(columns.row_column(&column.text)?.column_type)
        }
        Selected::Slot { .. } => ColumnType::DateTime,
        _ => ColumnType::Int,
    };
    let ascending = order.direction == Direction::Asc;
    Ok((by.sort(ascending, !ascending), column_type))
}
