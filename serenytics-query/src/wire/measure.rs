//! Measures in the configuration of a source: objects by uuid, `{name, type: "formula", data: {formula}}`.

use serde_json::{Value, json};

/// The type of a measure that a formula computes.
pub const FORMULA_TYPE: &str = "formula";

/// The path of the formula in a measure, as a JSON pointer.
pub const FORMULA_PATH: &str = "/data/formula";

/// Returns the formula of a measure, or `None` if it is computed in another way.
#[must_use]
pub fn measure_formula(measure: &Value) -> Option<&str> {
    let is_formula = measure.get("type").and_then(Value::as_str) == Some(FORMULA_TYPE);
    measure.pointer(FORMULA_PATH).and_then(Value::as_str).filter(|_| is_formula)
}

/// Creates a measure.
#[must_use]
pub fn formula_measure(name: &str, formula: &str) -> Value {
    json!({ "name": name, "type": FORMULA_TYPE, "data": { "formula": formula } })
}
