#![doc = include_str!("../README.md")]

#[cfg(feature = "blocking")]
pub use serenytics_core::blocking;
pub use serenytics_core::{
    Answer, ApiKey, AppliedMeasures, Batch, Client, ClientBuilder, ColumnAnswer, DataSource, Error, Export,
    ExportFormat, Exported, ForceType, Load, Progress, Pusher, ReloadFromS3, RowStream, S3Credentials, SourceType,
    reqwest,
};
#[cfg(feature = "arrow")]
pub use serenytics_core::{BatchStream, IntoBatch, arrow_array, arrow_schema};
pub use serenytics_core::{DataApi, DataApiSource, Email, TabOptions, WarmUp, WebApp, WebAppSource};
pub use serenytics_core::{RunScript, Script, ScriptDateTime, ScriptLog, ScriptStatus};
/// Makes an enum or a newtype the type of a column: in a source, in the values of a query, and in the
/// fields of rows.
///
/// ```
/// use serenytics::{ColumnValue, prelude::*};
///
/// #[derive(Debug, Clone, PartialEq, ColumnValue)]
/// pub enum Country {
///     #[column_value(name = "FR")]
///     France,
///     #[column_value(name = "DE")]
///     Germany,
/// }
///
/// #[derive(Debug, Clone, PartialEq, ColumnValue)]
/// pub struct Invoice(i64);
///
/// #[derive(Source)]
/// #[source(name = "sales")]
/// pub struct Sales {
///     #[column(type = "str")]
///     country: Country,
///     #[column(type = "int")]
///     invoice: Option<Invoice>,
/// }
///
/// let q = query! { from Sales where country == {Country::France}, invoice > {Invoice(3)} };
/// ```
///
/// | on | attribute | meaning |
/// | --- | --- | --- |
/// | a variant | `#[column_value(name = "..")]` | the text of the variant, if it differs from its name |
/// | the enum | `#[column_value(type = "int")]` | the values are the numbers of the variants: `Paid = 1` |
/// | the struct | `#[column_value(type = "..")]` | the column type of the field, if the name of its type does not define it |
/// | the type | `#[column_value(crate = path)]` | the path of the crate `serenytics`, if it is renamed |
///
/// The type also derives `Debug`, `Clone` and `PartialEq`, which rows need. A cell that is not a value
/// of an enum is an error that names the row and the column.
pub use serenytics_macros::ColumnValue;
/// Declares a struct that a query's rows are read into.
///
/// Write the struct after `into` in a query. It must have a field with the name and the exact type
/// of each output: a missing field, an extra field, or a nullable output without an `Option` is a
/// compile error.
///
/// ```
/// use serenytics::prelude::*;
///
/// #[derive(Source)]
/// #[source(name = "sales")]
/// pub struct Sales {
///     country: String,
///     revenue: f64,
/// }
///
/// #[derive(Debug, Row)]
/// struct CountryTotal {
///     country: String,
///     total: f64,
/// }
///
/// let q: Query<CountryTotal> = query! {
///     from Sales group_by country select sum(revenue) as total into CountryTotal
/// };
/// ```
///
/// The attribute `#[row(crate = path)]` sets the path of the crate `serenytics`, if it is renamed.
pub use serenytics_macros::Row;
/// Declares a data source and its columns, one for each field.
///
/// ```
/// use serenytics::prelude::*;
///
/// #[derive(Source)]
/// #[source(name = "sales")]
/// pub struct Sales {
///     country: String,
///     invoice: Option<i64>,
///     #[column(name = "order date")]
///     date: DateTime,
///     #[column(type = "float")]
///     price: Price,
/// }
///
/// type Price = f64;
/// ```
///
/// | on | attribute | meaning |
/// | --- | --- | --- |
/// | the struct | `#[source(name = "..")]` or `#[source(uuid = "..")]` | identifies the source; one of them is required, or a file |
/// | the struct | `#[source(file = "..")]` | the schema file that declares the source and its columns, relative to the crate's `Cargo.toml`; the struct then has no fields |
/// | the struct | `#[source(crate = path)]` | the path of the crate `serenytics`, if it is renamed |
/// | a field | `#[column(name = "..")]` | the column's name on the platform, if it differs from the field's |
/// | a field | `#[column(type = "..")]` | `str`, `int`, `float` or `datetime`, if the name of the Rust type does not define it |
/// | a field | `#[column(measure = "..")]` | a measure with this formula, computed for each row; [`Client::apply_measures`] saves it |
/// | a field | `#[column(measure)]` | a measure whose formula is only on the server |
/// | a field | `#[column(formula = "..")]` | a value formula: one number over all rows, selected as the only output |
/// | a field | `#[column(join = "..")]` | a column of the joined source with this uuid |
///
/// A column's type is `String` (str), `i8` to `i64` or `u8` to `u32` (int), `f32` or `f64` (float),
/// [`DateTime`] (datetime), or an `Option` of one of them if the column may be NULL.
///
/// The derive also creates a hidden macro with the struct's name. [`query!`] reads the columns from
/// it. An import of the struct imports the macro too. Values of the struct are rows for
/// [`DataSource::insert`].
pub use serenytics_macros::Source;
pub use serenytics_query::SerdeRow;
pub use serenytics_query::cell::{Cell, ColumnValue, Row};
pub use serenytics_query::datetime::DateTime;
pub use serenytics_query::drift::Drift;
pub use serenytics_query::query::Query;
pub use serenytics_query::schema_file::SchemaFile;
pub use serenytics_query::slot::SlotValue;
pub use serenytics_query::source::{LoadRow, Source};
pub use serenytics_query::value;
pub use serenytics_query::{builder, problem, schema, schema_file, shape, vocabulary, wire};

/// The items that most programs with queries need.
pub mod prelude {
    pub use crate::{Client, DateTime, Query, Row, Source, query};
}

/// Compiles a query against the columns of its source, and returns a [`Query`] with its own row
/// type.
///
/// ```
/// use serenytics::prelude::*;
///
/// #[derive(Source)]
/// #[source(name = "sales")]
/// pub struct Sales {
///     country: String,
///     revenue: f64,
/// }
///
/// let countries = vec!["FR", "US"];
/// let least: Option<f64> = None;
/// let q = query! {
///     from Sales
///     where country in {&countries}, revenue >= {least}?
///     group_by country
///     select sum(revenue) as total
///     order_by total desc
///     limit 10
/// };
/// assert_eq!(
///     q.to_json(),
///     r#"{"order":"row_by_row","data_processing_pipeline":[{"group_by":["country"],"select":[{"name":"revenue","agg_function":"sum"}],"order_by":[{"name":"revenue","agg_function":"sum","direction":"desc"}],"where":[{"name":"country","op":"in","value":"[\"FR\",\"US\"]"}],"limit":10}]}"#
/// );
/// ```
///
/// [The guide](https://github.com/serenytics/serenytics-rust/blob/main/docs/guide/queries.md)
/// describes the language. A mistake is a compile error that points to its token:
///
/// ```compile_fail
/// # use serenytics::prelude::*;
/// # #[derive(Source)]
/// # #[source(name = "sales")]
/// # pub struct Sales { country: String, revenue: f64 }
/// let q = query! { from Sales select contry }; // no column `contry` in `sales`; did you mean `country`?
/// ```
///
/// A query can also be written as a function, which names the query and its rows. Derives and the
/// attributes of `serde` apply to the row; documentation and other attributes apply to the
/// function. The function cannot be inside an `impl`, where Rust does not allow structs.
///
/// ```
/// # use serenytics::prelude::*;
/// # #[derive(Source)]
/// # #[source(name = "sales")]
/// # pub struct Sales { country: String, revenue: f64 }
/// query! {
///     /// Countries by revenue.
///     pub fn top_countries(least: f64, countries: &[&str]) -> Query<TopCountry> {
///         from Sales
///         where revenue > {least}, country in {countries}
///         group_by country
///         select sum(revenue) as total
///         order_by total desc
///     }
/// }
///
/// # fn main() {
/// let q: Query<TopCountry> = top_countries(20.0, &["FR", "US"]);
/// # }
/// ```
///
/// Write a column whose name is a keyword of the language with `r#`: `r#limit`. With `into Type`,
/// the rows are values of a struct that derives [`Row`].
#[macro_export]
macro_rules! query {
    () => { ::core::compile_error!("the query is empty: write `query! { from Sales .. }`") };
    ($($query:tt)*) => { $crate::__private::query_entry! { [$crate] $($query)* } };
}

/// The chapters of the guide, whose code blocks are compiled and run as doctests.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../docs/guide/index.md")]
    mod index {}

    #[doc = include_str!("../docs/guide/start.md")]
    mod start {}

    #[doc = include_str!("../docs/guide/sources.md")]
    mod sources {}

    #[doc = include_str!("../docs/guide/schema-files.md")]
    mod schema_files {}

    #[doc = include_str!("../docs/guide/queries.md")]
    mod queries {}

    #[doc = include_str!("../docs/guide/rows.md")]
    mod rows {}

    #[doc = include_str!("../docs/guide/filters.md")]
    mod filters {}

    #[doc = include_str!("../docs/guide/measures.md")]
    mod measures {}

    #[doc = include_str!("../docs/guide/recipes.md")]
    mod recipes {}

    #[doc = include_str!("../docs/guide/loading.md")]
    mod loading {}

    #[doc = include_str!("../docs/guide/exporting.md")]
    mod exporting {}

    #[doc = include_str!("../docs/guide/client.md")]
    mod client {}

    #[doc = include_str!("../docs/guide/errors.md")]
    mod errors {}

    #[doc = include_str!("../docs/guide/testing.md")]
    mod testing {}

    #[doc = include_str!("../docs/guide/server.md")]
    mod server {}

    #[doc = include_str!("../docs/guide/python.md")]
    mod python {}

    #[doc = include_str!("../docs/guide/troubleshooting.md")]
    mod troubleshooting {}

    #[doc = include_str!("../docs/guide/python-calls.md")]
    mod python_calls {}
}

/// The items that the expansions of the macros use. Not public API.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow;
    pub use std::string::String;

    pub use serenytics_macros::{query_compile, query_entry};

    /// The macro of a name that is not a source.
    pub mod not_a_source {
        pub use serenytics_macros::__serenytics_source;
    }

    pub use serenytics_query::bindings::{__cell, __cells, __row, invalid, write};
    pub use serenytics_query::cell::{CellError, CellReader, Field};
    pub use serenytics_query::cell::{Checked, Invalid, RowStruct, Second, Then, ThenRow};
    pub use serenytics_query::query::{Part, Template, Unrendered};
    pub use serenytics_query::rendered::Rendered;
    pub use serenytics_query::schema::SourceRef;
    pub use serenytics_query::shape::{OutputColumn, OutputType};
    pub use serenytics_query::source::{ColumnAt, RowWriter, SourceRow, named, with_uuid};
    pub use serenytics_query::value::{AnyList, ListProbe};
    pub use serenytics_query::vocabulary::{ColumnType, TimeSlot};
}
