//! Rows of any struct that derives `Serialize`: a serializer whose output is the cells of a row.

use std::fmt;

use serde::Serialize;
use serde::ser::{Error as _, Impossible, SerializeMap, SerializeStruct, Serializer};

use crate::source::load_row::{Fields, LoadCell, LoadRow};
use crate::values::value::WireValue;

/// A row to load that is a struct or a map that serde serializes:
/// `sales.insert(orders.iter().map(SerdeRow))`.
///
/// The fields are the columns. A field must be a number, a string, a boolean or null. A datetime is
/// a string in ISO 8601, as `jiff` and `chrono` write it; a unit variant of an enum is its name. A
/// list, an object, or a number that is not finite is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SerdeRow<T>(pub T);

impl<T: Serialize> LoadRow for SerdeRow<T> {
    fn write_row(&self, json: &mut String) -> Result<(), String> {
        let mut fields = Fields::default();
        self.write_fields(&mut fields)?;
        fields.write_json(json);
        Ok(())
    }

    fn write_fields(&self, fields: &mut Fields) -> Result<(), String> {
        self.0.serialize(Row { fields }).map_err(|error| error.0)
    }
}

/// Describes why a value cannot be loaded as a row.
#[derive(Debug)]
struct RowError(String);

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RowError {}

impl serde::ser::Error for RowError {
    fn custom<T: fmt::Display>(message: T) -> RowError {
        RowError(message.to_string())
    }
}

type Done<T> = Result<T, RowError>;
type Never<T> = Impossible<T, RowError>;

/// Methods of a serializer that reject their argument.
macro_rules! reject {
    ($message:expr => $($method:ident($($type:ty),*) $(-> $result:ty)?;)+) => {
        $(fn $method(self, $(_: $type),*) -> reject!(@ $($result)?) {
            Err(RowError::custom($message))
        })+
    };
    (@) => { Done<Self::Ok> };
    (@ $result:ty) => { Done<$result> };
}

/// Serializes a row: a struct or a map.
struct Row<'f> {
    fields: &'f mut Fields,
}

const NO_ROW: &str = "a row must be a struct with named fields or a map";

impl<'f> Serializer for Row<'f> {
    type Ok = ();
    type Error = RowError;
    type SerializeSeq = Never<()>;
    type SerializeTuple = Never<()>;
    type SerializeTupleStruct = Never<()>;
    type SerializeTupleVariant = Never<()>;
    type SerializeMap = Columns<'f>;
    type SerializeStruct = Columns<'f>;
    type SerializeStructVariant = Never<()>;

    reject! { NO_ROW =>
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done<()> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Done<()> {
        Err(RowError::custom(NO_ROW))
    }

    fn serialize_map(self, _: Option<usize>) -> Done<Columns<'f>> {
        Ok(Columns { fields: self.fields, name: String::new() })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Done<Columns<'f>> {
        self.serialize_map(None)
    }
}

/// Serializes the columns of a row.
struct Columns<'f> {
    fields: &'f mut Fields,
    /// The name of a map's next value.
    name: String,
}

impl Columns<'_> {
    fn cell<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Done<()> {
        let cell =
            value.serialize(Cell).map_err(|RowError(message)| RowError(format!("column `{name}`: {message}")))?;
        self.fields.push(name, cell);
        Ok(())
    }
}

impl SerializeMap for Columns<'_> {
    type Ok = ();
    type Error = RowError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done<()> {
        self.name = match key.serialize(Cell)? {
            LoadCell::Text(name) => name,
            _ => return Err(RowError::custom("the name of a column must be a string")),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done<()> {
        let name = std::mem::take(&mut self.name);
        self.cell(&name, value)
    }

    fn end(self) -> Done<()> {
        Ok(())
    }
}

impl SerializeStruct for Columns<'_> {
    type Ok = ();
    type Error = RowError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Done<()> {
        self.cell(name, value)
    }

    fn end(self) -> Done<()> {
        Ok(())
    }
}

/// Serializes a cell: a scalar or null.
struct Cell;

/// Methods of a serializer that accept an integer.
macro_rules! integers {
    ($($method:ident($type:ty);)+) => {$(
        fn $method(self, value: $type) -> Done<LoadCell> {
            Ok(LoadCell::Number(value.to_string()))
        }
    )+};
}

impl Serializer for Cell {
    type Ok = LoadCell;
    type Error = RowError;
    type SerializeSeq = Never<LoadCell>;
    type SerializeTuple = Never<LoadCell>;
    type SerializeTupleStruct = Never<LoadCell>;
    type SerializeTupleVariant = Never<LoadCell>;
    type SerializeMap = Never<LoadCell>;
    type SerializeStruct = Never<LoadCell>;
    type SerializeStructVariant = Never<LoadCell>;

    integers! {
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
    }

    reject! { "a list is not a valid cell" =>
        serialize_bytes(&[u8]);
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
    }

    reject! { "an object is not a valid cell" =>
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_bool(self, value: bool) -> Done<LoadCell> {
        Ok(LoadCell::Bool(value))
    }

    fn serialize_f32(self, value: f32) -> Done<LoadCell> {
        // Written as `f32`: converting to `f64` first would add digits.
        if value.is_finite() { Ok(LoadCell::Number(format!("{value:?}"))) } else { Err(not_finite(value)) }
    }

    fn serialize_f64(self, value: f64) -> Done<LoadCell> {
        match WireValue::float(value) {
            Some(number) => Ok(LoadCell::Number(number.scalar().to_owned())),
            None => Err(not_finite(value)),
        }
    }

    fn serialize_char(self, value: char) -> Done<LoadCell> {
        Ok(LoadCell::Text(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Done<LoadCell> {
        Ok(LoadCell::Text(value.to_owned()))
    }

    fn serialize_none(self) -> Done<LoadCell> {
        Ok(LoadCell::Null)
    }

    fn serialize_unit(self) -> Done<LoadCell> {
        Ok(LoadCell::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done<LoadCell> {
        Ok(LoadCell::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done<LoadCell> {
        Ok(LoadCell::Text(variant.to_owned()))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done<LoadCell> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done<LoadCell> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Done<LoadCell> {
        Err(RowError::custom("an object is not a valid cell"))
    }
}

fn not_finite(value: impl fmt::Display) -> RowError {
    RowError(format!("{value} is not a finite number; use an `Option` for a missing value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    enum Size {
        Small,
    }

    #[derive(Serialize)]
    struct Rest {
        note: (),
        size: Size,
    }

    #[derive(Serialize)]
    struct Order {
        id: u64,
        price: f32,
        total: f64,
        name: Option<&'static str>,
        paid: bool,
        #[serde(flatten)]
        rest: Rest,
    }

    fn written(row: impl Serialize) -> Result<String, String> {
        let mut json = String::new();
        SerdeRow(row).write_row(&mut json).map(|()| json)
    }

    #[test]
    fn structs_are_rows() {
        let order = |total| Order {
            id: 7,
            price: 0.1,
            total,
            name: None,
            paid: true,
            rest: Rest { note: (), size: Size::Small },
        };
        assert_eq!(
            written(order(2.0)).unwrap(),
            r#"{"id":7,"price":0.1,"total":2.0,"name":null,"paid":true,"note":null,"size":"Small"}"#
        );
        assert_eq!(written(Some(&order(1e300))).unwrap().len(), written(order(1e300)).unwrap().len());
        let message = written(order(f64::NAN)).unwrap_err();
        assert!(message.starts_with("column `total`: NaN is not a finite number"), "{message}");
    }

    #[test]
    fn values_that_are_not_rows_are_rejected() {
        for message in [written(3).unwrap_err(), written([1]).unwrap_err(), written("a").unwrap_err()] {
            assert_eq!(message, NO_ROW);
        }
        let nested = std::collections::BTreeMap::from([("a", vec![1])]);
        assert_eq!(written(&nested).unwrap_err(), "column `a`: a list is not a valid cell");
        assert_eq!(
            written(std::collections::BTreeMap::from([(1, 2)])).unwrap_err(),
            "the name of a column must be a string"
        );
    }
}
