//! The columns of a query: an expression for each name of a checked stage.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::prelude::Expr;
use serenytics_query::formula::{Environment, Typed};
use serenytics_query::schema::{ColumnKind, Schema};
use serenytics_query::vocabulary::ColumnType;

use crate::query::expression::{column, unchecked};
use crate::query::formula::{RankColumn, Totals, cell};
use crate::query::input::Input;

use crate::base::Error;

/// The columns of a query's source, its measures, and the value formulas of the query.
pub(in crate::query) struct Columns<'a> {
    pub(in crate::query) schema: Schema,
    /// The formulas of measures and value formulas, by their names in the schema.
    pub(super) computed: HashMap<String, Arc<Typed>>,
    /// The ranks that the query needs.
    pub(in crate::query) ranks: Vec<RankColumn>,
    pub(super) input: &'a Input,
}

/// A column that has a cell in every row.
pub(super) struct RowColumn {
    pub(super) cell: Expr,
    pub(super) column_type: ColumnType,
}

impl Columns<'_> {
    /// Returns the column with this name in the checked stage.
    pub(super) fn row_column(&self, name: &str) -> Result<RowColumn, Error> {
        let (_, found) = self.schema.column(name).ok_or_else(|| unchecked("an unknown column"))?;
        let cell = match (found.kind, self.computed.get(name)) {
            (ColumnKind::Stored | ColumnKind::Joined, _) => column(&found.wire),
            (ColumnKind::Measure, Some(typed)) => cell(typed),
            _ => return Err(unchecked("a value formula among columns")),
        };
        Ok(RowColumn { cell, column_type: found.column_type })
    }

    /// Returns the value formula with this name in the checked stage. `None` if it is something
    /// else.
    pub(super) fn formula(&self, name: &str) -> Option<Totals> {
        let (_, found) = self.schema.column(name)?;
        match found.kind {
            ColumnKind::Formula => self.computed.get(name).map(|typed| Totals::of(typed)),
            _ => None,
        }
    }

    /// Returns true if the sum over an integer column, for some subset of the rows, may not fit 64
    /// bits.
    pub(super) fn sum_may_wrap(&self, name: &str) -> bool {
        match self.computed.get(name) {
            Some(typed) => typed.sum_may_overflow(self.input.max_rows()),
            None => self.input.sum_may_wrap(name),
        }
    }
}
