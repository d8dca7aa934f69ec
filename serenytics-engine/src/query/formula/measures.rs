//! Reads the measures that the configuration of a source defines.

use serde_json::Value;
use serenytics_query::formula::{Environment, MeasureDefinition, Measures};
use serenytics_query::wire::{FORMULA_PATH, FORMULA_TYPE};

/// Reads and checks the measures in the configuration of a source.
pub(crate) fn configured_measures(configuration: &Value, environment: &dyn Environment) -> Measures {
    let configured = configuration.get("measures").and_then(Value::as_object).into_iter().flatten();
    let definitions = configured.map(|(uuid, measure)| {
        let name = measure.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let formula = formula(&name, measure);
        MeasureDefinition { uuid: uuid.clone(), name, formula }
    });
    Measures::new(definitions, environment)
}

/// Returns the formula of a measure, or the reason why it has none.
fn formula(name: &str, measure: &Value) -> Result<String, String> {
    let kind = measure.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind != FORMULA_TYPE {
        return Err(format!(
            "the measure `{name}` is of type {kind:?}; only measures of type {FORMULA_TYPE:?} are supported"
        ));
    }
    match measure.pointer(FORMULA_PATH).and_then(Value::as_str) {
        Some(formula) => Ok(formula.to_owned()),
        None => Err(format!("the measure `{name}` has no `data.formula`")),
    }
}
