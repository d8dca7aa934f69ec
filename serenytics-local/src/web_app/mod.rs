//! Web apps: the sources of their widgets, and the validation of warm-ups.

mod warm_up;

use serde_json::Value;

pub(crate) use warm_up::WarmUp;

/// Returns the uuids of the sources of all widgets, without duplicates, in the order of the widgets.
pub(crate) fn source_uuids(content: &Value) -> Vec<&str> {
    let mut uuids = Vec::new();
    for widget in list(content, "tabs").flat_map(|tab| list(tab, "widgets")) {
        if let Some(uuid) = widget.pointer("/options/data/sourceUuid").and_then(Value::as_str)
            && !uuids.contains(&uuid)
        {
            uuids.push(uuid);
        }
    }
    uuids
}

/// Returns the elements of the list with this key; none if there is no list.
fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sources_are_found_in_the_widgets_of_all_tabs() {
        let widget = |uuid| json!({"type": "chart", "options": {"data": {"sourceUuid": uuid}}});
        let content = json!({"tabs": [
            {"widgets": [widget("b"), widget("a"), {"type": "text"}, widget("b")]},
            {"name": "no widgets"},
            {"widgets": [widget("c"), {"options": {"data": null}}, {"options": {"data": {"sourceUuid": 1}}}]},
        ]});
        assert_eq!(source_uuids(&content), ["b", "a", "c"]);
        for content in [json!(null), json!({}), json!({"tabs": {}}), json!({"tabs": [1, null]})] {
            assert!(source_uuids(&content).is_empty());
        }
    }
}
