//! What a data source holds: its columns, the number of its rows, all of them, and numbers over them.

use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::vocabulary::{Aggregate, ColumnType};
use serenytics_query::wire::{COUNT_COLUMN, ColumnItem, ColumnTitle, Item, Pipeline, ROW_BY_ROW, Stage};

use crate::answer::{Answer, TypedRows};
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::transport::Deadline;

/// The one column of the answer to a count.
const COUNT: &[OutputColumn] =
    &[OutputColumn::fixed("count", "count()", OutputType::Column(ColumnType::Int), true, false)];

/// The one column of the answer to a value formula.
const VALUE: &[OutputColumn] =
    &[OutputColumn::fixed("value", "the value formula", OutputType::Column(ColumnType::Float), true, false)];

impl DataSource {
    /// The columns, with their types as the server names them; none for a storage into which nothing was loaded yet.
    ///
    /// # Errors
    /// A source that does not exist any more; a server that cannot be reached or refuses.
    #[doc(alias = "get_columns")]
    pub async fn columns(&self) -> Result<Vec<ColumnTitle>, Error> {
        self.columns_until(self.session().deadline()).await
    }

    pub(crate) async fn columns_until(&self, deadline: Deadline) -> Result<Vec<ColumnTitle>, Error> {
        let options = Pipeline { only_headers: Some(true), ..Pipeline::default() };
        Ok(self.raw_rows(self.session(), options, deadline).await?.columns)
    }

    /// All rows with all columns, as JSON values: two calls, of which the first asks for the columns. A storage into which nothing was loaded
    /// yet has neither.
    ///
    /// For a source that is declared, `query! { from .. }` gives the same as structs; for one that is large, [`Client::stream`](crate::Client::stream) and
    /// [`export`](Self::export) hold no more of it than a part.
    ///
    /// ```no_run
    /// # async fn print(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// let data = client.source("sales").await?.get_data().await?;
    /// println!("{:?}", data.names().collect::<Vec<_>>());
    /// for row in &data.rows {
    ///     println!("{row:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A source that does not exist any more; a server that cannot be reached or refuses.
    #[doc(alias = "get_as_dataframe")]
    pub async fn get_data(&self) -> Result<Answer, Error> {
        let deadline = self.session().deadline();
        let columns = self.columns_until(deadline).await?;
        if columns.is_empty() {
            return Ok(Answer::default());
        }
        let all = selecting(columns.into_iter().map(|title| Item::Name(title.name)).collect());
        self.raw_rows(self.session(), all, deadline).await
    }

    /// Runs a query that is data on this source: [`Client::fetch_raw`](crate::Client::fetch_raw).
    ///
    /// # Errors
    /// As for [`Client::fetch_raw`](crate::Client::fetch_raw).
    pub async fn query(&self, options: &Pipeline) -> Result<Answer, Error> {
        self.raw_rows(self.session(), options.clone(), self.session().deadline()).await
    }

    /// The value of a formula over all rows, as `sum([revenue]) / count()`, or of a measure, by its name: a number, or `None` over no row.
    ///
    /// ```no_run
    /// # async fn print(client: serenytics_core::Client) -> Result<(), serenytics_core::Error> {
    /// let sales = client.source("sales").await?;
    /// if let Some(mean) = sales.value_formula("sum([revenue]) / count()").await? {
    ///     println!("{mean:.2}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A formula that the server refuses, or whose answer is another thing than one number; a source that does not exist any more; a server
    /// that cannot be reached or refuses.
    #[doc(alias = "get_value_formula")]
    pub async fn value_formula(&self, formula: &str) -> Result<Option<f64>, Error> {
        let mut rows = TypedRows::new(VALUE.into(), read_value);
        let session = self.session();
        let formula_column = ColumnItem { name: formula.to_owned(), ..ColumnItem::default() };
        self.run(session, selecting(vec![Item::Column(formula_column)]), &mut rows, session.deadline()).await?;
        let rows = rows.into_rows();
        match rows[..] {
            [] => Ok(None),
            [value] => Ok(value),
            _ => {
                let message =
                    format!("`{formula}` is no value formula: it gave {} rows, and not one number", rows.len());
                Err(Error::new(Kind::Decode, message))
            }
        }
    }

    /// The number of rows; 0 for a storage into which nothing was loaded yet.
    ///
    /// # Errors
    /// A source that does not exist any more; a server that cannot be reached or refuses.
    #[doc(alias = "get_nb_rows")]
    pub async fn row_count(&self) -> Result<u64, Error> {
        let count =
            ColumnItem { name: COUNT_COLUMN.to_owned(), agg_function: Some(Aggregate::Sum), ..ColumnItem::default() };
        let options = selecting(vec![Item::Column(count)]);
        let mut rows = TypedRows::new(COUNT.into(), read_count);
        let session = self.session();
        self.run(session, options, &mut rows, session.deadline()).await?;
        // A count over nothing may be no row, or a sum of nothing.
        let count = rows.into_rows().into_iter().next().flatten().unwrap_or(0);
        u64::try_from(count)
            .map_err(|_| Error::new(Kind::Decode, format!("the server counts {count} rows in `{}`", self.name())))
    }
}

/// The pipeline of one stage that selects these.
fn selecting(select: Vec<Item>) -> Pipeline {
    let stage = Stage { select, ..Stage::default() };
    Pipeline { order: Some(ROW_BY_ROW.to_owned()), data_processing_pipeline: vec![stage], ..Pipeline::default() }
}

fn read_value(cells: &mut CellReader<'_>) -> Result<Option<f64>, CellError> {
    cells.next()
}

fn read_count(cells: &mut CellReader<'_>) -> Result<Option<i64>, CellError> {
    cells.next()
}
