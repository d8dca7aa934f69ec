//! Reads the JSON of the API into typed values, and reports the fields that the types do not have.
//!
//! serde skips an unknown field silently, so that a misspelled `where` would return every row. The
//! reader wraps the JSON deserializer, and notices each field that a type skips.

use std::cell::RefCell;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};

use crate::syntax::suggest::{Suggestions, listed};
use crate::wire::FIELDS;

/// The maximum number of unknown fields that are reported.
const MAX_UNKNOWN: usize = 100;

/// A field that the type of its object does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    /// The name of the field.
    pub name: String,
    /// The path of its object: `data_processing_pipeline[0]`. Empty for the outermost object.
    pub object: String,
    /// What to write instead: the nearest known field, or a list of all known fields.
    pub hint: String,
}

impl fmt::Display for UnknownField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownField { name, object, hint } = self;
        write!(f, "unknown field `{name}`")?;
        if !object.is_empty() {
            write!(f, " in `{object}`")?;
        }
        write!(f, "; {hint}")
    }
}

/// JSON that a type cannot read.
#[derive(Debug)]
pub struct ReadError {
    /// The path of the invalid value: `data_processing_pipeline[0].limit`. Empty if the error
    /// concerns the whole document.
    pub path: String,
    /// The cause.
    pub error: serde_json::Error,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A syntax error has a line and a column; its path would only be where the reader stopped.
        if self.path.is_empty() || !self.error.is_data() {
            return write!(f, "{}", self.error);
        }
        write!(f, "`{}`: {}", self.path, self.error)
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Reads a JSON document. Returns the value, and the fields that its types do not have, at most 100.
///
/// # Errors
/// The document is not valid JSON, or a value does not have the type that is needed. A list is not
/// accepted where an object is needed.
pub fn read<T: DeserializeOwned>(json: &[u8]) -> Result<(T, Vec<UnknownField>), ReadError> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let context = Context::default();
    let value = T::deserialize(context.reader(&mut deserializer));
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    context.finish(value)
}

/// Reads a parsed value, the field `within` of a document, like [`read`].
///
/// # Errors
/// Like [`read`].
pub fn read_value<T: DeserializeOwned>(
    value: &serde_json::Value,
    within: &str,
) -> Result<(T, Vec<UnknownField>), ReadError> {
    let context = Context::default();
    context.path.borrow_mut().push(Segment::Field(within.to_owned()));
    let value = T::deserialize(context.reader(value));
    context.finish(value)
}

/// What the wrappers of one document share.
#[derive(Default)]
struct Context {
    /// The path of the value that is being read. After an error, the path of the invalid value.
    path: RefCell<Vec<Segment>>,
    unknown: RefCell<Vec<UnknownField>>,
    suggestions: Suggestions,
}

enum Segment {
    Field(String),
    Index(usize),
}

impl Context {
    fn reader<D>(&self, inner: D) -> Reader<'_, D> {
        Reader { inner, context: self, fields: None }
    }

    /// Reads the part of the document at the next segment.
    fn within<T, E>(&self, segment: Segment, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.path.borrow_mut().push(segment);
        let value = read();
        if value.is_ok() {
            self.path.borrow_mut().pop();
        }
        value
    }

    /// Records the field at the current path as unknown.
    fn record(&self, fields: Option<&'static [&'static str]>) {
        let path = self.path.borrow();
        let mut unknown = self.unknown.borrow_mut();
        // An element of a list that nothing reads is not a field.
        let Some((Segment::Field(name), object)) = path.split_last() else { return };
        // A type reads a field without using its value, because clients send it.
        if unknown.len() >= MAX_UNKNOWN || fields.is_some_and(|fields| fields.contains(&name.as_str())) {
            return;
        }
        // The fields are not known for an object that is one of several forms: an item of a query.
        let fields = fields.unwrap_or(FIELDS);
        let hint = match self.suggestions.nearest(name, fields.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected one of {}", listed(fields.iter().copied())),
        };
        unknown.push(UnknownField { name: name.clone(), object: written(object), hint });
    }

    fn finish<T>(self, value: Result<T, serde_json::Error>) -> Result<(T, Vec<UnknownField>), ReadError> {
        match value {
            Ok(value) => Ok((value, self.unknown.into_inner())),
            Err(error) => Err(ReadError { path: written(&self.path.into_inner()), error }),
        }
    }
}

/// Writes a path: `data_processing_pipeline[0].where`.
fn written(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Field(name) if text.is_empty() => text.push_str(name),
            Segment::Field(name) => text.extend([".", name]),
            Segment::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// Wraps a deserializer, or the seed or the visitor of a value.
struct Reader<'c, D> {
    inner: D,
    context: &'c Context,
    /// The fields of the struct that the value belongs to.
    fields: Option<&'static [&'static str]>,
}

/// Forwards to the wrapped deserializer, whose values contain no objects of the API.
macro_rules! forward {
    ($($method:ident($($argument:ident: $of:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $of,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* visitor)
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Reader<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_bool(); deserialize_i8(); deserialize_i16(); deserialize_i32(); deserialize_i64();
        deserialize_i128(); deserialize_u8(); deserialize_u16(); deserialize_u32(); deserialize_u64();
        deserialize_u128(); deserialize_f32(); deserialize_f64(); deserialize_char(); deserialize_str();
        deserialize_string(); deserialize_bytes(); deserialize_byte_buf(); deserialize_unit();
        deserialize_identifier(); deserialize_unit_struct(name: &'static str); deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        // A newtype contains data, such as the rows of a batch, whose fields are the user's.
        deserialize_newtype_struct(name: &'static str);
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Reader { inner, context, .. } = self;
        inner.deserialize_any(Watched { inner: visitor, context, fields: None })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Reader { inner, context, .. } = self;
        inner.deserialize_map(Watched { inner: visitor, context, fields: None })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Reader { inner, context, .. } = self;
        inner.deserialize_seq(Watched { inner: visitor, context, fields: None })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Reader { inner, context, fields } = self;
        inner.deserialize_option(Optional(Reader { inner: visitor, context, fields }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let Reader { inner, context, .. } = self;
        inner.deserialize_struct(name, fields, Watched { inner: visitor, context, fields: Some(fields) })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.context.record(self.fields);
        self.inner.deserialize_ignored_any(visitor)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Reader<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let Reader { inner, context, fields } = self;
        inner.deserialize(Reader { inner: deserializer, context, fields })
    }
}

/// A visitor whose optional value is read by the reader.
struct Optional<'c, V>(Reader<'c, V>);

impl<'de, V: Visitor<'de>> Visitor<'de> for Optional<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.inner.expecting(f)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.0.inner.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.0.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let Reader { inner, context, fields } = self.0;
        inner.visit_some(Reader { inner: deserializer, context, fields })
    }
}

/// A visitor whose objects and lists are read by the reader. With `fields`, only an object with
/// these fields is accepted.
struct Watched<'c, V> {
    inner: V,
    context: &'c Context,
    fields: Option<&'static [&'static str]>,
}

/// Forwards scalars to the wrapped visitor.
macro_rules! scalars {
    ($($method:ident: $of:ty;)*) => {
        $(fn $method<E: serde::de::Error>(self, value: $of) -> Result<V::Value, E> {
            self.inner.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Watched<'_, V> {
    type Value = V::Value;

    scalars! {
        visit_bool: bool; visit_i64: i64; visit_i128: i128; visit_u64: u64; visit_u128: u128; visit_f64: f64;
        visit_str: &str; visit_borrowed_str: &'de str; visit_string: String;
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        // serde would read a list as the values of the fields in order.
        if self.fields.is_some() {
            return Err(A::Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        self.inner.visit_seq(Elements { reader: self.context.reader(seq), index: 0 })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let reader = Reader { inner: map, context: self.context, fields: self.fields };
        self.inner.visit_map(Fields { reader, name: String::new() })
    }
}

/// The elements of a list.
struct Elements<'c, A> {
    reader: Reader<'c, A>,
    index: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let context = self.reader.context;
        let seed = Reader { inner: seed, context, fields: None };
        let element = context.within(Segment::Index(self.index), || self.reader.inner.next_element_seed(seed));
        self.index += 1;
        element
    }

    fn size_hint(&self) -> Option<usize> {
        self.reader.inner.size_hint()
    }
}

/// The fields of an object.
struct Fields<'c, A> {
    reader: Reader<'c, A>,
    /// The name of the current field.
    name: String,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let Some(name) = self.reader.inner.next_key::<String>()? else { return Ok(None) };
        self.name = name;
        seed.deserialize(self.name.as_str().into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let Reader { context, fields, .. } = self.reader;
        let seed = Reader { inner: seed, context, fields };
        let name = std::mem::take(&mut self.name);
        context.within(Segment::Field(name), || self.reader.inner.next_value_seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.reader.inner.size_hint()
    }
}

#[cfg(test)]
mod tests;
