//! The load options in the configuration of a source: the separator and the forced types.

use serde_json::Value;
use serenytics_engine::{Error, ForcedTypes, LoadOptions, forced_type};

use super::Source;

/// Returns the load options of a source.
pub(crate) fn load_options(source: &Source) -> Result<LoadOptions, Error> {
    let separator = separator(source.json_content.get("separator"))?;
    Ok(LoadOptions { separator, forced: forced_types(source)? })
}

/// Parses the separator of a CSV file (default: a comma).
pub(crate) fn separator(value: Option<&Value>) -> Result<u8, Error> {
    match value {
        None | Some(Value::Null) => Ok(b','),
        Some(Value::String(text)) if text.len() == 1 && !matches!(text.as_str(), "\"" | "\n" | "\r") => {
            Ok(text.as_bytes()[0])
        }
        Some(other) => {
            Err(Error::rejected(format!("invalid separator {other}: expected one character such as \",\" or \";\"")))
        }
    }
}

/// Returns the `force_types` in the `advanced_options` of a source, which is a JSON string.
pub(crate) fn forced_types(source: &Source) -> Result<ForcedTypes, Error> {
    let options = match source.json_content.get("advanced_options") {
        None | Some(Value::Null) => return Ok(ForcedTypes::new()),
        Some(Value::String(text)) if text.is_empty() => return Ok(ForcedTypes::new()),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|error| {
            Error::rejected(format!("invalid advanced_options, expected a string with JSON: {error}"))
        })?,
        Some(other) => other.clone(),
    };
    types_of(options.get("force_types"))
}

/// Parses `force_types`, an object of column names and types.
pub(crate) fn types_of(value: Option<&Value>) -> Result<ForcedTypes, Error> {
    let forced = match value {
        None | Some(Value::Null) => return Ok(ForcedTypes::new()),
        Some(Value::Object(forced)) => forced,
        Some(other) => {
            return Err(Error::rejected(format!(
                "invalid force_types {other}: expected an object of column names and types"
            )));
        }
    };
    forced
        .iter()
        .map(|(name, value)| {
            let column_type = value.as_str().and_then(forced_type).ok_or_else(|| {
                Error::rejected(format!(
                    "invalid type {value} for column {name:?} in force_types: expected one of str, int, int32, int64, \
                     float, float32, float64, datetime"
                ))
            })?;
            Ok((name.clone(), column_type))
        })
        .collect()
}
