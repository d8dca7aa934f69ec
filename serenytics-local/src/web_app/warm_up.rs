//! Warm-ups: what a request asks a dashboard to be loaded with.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Error;

/// The body of a request for a dashboard, as a PDF or to fill the caches.
#[derive(Debug, Deserialize)]
pub(crate) struct WarmUp {
    /// Whether a PDF is to be kept; a warm-up wants none.
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

/// What the filters of a tab are set to.
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
    /// Refuses what no dashboard could be loaded with.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(payload) = self.webapp_query_string.as_ref().and_then(|query| query.embedded_payload.as_ref()) {
            let decoded = STANDARD.decode(payload).ok();
            let object = decoded.and_then(|json| serde_json::from_slice::<Map<String, Value>>(&json).ok());
            if object.is_none() {
                return Err(Error::refused("`embeddedPayload` has to be a JSON object in base64"));
            }
        }
        let is_name = |value: &Value| value.is_string() || value.is_number();
        let tabs = self.tabs_options.iter().flatten();
        for (index, tab) in tabs.enumerate() {
            if !is_name(&tab.tab_index) {
                return Err(Error::refused(format!("`tabs_options[{index}].tabIndex` has to name a tab")));
            }
            for filter in &tab.dynfilters {
                let is_scalar = |value: &Value| !value.is_array() && !value.is_object();
                if !is_name(&filter.id) || !filter.values.values().flatten().all(is_scalar) {
                    return Err(Error::refused(format!(
                        "`tabs_options[{index}].dynfilters` has to have for each widget its `id`, and `values` as lists of \
                         texts and numbers"
                    )));
                }
            }
        }
        Ok(())
    }
}
