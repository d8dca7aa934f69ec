//! The options that a client saves with a source before it loads a file into it.

use serde_json::Value;
use serenytics_engine::{Error, ForcedTypes, LoadOptions, forced_type};

use super::Source;

/// Returns the options in a source's configuration.
pub(crate) fn load_options(source: &Source) -> Result<LoadOptions, Error> {
    let separator = separator(source.json_content.get("separator"))?;
    Ok(LoadOptions { separator, forced: forced_types(source)? })
}

/// What stands between two fields of a CSV file: a comma unless a client says otherwise.
pub(crate) fn separator(told: Option<&Value>) -> Result<u8, Error> {
    match told {
        None | Some(Value::Null) => Ok(b','),
        Some(Value::String(text)) if text.len() == 1 && !matches!(text.as_str(), "\"" | "\n" | "\r") => {
            Ok(text.as_bytes()[0])
        }
        Some(other) => {
            Err(Error::rejected(format!("the separator is {other} and has to be one character, as \",\" or \";\"")))
        }
    }
}

/// The `force_types` of a source's `advanced_options`, which is a text that holds JSON.
pub(crate) fn forced_types(source: &Source) -> Result<ForcedTypes, Error> {
    let options = match source.json_content.get("advanced_options") {
        None | Some(Value::Null) => return Ok(ForcedTypes::new()),
        Some(Value::String(text)) if text.is_empty() => return Ok(ForcedTypes::new()),
        Some(Value::String(text)) => serde_json::from_str(text)
            .map_err(|error| Error::rejected(format!("advanced_options has to be JSON in a text: {error}")))?,
        Some(other) => other.clone(),
    };
    types_of(options.get("force_types"))
}

/// The types of `force_types`, an object, by the names of the columns.
pub(crate) fn types_of(told: Option<&Value>) -> Result<ForcedTypes, Error> {
    let forced = match told {
        None | Some(Value::Null) => return Ok(ForcedTypes::new()),
        Some(Value::Object(forced)) => forced,
        Some(other) => {
            return Err(Error::rejected(format!(
                "force_types is {other} and has to be an object of column names and types"
            )));
        }
    };
    forced
        .iter()
        .map(|(name, value)| {
            let column_type = value.as_str().and_then(forced_type).ok_or_else(|| {
                Error::rejected(format!(
                    "force_types has {value} for column {name:?}; a type is one of str, int, int32, int64, float, \
                     float32, float64, datetime"
                ))
            })?;
            Ok((name.clone(), column_type))
        })
        .collect()
}
