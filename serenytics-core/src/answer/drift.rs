//! Drift: a result whose columns are not those that its query was checked against.

use serenytics_query::shape::OutputColumn;
use serenytics_query::suggest::listed;
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::ColumnTitle;

/// Compares the columns of a result with those of the query: their number, and the type of each by
/// position. Names are only compared if all columns are plain columns of the source, because only
/// then servers keep them. A column of an unknown type is checked cell by cell.
pub(crate) fn check(shape: &[OutputColumn], titles: &[ColumnTitle]) -> Result<(), String> {
    if shape.len() != titles.len() {
        return Err(format!(
            "the query has {} columns but the result has {}: {}; the source may have changed since the query was written",
            shape.len(),
            titles.len(),
            listed(titles.iter().map(|title| title.name.as_str())),
        ));
    }
    let named = shape.iter().all(|column| column.bare);
    for (position, (column, title)) in shape.iter().zip(titles).enumerate() {
        if named && title.name != column.origin {
            return Err(format!(
                "column {} of the result is `{}`, expected `{}`",
                position + 1,
                title.name,
                column.origin,
            ));
        }
        if let Some(served) = title.column_type()
            && !column.output_type.accepts(served)
        {
            return Err(wrong_type(column, served));
        }
    }
    Ok(())
}

fn wrong_type(column: &OutputColumn, served: ColumnType) -> String {
    format!(
        "column {} is declared as {}, but the server returned {served}; declare it as {served}",
        called(column),
        column.output_type,
    )
}

/// Formats a column of a query for a message: its name, and its origin if that differs.
pub(crate) fn called(column: &OutputColumn) -> String {
    if column.name == column.origin {
        format!("`{}`", column.name)
    } else {
        format!("`{}` ({})", column.name, column.origin)
    }
}
