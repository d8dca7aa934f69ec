//! Drift: an answer whose columns are not those that its query was checked against.

use serenytics_query::shape::OutputColumn;
use serenytics_query::suggest::listed;
use serenytics_query::vocabulary::ColumnType;
use serenytics_query::wire::ColumnTitle;

/// Holds the columns of an answer against those of the query: their number, and each one's type by its position. Names
/// are held against each other only where a server is known to keep them: when all columns are the source's own, as
/// they stand. A type that this version does not know is left to the cells.
pub(crate) fn check(shape: &[OutputColumn], titles: &[ColumnTitle]) -> Result<(), String> {
    if shape.len() != titles.len() {
        return Err(format!(
            "the query has {} columns and the answer {}: {}; the source may have changed since the query was written",
            shape.len(),
            titles.len(),
            listed(titles.iter().map(|title| title.name.as_str())),
        ));
    }
    let named = shape.iter().all(|column| column.bare);
    for (position, (column, title)) in shape.iter().zip(titles).enumerate() {
        if named && title.name != column.origin {
            return Err(format!(
                "column {} of the answer is `{}` and the query's is `{}`",
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
        "column {} is declared as {} and the server serves {served}; declare it as the source has it",
        called(column),
        column.output_type,
    )
}

/// A column of a query in a message: its name, and what it is if that is another text.
pub(crate) fn called(column: &OutputColumn) -> String {
    if column.name == column.origin {
        format!("`{}`", column.name)
    } else {
        format!("`{}` ({})", column.name, column.origin)
    }
}
