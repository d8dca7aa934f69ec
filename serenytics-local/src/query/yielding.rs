//! Joins that yield: a query can be stopped only where it gives way to others.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;

/// Makes every join give way after some of its batches. DataFusion has scans do so and takes it for enough, but a join
/// can make a billion rows of what one scan gave.
#[derive(Debug)]
pub(super) struct YieldingJoins;

impl PhysicalOptimizerRule for YieldingJoins {
    fn name(&self) -> &str {
        "yielding_joins"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let yielding = |plan: Arc<dyn ExecutionPlan>| {
            Ok(match plan.children().len() {
                0 | 1 => Transformed::no(plan),
                _ => Transformed::yes(Arc::new(CooperativeExec::new(plan)) as Arc<dyn ExecutionPlan>),
            })
        };
        plan.transform_up(yielding).map(|plan| plan.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}
