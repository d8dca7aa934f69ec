//! Columns: what the names of a checked stage are computed by.

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
    /// What measures and value formulas compute, by their names in the schema.
    pub(super) computed: HashMap<String, Arc<Typed>>,
    /// The places among all rows that the query needs.
    pub(in crate::query) ranks: Vec<RankColumn>,
    pub(super) input: &'a Input,
}

/// A column of which every row has a cell.
pub(super) struct RowColumn {
    pub(super) cell: Expr,
    pub(super) column_type: ColumnType,
}

impl Columns<'_> {
    /// The column with a name of the checked stage.
    pub(super) fn row_column(&self, name: &str) -> Result<RowColumn, Error> {
        let (_, found) = self.schema.column(name).ok_or_else(|| unchecked("an unknown column"))?;
        let cell = match (found.kind, self.computed.get(name)) {
            (ColumnKind::Stored | ColumnKind::Joined, _) => column(&found.wire),
            (ColumnKind::Measure, Some(typed)) => cell(typed),
            _ => return Err(unchecked("a value formula among columns")),
        };
        Ok(RowColumn { cell, column_type: found.column_type })
    }

    /// The value formula with a name of the checked stage, if it is one's.
    pub(super) fn formula(&self, name: &str) -> Option<Totals> {
        let (_, found) = self.schema.column(name)?;
        match found.kind {
            ColumnKind::Formula => self.computed.get(name).map(|typed| Totals::of(typed)),
            _ => None,
        }
    }

    /// Whether the sum over an integer column, for some of the rows, may be larger than 64 bits hold.
    pub(super) fn sum_may_wrap(&self, name: &str) -> bool {
        match self.computed.get(name) {
            Some(typed) => typed.sum_may_overflow(self.input.max_rows()),
            None => self.input.sum_may_wrap(name),
        }
    }
}
