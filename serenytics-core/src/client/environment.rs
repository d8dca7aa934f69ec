//! The environment of a script: API key, server URL and parameters.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::api_key::ApiKey;
use crate::error::{Error, Kind};

/// The hosted platform.
pub(crate) const DEFAULT_URL: &str = "https://api.serenytics.com";

const KEY: &str = "SERENYTICS_API_KEY";
const URL: &str = "SERENYTICS_API_DOMAIN";
const PARAMETERS: &str = "_SERENYTICS_PARAMS";
const PARAMETERS_FILE: &str = "params.json";

/// The environment as functions, so that tests need not change that of their process.
pub(crate) struct Environment<'a> {
    /// Reads an environment variable.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a file in the working directory.
    pub(crate) file: &'a dyn Fn(&str) -> io::Result<String>,
}

impl Environment<'static> {
    /// Returns the environment of this process.
    pub(crate) fn process() -> Environment<'static> {
        Environment {
            variable: &|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()),
            file: &|path| std::fs::read_to_string(path),
        }
    }
}

impl Environment<'_> {
    /// Returns the server's URL: `SERENYTICS_API_DOMAIN`, or the hosted platform.
    pub(crate) fn url(&self) -> String {
        self.filled(URL).unwrap_or_else(|| DEFAULT_URL.to_owned())
    }

    /// Returns the API key: `SERENYTICS_API_KEY`, or the script parameter of that name.
    pub(crate) fn api_key(&self) -> Result<ApiKey, Error> {
        if let Some(key) = self.filled(KEY) {
            return Ok(key.into());
        }
        match self.parameters()?.get(KEY) {
            Some(Value::String(key)) if !key.trim().is_empty() => Ok(key.into()),
            Some(_) => Err(Error::new(Kind::Usage, format!("the script parameter `{KEY}` is empty or not a string"))),
            None => {
                let url = self.url();
                let origin = if url == DEFAULT_URL {
                    format!("from https://app.serenytics.com/studio/account, or for another server set {URL} too")
                } else {
                    format!("that the server {url} accepts")
                };
                Err(Error::new(
                    Kind::Usage,
                    format!(
                        "no API key: set the environment variable {KEY}, to a key {origin}; the script parameters \
                         ({PARAMETERS_FILE} in the working directory, or {PARAMETERS}) have none either"
                    ),
                ))
            }
        }
    }

    /// Returns the script parameters, without the API key, as a `T`.
    pub(crate) fn script_args<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let mut parameters = self.parameters()?;
        parameters.remove(KEY);
        serde_json::from_value(Value::Object(parameters)).map_err(|error| {
            let message = format!("the script parameters are not what the script expects: {error}");
            Error::new(Kind::Usage, message)
        })
    }

    /// Returns the script parameters: the file `params.json`, or the variable `_SERENYTICS_PARAMS`;
    /// empty without either.
    fn parameters(&self) -> Result<Map<String, Value>, Error> {
        match (self.file)(PARAMETERS_FILE) {
            Ok(text) => return object(text.as_bytes(), "the file params.json in the working directory"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let message = format!("cannot read {PARAMETERS_FILE} in the working directory: {error}");
                return Err(Error::new(Kind::Usage, message).caused_by(error));
            }
        }
        let Some(encoded) = self.filled(PARAMETERS) else { return Ok(Map::new()) };
        let text = STANDARD.decode(encoded.trim()).map_err(|_| {
            Error::new(Kind::Usage, format!("the environment variable {PARAMETERS} is not valid base64"))
        })?;
        object(&text, "the environment variable _SERENYTICS_PARAMS")
    }

    /// Returns a variable that is set and not empty.
    fn filled(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }
}

/// Parses an object. Parameters may be secret: an error only shows the line and column.
fn object(text: &[u8], place: &str) -> Result<Map<String, Value>, Error> {
    match serde_json::from_slice(text) {
        Ok(Value::Object(parameters)) => Ok(parameters),
        Ok(_) => Err(Error::new(Kind::Usage, format!("{place} contains JSON that is not an object"))),
        Err(error) => Err(Error::new(
            Kind::Usage,
            format!("{place} is not valid JSON: line {}, column {}", error.line(), error.column()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(variables: &[(&str, &str)], file: Option<&str>) -> Result<String, String> {
        let environment = Environment {
            variable: &|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name)?;
                Some(found.1.to_owned())
            },
            file: &|_| file.map(str::to_owned).ok_or_else(|| io::ErrorKind::NotFound.into()),
        };
        match environment.api_key() {
            Ok(key) => Ok(key.header().unwrap().to_str().unwrap().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    const FILE: &str = r#"{"SERENYTICS_API_KEY": "from-file", "country": "FR"}"#;

    #[test]
    fn api_key_comes_from_the_variable_then_the_file_then_the_encoded_parameters() {
        let encoded = STANDARD.encode(r#"{"SERENYTICS_API_KEY": "from-base64"}"#);
        let variable = ("SERENYTICS_API_KEY", "from-variable");
        let parameters = ("_SERENYTICS_PARAMS", encoded.as_str());
        assert_eq!(key(&[variable, parameters], Some(FILE)).unwrap(), "from-variable");
        assert_eq!(key(&[parameters], Some(FILE)).unwrap(), "from-file");
        assert_eq!(key(&[parameters], None).unwrap(), "from-base64");
        assert_eq!(key(&[("SERENYTICS_API_KEY", " "), parameters], None).unwrap(), "from-base64");
    }

    #[test]
    fn missing_api_key_error_lists_where_it_was_looked_for() {
        let message = key(&[], None).unwrap_err();
        for place in ["SERENYTICS_API_KEY", "params.json", "_SERENYTICS_PARAMS", "https://"] {
            assert!(message.contains(place), "{message}");
        }
        let empty = key(&[], Some(r#"{"SERENYTICS_API_KEY": ""}"#)).unwrap_err();
        assert!(empty.contains("SERENYTICS_API_KEY"), "{empty}");
    }

    #[test]
    fn invalid_parameters_error_hides_their_content() {
        for (variables, file) in [
            (vec![], Some(r#"{"SERENYTICS_API_KEY": "canary"#)),
            (vec![], Some(r#"["canary"]"#)),
            (vec![("_SERENYTICS_PARAMS", "canary!")], None),
            (vec![("_SERENYTICS_PARAMS", "Y2FuYXJ5")], None),
        ] {
            let message = key(&variables, file).unwrap_err();
            assert!(!message.contains("canary") && !message.contains("Y2Fu"), "{message}");
        }
    }

    #[test]
    fn script_args_leave_out_the_api_key() {
        #[derive(serde::Deserialize)]
        struct Parameters {
            country: String,
            days: Option<u32>,
        }
        let file: &dyn Fn(&str) -> io::Result<String> = &|_| Ok(FILE.to_owned());
        let environment = Environment { variable: &|_| None, file };
        let read: Parameters = environment.script_args().unwrap();
        assert_eq!((read.country.as_str(), read.days), ("FR", None));
        let read: Map<String, Value> = environment.script_args().unwrap();
        assert_eq!(Value::from(read), serde_json::json!({"country": "FR"}));
        let error = environment.script_args::<std::collections::BTreeMap<String, u32>>().unwrap_err().to_string();
        assert!(error.contains("not what the script expects"), "{error}");

        let nothing = Environment { variable: &|_| None, file: &|_| Err(io::ErrorKind::NotFound.into()) };
        assert!(nothing.script_args::<Map<String, Value>>().unwrap().is_empty());
    }

    #[test]
    fn url_defaults_to_the_hosted_platform() {
        let nothing = Environment { variable: &|_| None, file: &|_| Err(io::ErrorKind::NotFound.into()) };
        assert_eq!(nothing.url(), DEFAULT_URL);
        let set = Environment {
            variable: &|name| (name == URL).then(|| "http://127.0.0.1:8000".to_owned()),
            file: &|_| Err(io::ErrorKind::NotFound.into()),
        };
        assert_eq!(set.url(), "http://127.0.0.1:8000");
    }
}
