//! What a data source holds: its columns and the number of its rows.

use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::vocabulary::{Aggregate, ColumnType};
use serenytics_query::wire::{COUNT_COLUMN, ColumnItem, ColumnTitle, Item, Pipeline, ROW_BY_ROW, Stage};

use crate::answer::TypedRows;
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::fetch::Wanted;

/// The one column of the answer to a count.
const COUNT: &[OutputColumn] =
    &[OutputColumn::fixed("count", "count()", OutputType::Column(ColumnType::Int), true, false)];

impl DataSource {
    /// The columns, with their types as the server names them; none for a storage into which nothing was loaded yet.
    ///
    /// # Errors
    /// A source that does not exist any more; a server that cannot be reached or refuses.
    pub async fn columns(&self) -> Result<Vec<ColumnTitle>, Error> {
        let options = Pipeline { only_headers: Some(true), ..Pipeline::default() };
        Ok(self.client().fetch_raw(self, &options).await?.columns)
    }

    /// The number of rows; 0 for a storage into which nothing was loaded yet.
    ///
    /// # Errors
    /// A source that does not exist any more; a server that cannot be reached or refuses.
    pub async fn row_count(&self) -> Result<u64, Error> {
        let count =
            ColumnItem { name: COUNT_COLUMN.to_owned(), agg_function: Some(Aggregate::Sum), ..ColumnItem::default() };
        let stage = Stage { select: vec![Item::Column(count)], ..Stage::default() };
        let options = Pipeline {
            order: Some(ROW_BY_ROW.to_owned()),
            data_processing_pipeline: vec![stage],
            ..Pipeline::default()
        };
        let body = serde_json::to_vec(&options).map_err(|error| {
            Error::new(Kind::Usage, format!("the count cannot be written: {error}")).caused_by(error)
        })?;
        let mut rows = TypedRows::new(COUNT, read_count);
        let client = self.client();
        client.run(self.uuid(), body.into(), Wanted::Rows, &mut rows, client.deadline()).await?;
        // A count over nothing may be no row, or a sum of nothing.
        let count = rows.into_rows().into_iter().next().flatten().unwrap_or(0);
        u64::try_from(count)
            .map_err(|_| Error::new(Kind::Decode, format!("the server counts {count} rows in `{}`", self.name())))
    }
}

fn read_count(cells: &mut CellReader<'_>) -> Result<Option<i64>, CellError> {
    cells.next()
}
