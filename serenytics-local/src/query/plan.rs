//! A checked stage as a DataFusion plan.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions_aggregate::expr_fn::{avg, count, count_distinct, max, min, sum};
use datafusion::logical_expr::{SortExpr, cast, utils::COUNT_STAR_EXPANSION};
use datafusion::prelude::{DataFrame, Expr};
use serenytics_query::check::CheckedStage;
use serenytics_query::schema::Schema;
use serenytics_query::stage::{Key, KeySlot, Limit, Order, Selected, Selection, Stage};
use serenytics_query::vocabulary::{Aggregate, ColumnType, Direction};

use super::condition::{all, column, unchecked};
use super::slot::time_slot;
use crate::error::{Context, Error};
use crate::storage::Snapshot;

const FAILED: &str = "the query could not be planned";

/// Whether a stage has groups, or one row of aggregates.
pub(super) fn is_aggregated(stage: &Stage) -> bool {
    let is_aggregate = |selection: &Selection| !matches!(selection.selected, Selected::Column(_));
    !stage.group_by.is_empty() || stage.select.iter().flatten().any(is_aggregate)
}

/// The plan of a stage over the rows of its source. Its columns are those of the shape, in their order.
pub(super) fn plan(
    mut rows: DataFrame,
    checked: &CheckedStage,
    schema: &Schema,
    snapshot: &Snapshot,
) -> Result<DataFrame, Error> {
    let stage = &checked.stage;
    if let Some(conditions) = all(&stage.conditions, schema)? {
        rows = rows.filter(conditions).context(FAILED)?;
    }
    let outputs = if is_aggregated(stage) {
        let keys = keys(stage, schema)?;
        let aggregates = aggregates(stage, schema, snapshot)?;
        let names = |prefix, items: &[Expr]| {
            (0..items.len()).map(move |index| column(&format!("{prefix}{index}"))).collect::<Vec<_>>()
        };
        let outputs = [names(KEY, &keys), names(AGGREGATE, &aggregates)].concat();
        rows = rows.aggregate(keys, aggregates).context(FAILED)?;
        outputs
    } else {
        match &stage.select {
            None => schema.columns.iter().map(|found| column(&found.wire)).collect(),
            Some(select) => {
                let selected = select.iter().map(|selection| match &selection.selected {
                    Selected::Column(word) => source_column(&word.text, schema).map(|(expr, _)| expr),
                    _ => Err(unchecked("an aggregate beside a column")),
                });
                selected.collect::<Result<_, _>>()?
            }
        }
    };
    if outputs.len() != checked.shape.len() {
        return Err(unchecked("outputs that the shape does not have"));
    }
    if !stage.order_by.is_empty() {
        let order = stage.order_by.iter().map(|order| sort_key(order, stage, schema));
        rows = rows.sort(order.collect::<Result<_, _>>()?).context(FAILED)?;
    }
    if let Some(Limit::Rows(limit, _)) = stage.limit {
        rows = rows.limit(0, Some(usize::try_from(limit).unwrap_or(usize::MAX))).context(FAILED)?;
    }
    let named = outputs.into_iter().enumerate().map(|(index, output)| output.alias(format!("o{index}")));
    rows.select(named.collect::<Vec<_>>()).context(FAILED)
}

/// What the grouped columns are called inside of a plan, before their number.
const KEY: &str = "k";
/// What the aggregates are called inside of a plan, before their number.
const AGGREGATE: &str = "a";

fn source_column(name: &str, schema: &Schema) -> Result<(Expr, ColumnType), Error> {
    let (_, found) = schema.column(name).ok_or_else(|| unchecked("an unknown column"))?;
    Ok((column(&found.wire), found.column_type))
}

fn keys(stage: &Stage, schema: &Schema) -> Result<Vec<Expr>, Error> {
    let key = |(index, key): (usize, &Key)| {
        let (source, _) = source_column(&key.column.text, schema)?;
        let expr = match key.slot {
            KeySlot::Whole => source,
            KeySlot::Slot(slot) => time_slot(slot, source),
            KeySlot::Unknown => return Err(unchecked("an unknown time slot")),
        };
        Ok(expr.alias(format!("{KEY}{index}")))
    };
    stage.group_by.iter().enumerate().map(key).collect()
}

/// The aggregates of `select`; a grouped column that is selected again is in the result already.
fn aggregates(stage: &Stage, schema: &Schema, snapshot: &Snapshot) -> Result<Vec<Expr>, Error> {
    let selected = selected_aggregates(stage)
        .enumerate()
        .map(|(index, selected)| Ok(aggregate(selected, schema, snapshot)?.alias(format!("{AGGREGATE}{index}"))));
    selected.collect()
}

fn selected_aggregates(stage: &Stage) -> impl Iterator<Item = &Selected> {
    let selected = stage.select.iter().flatten().map(|selection| &selection.selected);
    selected.filter(|selected| !matches!(selected, Selected::Column(_)))
}

fn aggregate(selected: &Selected, schema: &Schema, snapshot: &Snapshot) -> Result<Expr, Error> {
    let (aggregate, word) = match selected {
        Selected::Count(_) => return Ok(count(Expr::Literal(COUNT_STAR_EXPANSION, None))),
        Selected::Aggregate { aggregate, column, .. } => (*aggregate, column),
        _ => return Err(unchecked("an unknown aggregate")),
    };
    let (source, column_type) = source_column(&word.text, schema)?;
    Ok(match aggregate {
        // A sum of 64 bits wraps around. Unless it cannot, this one is wide, and held against 64 bits when it is written.
        Aggregate::Sum if column_type == ColumnType::Int && !snapshot.sum_fits(&word.text) => {
            sum(cast(source, DataType::Decimal128(20, 0)))
        }
        Aggregate::Sum => sum(source),
        Aggregate::Min => min(source),
        Aggregate::Max => max(source),
        Aggregate::Avg => avg(source),
        Aggregate::Dcount => count_distinct(source),
    })
}

/// A key of the order: NULLs come last in `asc` and first in `desc`, as if they were larger than everything.
fn sort_key(order: &Order, stage: &Stage, schema: &Schema) -> Result<SortExpr, Error> {
    let named = |prefix, index: Option<usize>| {
        let index = index.ok_or_else(|| unchecked("an order by something that the result lacks"))?;
        Ok(column(&format!("{prefix}{index}")))
    };
    let by = match &order.by {
        Selected::Column(word) if is_aggregated(stage) => {
            let key = |key: &Key| key.column.text == word.text && key.slot == KeySlot::Whole;
            named(KEY, stage.group_by.iter().position(key))?
        }
        Selected::Column(word) => source_column(&word.text, schema)?.0,
        Selected::Slot { slot, column: word, .. } => {
            let key = |key: &Key| key.column.text == word.text && key.slot == KeySlot::Slot(*slot);
            named(KEY, stage.group_by.iter().position(key))?
        }
        by => named(AGGREGATE, selected_aggregates(stage).position(|selected| selected.is_same(by)))?,
    };
    let ascending = order.direction == Direction::Asc;
    Ok(by.sort(ascending, !ascending))
}
