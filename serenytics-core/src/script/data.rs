//! Data that a script stores for its next run, and datetimes in it.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serenytics_query::datetime::{self, DateTime};

use crate::client::Client;
use crate::error::{Error, Kind};

impl Client {
    /// Stores data for the next run of a script, replacing earlier data:
    /// `PUT /api/script/{uuid}/storage`. Use [`ScriptDateTime`] for datetimes.
    ///
    /// ```no_run
    /// # use serenytics_core::{Client, Error, ScriptDateTime};
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Progress {
    ///     last_run: ScriptDateTime,
    ///     rows: u64,
    /// }
    ///
    /// # async fn next(client: Client, uuid: &str, now: serenytics_query::datetime::DateTime) -> Result<(), Error> {
    /// let before: Option<Progress> = client.retrieve_script_data(uuid).await?;
    /// client.store_script_data(uuid, &Progress { last_run: now.into(), rows: 12 }).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the data cannot be written as JSON (nothing is sent then), no script has
    /// the uuid, or the server cannot be reached or rejects the request.
    pub async fn store_script_data(&self, script_uuid: &str, data: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let body = serde_json::to_value(data).map_err(|error| {
            let message = format!("nothing was stored: the data cannot be written as JSON: {error}");
            Error::new(Kind::Usage, self.session().api_key().redact(message))
        })?;
        self.session()
            .put(&["api", "script", script_uuid, "storage"], self.session().deadline())
            .json(&body)
            .send()
            .await?
            .unless_error()
            .await?;
        Ok(())
    }

    /// Returns the data that was stored for a script: `GET /api/script/{uuid}/storage`. Returns
    /// `None` if nothing, or `null`, was stored.
    ///
    /// # Errors
    /// Returns an error if the data cannot be read as a `T`, no script has the uuid, or the server
    /// cannot be reached or rejects the request.
    pub async fn retrieve_script_data<T: DeserializeOwned>(&self, script_uuid: &str) -> Result<Option<T>, Error> {
        let mut response =
            self.session().get(&["api", "script", script_uuid, "storage"], self.session().deadline()).send().await?;
        let body = response.whole().await?;
        // A server without stored data may return an empty body.
        if body.is_empty() {
            return Ok(None);
        }
        response.parse(&body)
    }
}

/// A datetime in the data of a script, in the same form as in the official Python client.
///
/// The platform stores JSON, which has no datetimes: they are written as
/// `{"__type__": "datetime", "value": "2016-06-28T12:46:33"}`. A string in ISO 8601 is accepted
/// too; a datetime with an offset is converted to UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScriptDateTime(pub DateTime);

impl From<DateTime> for ScriptDateTime {
    fn from(datetime: DateTime) -> ScriptDateTime {
        ScriptDateTime(datetime)
    }
}

impl From<ScriptDateTime> for DateTime {
    fn from(datetime: ScriptDateTime) -> DateTime {
        datetime.0
    }
}

/// A datetime on the wire.
#[derive(Serialize)]
struct Tagged {
    #[serde(rename = "__type__")]
    tag: &'static str,
    value: String,
}

const TAG: &str = "datetime";

impl Serialize for ScriptDateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Tagged { tag: TAG, value: datetime::print(self.0) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ScriptDateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ScriptDateTime, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let tagged = value.get("__type__").and_then(Value::as_str) == Some(TAG);
        let text = if tagged { value.get("value").and_then(Value::as_str) } else { value.as_str() };
        let text = text.ok_or_else(|| D::Error::custom("expected a datetime, tagged by `__type__` or as a string"))?;
        datetime::parse(text).map(ScriptDateTime).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn script_datetime_round_trips_at_any_depth() {
        let read: BTreeMap<String, Vec<Option<ScriptDateTime>>> = serde_json::from_value(json!({
            "runs": [
                {"__type__": "datetime", "value": "2016-06-28T12:46:33.123456"},
                null,
                {"value": "2016-06-28T12:46:33+02:00", "__type__": "datetime"},
                {"__type__": "datetime", "value": "2016-06-28"},
                "2016-06-28T00:00:00",
            ]
        }))
        .unwrap();
        let tagged = |value: &str| json!({"__type__": "datetime", "value": value});
        let midnight = tagged("2016-06-28T00:00:00");
        let written = serde_json::to_value(&read).unwrap();
        let expected = json!({"runs": [
            tagged("2016-06-28T12:46:33.123456"), null, tagged("2016-06-28T10:46:33"), midnight, midnight,
        ]});
        assert_eq!(written, expected);
        assert_eq!(serde_json::from_value::<BTreeMap<String, Vec<Option<ScriptDateTime>>>>(written).unwrap(), read);
    }

    #[test]
    fn script_datetime_rejects_other_values() {
        for value in
            [json!(3), json!({"value": "2016-06-28"}), json!({"__type__": "datetime"}), json!("soon"), json!(null)]
        {
            assert!(serde_json::from_value::<ScriptDateTime>(value.clone()).is_err(), "{value}");
        }
    }
}
