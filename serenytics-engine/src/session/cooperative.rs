//! Makes joins and windows yield to the runtime, because a query can only be cancelled where it
//! yields.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties, replace_children_if_necessary,
};
use futures_util::{StreamExt, stream};

/// Makes every join yield after some of its batches, and every window before each batch.
///
/// DataFusion lets only scans yield. But a join can turn one scanned batch into a billion rows, and
/// a window receives the rows of a finished sort all at once.
#[derive(Debug)]
pub(super) struct Cooperative;

impl PhysicalOptimizerRule for Cooperative {
    fn name(&self) -> &str {
        "cooperative"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let add_yields = |plan: Arc<dyn ExecutionPlan>| {
            let is_window = plan.is::<BoundedWindowAggExec>() || plan.is::<WindowAggExec>();
            Ok(match plan.children().as_slice() {
                [input] if is_window => {
                    let input = Arc::new(CooperativeInputExec { input: Arc::clone(input) });
                    Transformed::yes(replace_children_if_necessary(plan, vec![input])?)
                }
                [] | [_] => Transformed::no(plan),
                _ => Transformed::yes(Arc::new(CooperativeExec::new(plan)) as Arc<dyn ExecutionPlan>),
            })
        };
        plan.transform_up(add_yields).map(|plan| plan.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The maximum number of cells that a window processes between two yields. If each row is a
/// separate group, a window copies its columns one by one.
const CELLS_PER_SLICE: usize = 100_000;
/// The minimum number of rows that a window processes between two yields.
const MIN_SLICE_ROWS: usize = 64;

/// Splits a batch into slices. The window yields between them.
fn slices(batch: Result<RecordBatch>) -> Vec<Result<RecordBatch>> {
    let Ok(rows) = batch else { return vec![batch] };
    let most = (CELLS_PER_SLICE / rows.num_columns().max(1)).max(MIN_SLICE_ROWS);
    (0..rows.num_rows()).step_by(most).map(|at| Ok(rows.slice(at, most.min(rows.num_rows() - at)))).collect()
}

/// Yields before each slice of its input. `CooperativeExec` yields after 128 batches, which can be
/// a million rows.
#[derive(Debug)]
struct CooperativeInputExec {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for CooperativeInputExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CooperativeInputExec")
    }
}

impl ExecutionPlan for CooperativeInputExec {
    fn name(&self) -> &str {
        "CooperativeInputExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.into_iter().next() {
            Some(input) => Ok(Arc::new(CooperativeInputExec { input })),
            None => Ok(self),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let batches = self.input.execute(partition, context)?.flat_map(|batch| stream::iter(slices(batch)));
        let batches = batches.then(async |batch| {
            tokio::task::yield_now().await;
            batch
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.input.schema(), batches)))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Int64Array;
    use datafusion::datasource::MemTable;
    use datafusion::functions_window::expr_fn::rank;
    use datafusion::logical_expr::ExprFunctionExt;
    use datafusion::prelude::{SessionConfig, SessionContext, col};
    use futures_util::FutureExt;

    use super::super::cooperative;
    use super::*;

    /// The number of batches that the sort returns.
    const BATCHES: usize = 50;
    const SIZE: usize = 100;

    /// Counts how often a window over sorted rows yields before its first rows are ready.
    async fn pauses(context: &SessionContext) -> usize {
        let values = Int64Array::from_iter_values((0..(BATCHES * SIZE) as i64).rev());
        let batch = RecordBatch::try_from_iter([("x", Arc::new(values) as _)]).unwrap();
        let rows = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
        let rows = context.read_table(Arc::new(rows)).unwrap();
        let window = rank().order_by(vec![col("x").sort(true, false)]).build().unwrap().alias("place");
        let most = datafusion::functions_aggregate::expr_fn::max(col("place"));
        let mut batches =
            rows.window(vec![window]).unwrap().aggregate(vec![], vec![most]).unwrap().execute_stream().await.unwrap();
        let mut pauses = 0;
        while batches.next().now_or_never().is_none() {
            pauses += 1;
        }
        pauses
    }

    #[tokio::test]
    async fn window_yields_before_each_batch() {
        let config = SessionConfig::new().with_target_partitions(1).with_batch_size(SIZE);
        let context = SessionContext::new_with_config(config);
        let (without, with) = (pauses(&context).await, pauses(&cooperative(&context)).await);
        assert!(with >= BATCHES && without < BATCHES / 2, "{without} and {with} pauses");
    }

    #[test]
    fn wide_batches_are_split_into_slices() {
        let column = Arc::new(Int64Array::from_iter_values(0..8192)) as Arc<_>;
        let wide = |columns: usize| {
            let columns = (0..columns).map(|index| (index.to_string(), Arc::clone(&column)));
            let slices = slices(RecordBatch::try_from_iter(columns).map_err(Into::into));
            slices.into_iter().map(|slice| slice.unwrap().num_rows()).collect::<Vec<_>>()
        };
        assert_eq!(wide(1), [8192]);
        assert_eq!(wide(50), [2000, 2000, 2000, 2000, 192]);
        assert_eq!(wide(2000), [MIN_SLICE_ROWS; 8192 / MIN_SLICE_ROWS]);
    }
}
