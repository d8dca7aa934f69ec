//! Limits: how large a query may be, so that none keeps the planner busy for long.

use serde_json::{Map, Value};
use serenytics_query::wire::{Condition, Stage};

use crate::base::Error;

/// How many conditions `where` may have: the planner goes through them one inside the other.
const CONDITIONS: usize = 256;
/// How many values all lists of `where` may have between them.
const VALUES: usize = 100_000;
/// How many measures a source may have: a query of it reads the formulas of all.
const MEASURES: usize = 1000;
/// How many items `group_by`, `select` and `order_by` may have each.
const ITEMS: usize = 4000;

/// The one stage of a pipeline, if it is no larger than a query may be.
pub(super) fn one_stage(pipeline: Vec<Stage>) -> Result<Stage, Error> {
    let stages = pipeline.len();
    if stages > 1 {
        return Err(Error::rejected(format!(
            "data_processing_pipeline has {stages} stages, and one is all that a query can have"
        )));
    }
    let stage = pipeline.into_iter().next().unwrap_or_default();
    let values = stage.conditions.iter().map(values).sum();
    let sizes = [
        ("`where`", stage.conditions.len(), CONDITIONS, "conditions: use `in` with a list"),
        ("`where`", values, VALUES, "values in its lists: load them into a storage of their own"),
        ("`group_by`", stage.group_by.len(), ITEMS, "items"),
        ("`select`", stage.select.len(), ITEMS, "items"),
        ("`order_by`", stage.order_by.len(), ITEMS, "items"),
    ];
    for (clause, size, limit, what) in sizes {
        if size > limit {
            return Err(Error::rejected(format!("{clause} has {size} and may have {limit} {what}")));
        }
    }
    Ok(stage)
}

/// Refuses the configuration of a source with more measures than one may have.
///
/// # Errors
/// `configuration["measures"]` has too many entries.
pub fn check_measures(configuration: &Value) -> Result<(), Error> {
    let measures = configuration.get("measures").and_then(Value::as_object).map_or(0, Map::len);
    if measures > MEASURES {
        return Err(Error::rejected(format!(
            "`measures` of the configuration has {measures} and may have {MEASURES}: share them among several sources"
        )));
    }
    Ok(())
}

/// How many values the list of a condition has, at least when it is a text.
fn values(condition: &Condition) -> usize {
    match &condition.value {
        Some(Value::Array(values)) => values.len(),
        Some(Value::String(text)) => text.bytes().filter(|byte| *byte == b',').count(),
        _ => 0,
    }
}
