//! The configuration that a source needs before a file is loaded into it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::load::ForceType;

/// Returns a source's configuration with the name, separator and types of the file. Types that were
/// forced for an earlier file are dropped; everything else is kept.
pub(crate) fn config(
    config: &Map<String, Value>,
    file_name: &str,
    separator: char,
    forced: &BTreeMap<String, ForceType>,
) -> Value {
    let mut config = config.clone();
    config.insert("originalFileName".to_owned(), file_name.into());
    let forced: Map<_, _> = forced.iter().map(|(column, forced)| (column.clone(), forced.word().into())).collect();
    let content = config.entry("jsonContent").or_insert_with(|| json!({}));
    if !content.is_object() {
        *content = json!({});
    }
    let options = content["advanced_options"].as_str().and_then(|text| serde_json::from_str(text).ok());
    let mut options: Map<String, Value> = options.unwrap_or_default();
    options.insert("force_types".to_owned(), forced.into());
    content["separator"] = separator.to_string().into();
    // The platform stores these options as a string that contains JSON.
    content["advanced_options"] = Value::from(options).to_string().into();
    config.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_config_keeps_everything_but_the_file() {
        let before = json!({
            "uuid": "u",
            "newer": {"a": [1.5]},
            "originalFileName": "old.csv",
            "jsonContent": {
                "measures": {"m": {"name": "margin"}},
                "separator": ",",
                "advanced_options": "{\"force_types\": {\"gone\": \"str\"}, \"other\": 1}",
            },
        });
        let forced = BTreeMap::from([("zip".to_owned(), ForceType::Str)]);
        let after = config(before.as_object().unwrap(), "new.csv.gz", ';', &forced);
        assert_eq!(
            after,
            json!({
                "uuid": "u",
                "newer": {"a": [1.5]},
                "originalFileName": "new.csv.gz",
                "jsonContent": {
                    "measures": {"m": {"name": "margin"}},
                    "separator": ";",
                    "advanced_options": "{\"force_types\":{\"zip\":\"str\"},\"other\":1}",
                },
            })
        );
    }

    #[test]
    fn load_config_adds_missing_content() {
        for content in [json!({}), json!({"jsonContent": null})] {
            let after = config(content.as_object().unwrap(), "a.csv.gz", ',', &BTreeMap::new());
            assert_eq!(after["jsonContent"], json!({"separator": ",", "advanced_options": "{\"force_types\":{}}"}));
        }
    }
}
