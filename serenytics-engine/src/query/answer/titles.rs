//! The titles of an answer's columns. The platform's documentation leaves some of them open; this
//! file decides.

use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::vocabulary::{ColumnType, TimeSlot};
use serenytics_query::wire::ColumnTitle;

/// Returns the title of a result column. A plain column has its name; an aggregate or time slot is
/// written as in a query, such as `sum(revenue)`. A time slot has the type datetime, except
/// `weekday`, which is an integer.
pub(in crate::query) fn title(output: &OutputColumn) -> ColumnTitle {
    let column_type = match output.output_type {
        OutputType::Column(column_type) => column_type,
        OutputType::Slot(TimeSlot::Weekday) => ColumnType::Int,
        OutputType::Slot(_) => ColumnType::DateTime,
    };
    ColumnTitle { name: output.origin.clone().into_owned(), type_name: column_type.word().to_owned() }
}
