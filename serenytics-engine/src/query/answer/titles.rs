//! The titles of an answer's columns: the one place that decides what the platform's documentation leaves open.

use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::vocabulary::{ColumnType, TimeSlot};
use serenytics_query::wire::ColumnTitle;

/// The title of a column of a result. A bare column has its name; an aggregate or time slot is spelled as in a query,
/// `sum(revenue)`. A time slot is a datetime, its start, or for `weekday` an integer.
pub(in crate::query) fn title(output: &OutputColumn) -> ColumnTitle {
    let column_type = match output.output_type {
        OutputType::Column(column_type) => column_type,
        OutputType::Slot(TimeSlot::Weekday) => ColumnType::Int,
        OutputType::Slot(_) => ColumnType::DateTime,
    };
    ColumnTitle { name: output.origin.clone().into_owned(), type_name: column_type.word().to_owned() }
}
