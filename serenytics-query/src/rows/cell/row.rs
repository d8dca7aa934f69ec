//! The structs that rows are read into, and how their fields are compared with the columns of a
//! result.

use super::{Cell, CellError, CellReader};
use crate::rows::shape::{OutputColumn, OutputType};
use crate::syntax::problem::{Code, Problem};
use crate::syntax::stage::Position;
use crate::syntax::suggest::listed;

/// A field of a row's struct.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    name: &'static str,
    holds: fn(OutputType) -> bool,
    expected: &'static str,
    nullable: bool,
}

impl Field {
    /// The field of this name, of type `C`.
    #[must_use]
    pub const fn of<C: Cell>(name: &'static str) -> Field {
        Field { name, holds: C::holds, expected: C::EXPECTED, nullable: C::NULLABLE }
    }

    /// Returns why the field does not match a column of a result; `None` if it matches.
    pub(super) fn problem(&self, column: &OutputColumn) -> Option<String> {
        let Field { name, expected, .. } = self;
        let output = &column.name;
        if *name != output {
            return Some(format!(
                "expected the field `{output}`, found `{name}`: declare the fields in the order of the outputs"
            ));
        }
        if !(self.holds)(column.output_type) {
            return Some(format!(
                "the field `{name}` is {expected}, but the result has `{output}` as {}",
                column.output_type
            ));
        }
        (column.nullable && !self.nullable)
            .then(|| format!("`{output}` may be NULL: make the field `{name}` an `Option`"))
    }
}

/// A struct that a row of a response is read into, field by field in their order. Derived by
/// `#[derive(Row)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row [SRN054]",
    label = "not a row",
    note = "add `#[derive(Row)]` to the struct"
)]
pub trait Row: Sized {
    /// The fields; `None` for a type that accepts any number and type of cells.
    #[doc(hidden)]
    const FIELDS: Option<&'static [Field]> = None;

    /// The names of the fields, in their order.
    #[doc(hidden)]
    #[must_use]
    fn field_names() -> Option<Vec<&'static str>> {
        Some(Self::FIELDS?.iter().map(|field| field.name).collect())
    }

    /// For each field, whether it accepts NULL.
    #[doc(hidden)]
    #[must_use]
    fn nullable_fields() -> Option<Vec<bool>> {
        Some(Self::FIELDS?.iter().map(|field| field.nullable).collect())
    }

    /// Reads the cells of a row.
    ///
    /// # Errors
    /// [`CellError`] for the first cell that does not fit its field.
    fn read(cells: &mut CellReader<'_>) -> Result<Self, CellError>;

    /// Returns why the struct does not match the rows of a result; `None` if it matches.
    #[doc(hidden)]
    fn problem(shape: &[OutputColumn]) -> Option<Problem> {
        let fields = Self::FIELDS?;
        let message = if fields.len() == shape.len() {
            fields.iter().zip(shape).find_map(|(field, column)| field.problem(column))?
        } else {
            let outputs = listed(shape.iter().map(|column| &*column.name));
            format!("the struct has {} fields, but the result has {} columns: {outputs}", fields.len(), shape.len())
        };
        Some(Problem::new(Code::RowFields, Position::default(), message))
    }
}

/// A row of any query: its cells, in the order of the query's shape.
impl Row for Vec<serde_json::Value> {
    fn read(cells: &mut CellReader<'_>) -> Result<Self, CellError> {
        let mut row = Vec::new();
        while !cells.is_row_end()? {
            row.push(cells.next()?);
        }
        Ok(row)
    }
}
