//! The wire model: queries and responses of the REST API as serde types.

pub mod csv_file;
mod measure;
mod reader;
pub(crate) mod to_stage;

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

pub use self::measure::{FORMULA_PATH, FORMULA_TYPE, formula_measure, measure_formula};
pub use self::reader::{ReadError, UnknownField, read, read_value};
pub use self::to_stage::item_of;

use crate::syntax::suggest::{listed, nearest};
use crate::syntax::vocabulary::{Aggregate, ColumnType, Direction, Operator, TimeSlot};

/// The name of the platform's row count, with the aggregate `sum`.
pub const COUNT_COLUMN: &str = "$$count$$";

/// The value of [`Pipeline::order`] for `data` as a list of rows, each a list of cells.
pub const ROW_BY_ROW: &str = "row_by_row";

/// The value of [`Pipeline::order`] for `data` as a list of columns, each a list of cells.
pub const COLUMN_BY_COLUMN: &str = "column_by_column";

/// The values of [`Pipeline::order`].
const ORDERS: &[&str] = &[ROW_BY_ROW, COLUMN_BY_COLUMN];

/// The values of [`Pipeline::format`].
const FORMATS: &[&str] = &["simple_array"];

/// The names of all fields of a pipeline.
pub(crate) const FIELDS: &[&str] = &[
    "order",
    "format",
    "only_headers",
    "data_processing_pipeline",
    "group_by",
    "select",
    "order_by",
    "where",
    "limit",
    "name",
    "agg_function",
    "timeslot",
    "direction",
    "measureUuid",
    "op",
    "value",
];

/// The body of `POST /api/formatted_data/{uuid}`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Pipeline {
    /// The layout of `data`; see [`ROW_BY_ROW`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The format of the response: the official client may send `simple_array`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// If `true`, the response contains `columns_titles` and no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_headers: Option<bool>,
    /// The stages of the query. The platform accepts exactly one today.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_processing_pipeline: Vec<Stage>,
}

impl Pipeline {
    /// Describes each setting with a value that no server documents. A server rejects these: with a misspelled
    /// [`ROW_BY_ROW`], `data` would be a list of columns.
    #[must_use]
    pub fn unknown_settings(&self) -> Vec<String> {
        let settings = [("order", &self.order, ORDERS), ("format", &self.format, FORMATS)];
        let unknown = settings.into_iter().filter_map(|(name, value, known)| {
            let value = value.as_deref().filter(|value| !known.contains(value))?;
            let hint = match nearest(value, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("expected one of {}", listed(known.iter().copied())),
            };
            Some(format!("unknown `{name}`: `{value}`; {hint}"))
        });
        unknown.collect()
    }

    /// Removes the settings that [`unknown_settings`](Self::unknown_settings) describes.
    pub fn forget_unknown_settings(&mut self) {
        self.order.take_if(|order| !ORDERS.contains(&order.as_str()));
        self.format.take_if(|format| !FORMATS.contains(&format.as_str()));
    }
}

/// One stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Stage {
    /// The keys that rows are grouped by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_by: Vec<Item>,
    /// The columns of the response, after the keys of the groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub select: Vec<Item>,
    /// The order of the rows. The first item is the most significant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order_by: Vec<Item>,
    /// The conditions; a row must meet all of them.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The maximum number of rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
}

/// An item of `group_by`, `select` or `order_by`: a bare column name or an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(untagged))]
#[serde(untagged)]
pub enum Item {
    /// A column's name.
    Name(String),
    /// A column with its aggregate, time slot or direction.
    Column(ColumnItem),
}

impl Item {
    /// Returns the item in its long form.
    #[must_use]
    pub fn into_column(self) -> ColumnItem {
        match self {
            Item::Name(name) => ColumnItem { name, ..ColumnItem::default() },
            Item::Column(item) => item,
        }
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Item, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

/// Reads an [`Item`]. An untagged enum would hide the mistakes of the object.
struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a column, or an object with a `name`")
    }

    fn visit_str<E>(self, name: &str) -> Result<Item, E> {
        Ok(Item::Name(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Item, A::Error> {
        ColumnItem::deserialize(MapAccessDeserializer::new(map)).map(Item::Column)
    }
}

/// The long form of an [`Item`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ColumnItem {
    /// The column's name, or [`COUNT_COLUMN`].
    pub name: String,
    /// The aggregate over the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agg_function: Option<Aggregate>,
    /// The time slot of a datetime column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeslot: Option<TimeSlot>,
    /// The direction, in `order_by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The measure's uuid, if the column is a measure.
    #[serde(default, rename = "measureUuid", skip_serializing_if = "Option::is_none")]
    pub measure_uuid: Option<String>,
}

/// A condition of `where`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Condition {
    /// The column's name.
    pub name: String,
    /// The comparison.
    pub op: Operator,
    /// The operand: a scalar as a string (`"20"`), or a list as a string that contains a JSON list.
    /// A server also accepts native JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<Operand>"))]
    pub value: Option<serde_json::Value>,
    /// The measure's uuid, if the column is a measure.
    #[serde(default, rename = "measureUuid", skip_serializing_if = "Option::is_none")]
    pub measure_uuid: Option<String>,
}

/// The JSON types of [`Condition::value`].
#[cfg(feature = "schemars")]
#[derive(schemars::JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes the JSON")]
enum Operand {
    /// A scalar as a string, or a list as a string that contains a JSON list.
    Text(String),
    /// A scalar.
    Number(f64),
    /// A list of scalars.
    List(Vec<Scalar>),
}

/// An element of a list.
#[cfg(feature = "schemars")]
#[derive(schemars::JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes the JSON")]
enum Scalar {
    /// A string or a datetime.
    Text(String),
    /// A number.
    Number(f64),
}

/// A column of a response, an item of `columns_titles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnTitle {
    /// The column's title, which for a bare column is its name.
    pub name: String,
    /// The name of the type: one of [`ColumnType`], or a type of a newer server.
    ///
    /// Empty if the server does not send a type, which is optional for aggregates and time slots.
    #[serde(rename = "type", default, deserialize_with = "string_or_null")]
    pub type_name: String,
}

/// Reads a string; `null` becomes an empty string.
fn string_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl ColumnTitle {
    /// Returns the type, if this version knows it.
    #[must_use]
    pub fn column_type(&self) -> Option<ColumnType> {
        ColumnType::from_word(&self.type_name)
    }
}
