//! List calls: the filter by name, and the format of the response.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use serenytics_query::wire;

use super::answer;
use super::body::known;
use crate::base::Error;
use crate::platform::HttpSettings;

/// The query of a list call.
#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    /// The filters, as JSON.
    q: Option<String>,
}

#[derive(Deserialize)]
struct Filters {
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
struct Filter {
    name: String,
    op: String,
    val: Value,
}

impl ListQuery {
    /// Returns the name to filter by.
    pub(super) fn name(&self, http: &HttpSettings) -> Result<Option<String>, Error> {
        let Some(text) = &self.q else { return Ok(None) };
        let expected = r#"{"filters": [{"name": "name", "op": "eq", "val": "sales"}]}"#;
        let (read, unknown) = wire::read::<Filters>(text.as_bytes())
            .map_err(|error| Error::refused(format!("invalid `q`, expected JSON such as {expected}: {error}")))?;
        let read = known(read, &unknown, http.ignore_unknown_fields)?;
        match read.filters.as_slice() {
            [] => Ok(None),
            [Filter { name, op, val: Value::String(value) }]
                if name == "name" && matches!(op.as_str(), "eq" | "==") =>
            {
                Ok(Some(value.clone()))
            }
            _ => Err(Error::not_emulated(format!("a filter other than {expected}"))),
        }
    }
}

/// Builds the response of a list call.
pub(super) fn listed(objects: Vec<Value>) -> Response {
    answer(StatusCode::OK, &json!({"num_results": objects.len(), "objects": objects}))
}
