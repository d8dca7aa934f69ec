//! Limits on the size of a query. They keep planning fast.

use serde_json::{Map, Value};
use serenytics_query::wire::{Condition, Item, Stage};

use crate::base::Error;

/// The maximum number of conditions in `where`. The planner nests one inside the other.
const MAX_CONDITIONS: usize = 256;
/// The maximum number of values in all lists of `where` together.
const MAX_VALUES: usize = 100_000;
/// The maximum number of measures of a source. A query parses the formulas of all of them.
const MAX_MEASURES: usize = 1000;
/// The maximum number of items in each of `group_by`, `select` and `order_by`.
const MAX_ITEMS: usize = 4000;

/// Returns the one stage of a pipeline, after checking its size.
pub(super) fn one_stage(pipeline: Vec<Stage>) -> Result<Stage, Error> {
    let stages = pipeline.len();
    if stages > 1 {
        return Err(Error::rejected(format!(
            "data_processing_pipeline has {stages} stages, but a query may have only one"
        )));
    }
    let stage = pipeline.into_iter().next().unwrap_or_default();
    let values = stage.conditions.iter().map(values).sum();
    let sizes = [
        ("`where`", stage.conditions.len(), MAX_CONDITIONS, "conditions: use `in` with a list"),
        ("`where`", values, MAX_VALUES, "values in its lists: load them into a separate storage"),
        ("`group_by`", stage.group_by.len(), MAX_ITEMS, "items"),
        ("`select`", stage.select.len(), MAX_ITEMS, "items"),
        ("`order_by`", stage.order_by.len(), MAX_ITEMS, "items"),
    ];
    for (clause, size, limit, what) in sizes {
        if size > limit {
            return Err(Error::rejected(format!("{clause} has {size} and may have at most {limit} {what}")));
        }
    }
    Ok(stage)
}

/// Returns true if checking and planning a query may take longer than a few milliseconds.
pub(super) fn is_large(stages: &[Stage], configuration: &Value) -> bool {
    // Values, items and measures that take about as long to plan as one item.
    const FEW: usize = 200;
    const SHORT: usize = 16 * 1024;
    let measures = configuration.get("measures").and_then(Value::as_object).map_or(0, Map::len);
    let items = |stage: &Stage| {
        let items = stage.group_by.len() + stage.select.len() + stage.order_by.len() + stage.conditions.len();
        items + stage.conditions.iter().map(values).sum::<usize>()
    };
    if stages.iter().map(items).sum::<usize>() + measures > FEW {
        return true;
    }
    let length = |item: &Item| match item {
        Item::Name(name) => name.len(),
        Item::Column(item) => item.name.len(),
    };
    let items = |stage: &Stage| -> usize {
        stage.group_by.iter().chain(&stage.select).chain(&stage.order_by).map(length).sum()
    };
    let conditions = |stage: &Stage| -> usize {
        let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map_or(0, str::len);
        stage.conditions.iter().map(|condition| condition.name.len() + text(&condition.value)).sum()
    };
    stages.iter().map(|stage| items(stage) + conditions(stage)).sum::<usize>() > SHORT
}

/// Checks that a source's configuration does not define too many measures.
///
/// # Errors
/// `configuration["measures"]` has too many entries.
pub fn check_measures(configuration: &Value) -> Result<(), Error> {
    let measures = configuration.get("measures").and_then(Value::as_object).map_or(0, Map::len);
    if measures > MAX_MEASURES {
        return Err(Error::rejected(format!(
            "`measures` of the configuration has {measures} entries and may have at most {MAX_MEASURES}: \
             distribute them over several sources"
        )));
    }
    Ok(())
}

/// Returns the number of values in a condition's list.
fn values(condition: &Condition) -> usize {
    match &condition.value {
        Some(Value::Array(values)) => values.len(),
        Some(Value::String(text)) => values_in(text),
        _ => 0,
    }
}

/// Returns the number of values in a JSON list, without parsing the values.
fn values_in(list: &str) -> usize {
    let Some(inside) = list.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']')) else { return 0 };
    let (mut commas, mut is_quoted, mut is_escaped) = (0, false, false);
    for byte in inside.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_quoted,
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => commas += 1,
            _ => {}
        }
    }
    if inside.trim().is_empty() { 0 } else { commas + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_list_are_counted_exactly() {
        for (list, expected) in [
            ("[]", 0),
            (" [ ] ", 0),
            ("[1]", 1),
            ("[1, 2,3]", 3),
            (r#"["a,b", "c"]"#, 2),
            (r#"["a\",b", "\\", "é,"]"#, 3),
            ("1,2,3", 0),
            ("", 0),
        ] {
            assert_eq!(values_in(list), expected, "{list}");
        }
    }

    #[test]
    fn limit_of_values_is_exact() {
        let stage = |count: usize| {
            let list = format!("[{}]", vec!["1"; count].join(","));
            let condition: Condition =
                serde_json::from_value(serde_json::json!({"name": "a", "op": "in", "value": list})).unwrap();
            Stage { conditions: vec![condition], ..Stage::default() }
        };
        assert!(one_stage(vec![stage(MAX_VALUES)]).is_ok());
        let error = one_stage(vec![stage(MAX_VALUES + 1)]).unwrap_err();
        assert!(format!("{error:?}").contains("`where` has 100001 and may have at most 100000 values"), "{error:?}");
    }
}
