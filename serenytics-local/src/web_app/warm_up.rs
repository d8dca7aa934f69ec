//! Warm-ups: requests to load a dashboard with certain filters.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::base::Error;

/// The body of a request that renders a dashboard as PDF or fills the caches.
#[derive(Debug, Deserialize)]
pub(crate) struct WarmUp {
    /// True if the PDF is wanted; false for a warm-up.
    #[serde(default = "yes")]
    pub(crate) store_pdf: bool,
    webapp_query_string: Option<QueryString>,
    tabs_options: Option<Vec<TabOptions>>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
struct QueryString {
    #[serde(rename = "embeddedPayload")]
    embedded_payload: Option<String>,
}

/// The filters of a tab.
#[derive(Debug, Deserialize)]
struct TabOptions {
    #[serde(rename = "tabIndex")]
    tab_index: Value,
    #[serde(default)]
    dynfilters: Vec<DynFilter>,
}

#[derive(Debug, Deserialize)]
struct DynFilter {
    /// The widget.
    id: Value,
    /// The values of each of its filters.
    #[serde(default)]
    values: BTreeMap<String, Vec<Value>>,
}

impl WarmUp {
    /// Rejects values that could not load any dashboard.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(payload) = self.webapp_query_string.as_ref().and_then(|query| query.embedded_payload.as_ref()) {
            let decoded = STANDARD.decode(payload).ok();
            let object = decoded.and_then(|json| serde_json::from_slice::<Map<String, Value>>(&json).ok());
            if object.is_none() {
                return Err(Error::refused("`embeddedPayload` must be a JSON object in base64"));
            }
        }
        let is_name = |value: &Value| value.is_string() || value.is_number();
        let tabs = self.tabs_options.iter().flatten();
        for (index, tab) in tabs.enumerate() {
            if !is_name(&tab.tab_index) {
                return Err(Error::refused(format!("`tabs_options[{index}].tabIndex` must be a number or a string")));
            }
            for filter in &tab.dynfilters {
                let is_scalar = |value: &Value| !value.is_array() && !value.is_object();
                if !is_name(&filter.id) || !filter.values.values().flatten().all(is_scalar) {
                    return Err(Error::refused(format!(
                        "each of `tabs_options[{index}].dynfilters` must have an `id`, and `values` with lists of \
                         strings and numbers"
                    )));
                }
            }
        }
        Ok(())
    }
}
