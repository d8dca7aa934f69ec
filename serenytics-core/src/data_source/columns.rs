//! Reads a data source: its columns, its rows, their number, and value formulas over them.

use serenytics_query::cell::{CellError, CellReader};
use serenytics_query::formulas::{check_formula, check_grammar};
use serenytics_query::schema_file::is_formula;
use serenytics_query::shape::{OutputColumn, OutputType};
use serenytics_query::source::Source;
use serenytics_query::vocabulary::{Aggregate, ColumnType};
use serenytics_query::wire::{COUNT_COLUMN, ColumnItem, ColumnTitle, Item, Pipeline, ROW_BY_ROW, Stage};

use crate::answer::{Answer, TypedRows};
use crate::client::Client;
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::transport::Deadline;

/// The only column in the result of a count.
const COUNT: &[OutputColumn] =
    &[OutputColumn::fixed("count", "count()", OutputType::Column(ColumnType::Int), true, false)];

/// The only column in the result of a value formula.
const VALUE: &[OutputColumn] =
    &[OutputColumn::fixed("value", "the value formula", OutputType::Column(ColumnType::Float), true, false)];

impl Client {
    /// Returns the value of a formula over all rows of a declared source, such as
    /// `sum([revenue]) / count()`. Returns `None` if there are no rows.
    ///
    /// The formula is checked against the declared columns before anything is sent. If the program
    /// contains the formula, declare it instead: `#[column(formula = "..")]`.
    ///
    /// ```
    /// use serenytics_core::{Client, Error};
    /// use serenytics_query::source::Source;
    ///
    /// async fn print<Sales: Source>(client: &Client, column: &str) -> Result<(), Error> {
    ///     println!("{:?}", client.value_formula::<Sales>(&format!("sum([{column}]) / count()")).await?);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns an error that lists every mistake of the formula if it does not fit the declaration,
    /// and the errors of [`DataSource::value_formula`].
    pub async fn value_formula<S: Source>(&self, formula: &str) -> Result<Option<f64>, Error> {
        check_formula(&S::schema(), formula).map_err(|problems| Error::invalid_query(&problems))?;
        let (session, deadline) = (self.session(), self.session().deadline());
        DataSource::referred(session, &S::SOURCE, deadline).await?.value_of(formula).await
    }
}

impl DataSource {
    /// Returns the columns, with the server's names for their types. A storage that was never
    /// loaded has none.
    ///
    /// # Errors
    /// Returns an error if the source no longer exists, or the server cannot be reached or rejects
    /// the request.
    #[doc(alias = "get_columns")]
    pub async fn columns(&self) -> Result<Vec<ColumnTitle>, Error> {
        self.columns_until(self.session().deadline()).await
    }

    pub(crate) async fn columns_until(&self, deadline: Deadline) -> Result<Vec<ColumnTitle>, Error> {
        let options = Pipeline { only_headers: Some(true), ..Pipeline::default() };
        Ok(self.raw_rows(self.session(), options, deadline).await?.columns)
    }

    /// Returns all rows and columns as JSON values. Makes two calls, the first of which asks for
    /// the columns. A storage that was never loaded has neither.
    ///
    /// For a declared source, `query! { from .. }` returns the same rows as structs. For a large
    /// source, use [`Client::stream`](crate::Client::stream) or [`export`](Self::export), which
    /// keep only part of the rows in memory.
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
    /// Returns an error if the source no longer exists, or the server cannot be reached or rejects
    /// the request.
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

    /// Runs an untyped query on this source, like [`Client::fetch_raw`](crate::Client::fetch_raw).
    ///
    /// # Errors
    /// Returns the errors of [`Client::fetch_raw`](crate::Client::fetch_raw).
    pub async fn query(&self, options: &Pipeline) -> Result<Answer, Error> {
        self.raw_rows(self.session(), options.clone(), self.session().deadline()).await
    }

    /// Returns the value of a formula over all rows, such as `sum([revenue]) / count()`, or of a
    /// measure, by its name. Returns `None` if there are no rows.
    ///
    /// The grammar of the formula is checked before it is sent.
    /// [`Client::value_formula`](crate::Client::value_formula) also checks its columns and types.
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
    /// Returns an error if the formula is not valid, the server rejects it, the result is not a single number, the
    /// source no longer exists, or the server cannot be reached or rejects the request.
    #[doc(alias = "get_value_formula")]
    pub async fn value_formula(&self, formula: &str) -> Result<Option<f64>, Error> {
        if is_formula(formula) && !self.has_measure(formula) {
            check_grammar(formula).map_err(|problem| Error::invalid_query(&[problem]))?;
        }
        self.value_of(formula).await
    }

    /// Sends a value formula.
    async fn value_of(&self, formula: &str) -> Result<Option<f64>, Error> {
        let mut rows = TypedRows::new(VALUE.into(), read_value);
        let session = self.session();
        let formula_column = ColumnItem { name: formula.to_owned(), ..ColumnItem::default() };
        self.run(session, selecting(vec![Item::Column(formula_column)]), &mut rows, session.deadline()).await?;
        let rows = rows.into_rows();
        match rows[..] {
            [] => Ok(None),
            [value] => Ok(value),
            _ => {
                let message = format!(
                    "`{formula}` is not a value formula: it returned {} rows instead of one number",
                    rows.len()
                );
                Err(Error::new(Kind::Decode, message))
            }
        }
    }

    /// Returns the number of rows; 0 for a storage that was never loaded.
    ///
    /// # Errors
    /// Returns an error if the source no longer exists, or the server cannot be reached or rejects
    /// the request.
    #[doc(alias = "get_nb_rows")]
    pub async fn row_count(&self) -> Result<u64, Error> {
        let count =
            ColumnItem { name: COUNT_COLUMN.to_owned(), agg_function: Some(Aggregate::Sum), ..ColumnItem::default() };
        let options = selecting(vec![Item::Column(count)]);
        let mut rows = TypedRows::new(COUNT.into(), read_count);
        let session = self.session();
        self.run(session, options, &mut rows, session.deadline()).await?;
        // A count over no rows may return no row, or NULL.
        let count = rows.into_rows().into_iter().next().flatten().unwrap_or(0);
        u64::try_from(count).map_err(|_| {
            Error::new(Kind::Decode, format!("the server returned {count} as the number of rows of `{}`", self.name()))
        })
    }
}

/// Creates a query of one stage that selects these items.
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
