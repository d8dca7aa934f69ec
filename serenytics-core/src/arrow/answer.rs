//! Query results as record batches.

use arrow_array::RecordBatch;
use futures_util::stream::{self, StreamExt};
use serenytics_query::cell::{self, CellError, CellReader};
use serenytics_query::datetime::DateTime;
use serenytics_query::query::Query;
use serenytics_query::shape::{OutputColumn, OutputType, Shape};
use serenytics_query::slot::SlotValue;
use serenytics_query::vocabulary::{ColumnType, TimeSlot};
use serenytics_query::wire::ColumnTitle;

use crate::answer::{Exchange, ReadUntil, Rows, check_titles, describe};
use crate::arrow::BatchStream;
use crate::arrow::build::{BATCH, BatchBuilder, Cell, Type, micros};
use crate::client::Client;
use crate::error::{Error, Kind};
use crate::fetch::run_on;

impl Client {
    /// Runs a query and returns its rows as Arrow record batches, like [`fetch`](Self::fetch).
    /// Returns at least one batch, which is empty if there are no rows.
    ///
    /// For an untyped query, use [`Pipeline::query`](serenytics_query::wire::Pipeline::query).
    ///
    /// # Errors
    /// Returns the errors of [`fetch`](Self::fetch).
    #[doc(alias = "get_as_dataframe")]
    pub async fn fetch_arrow<R>(&self, query: &Query<R>) -> Result<Vec<RecordBatch>, Error> {
        let mut rows = ArrowRows::new(query.shape().clone());
        run_on(self.session(), query, ReadUntil::End, &mut rows).await?;
        Ok(vec![rows.take()?])
    }

    /// Runs a query and returns its rows as Arrow record batches while they arrive, in constant
    /// memory.
    ///
    /// ```
    /// # use serenytics_core::{Client, Error};
    /// # use serenytics_query::query::Query;
    /// async fn count<R>(client: &Client, query: &Query<R>) -> Result<usize, Error> {
    ///     let mut batches = client.stream_arrow(query).await?;
    ///     let mut rows = 0;
    ///     while let Some(batch) = batches.try_next().await? {
    ///         rows += batch.num_rows();
    ///     }
    ///     Ok(rows)
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`stream`](Self::stream).
    pub async fn stream_arrow<R>(&self, query: &Query<R>) -> Result<BatchStream, Error> {
        let mut rows = ArrowRows::new(query.shape().clone());
        let exchange = run_on(self.session(), query, ReadUntil::FirstRows, &mut rows).await?;
        let schema = rows.builder.schema().clone();
        let batches = stream::try_unfold((exchange, rows), |(mut exchange, mut rows)| async move {
            let batch = next(&mut exchange, &mut rows).await?;
            Ok(batch.map(|batch| (batch, (exchange, rows))))
        });
        Ok(BatchStream::new(schema, batches.boxed()))
    }
}

/// Reads until there is a batch. Returns `None` at the end.
async fn next(exchange: &mut Exchange, rows: &mut ArrowRows) -> Result<Option<RecordBatch>, Error> {
    while !exchange.is_done() && (rows.builder.rows() < BATCH || !rows.checked) {
        exchange.read(ReadUntil::FirstRows, rows).await?;
    }
    if rows.builder.rows() == 0 { Ok(None) } else { rows.take().map(Some) }
}

/// Collects the rows of a query by column.
struct ArrowRows {
    shape: Shape,
    types: Vec<Type>,
    builder: BatchBuilder,
    /// Whether the columns were compared with the query.
    checked: bool,
    cells: Vec<Cell>,
}

impl ArrowRows {
    fn new(shape: Shape) -> ArrowRows {
        let types: Vec<Type> = shape.iter().map(|column| type_of(column.output_type)).collect();
        let fields = shape.iter().zip(&types).map(|(column, of)| of.field(&column.name, column.nullable)).collect();
        ArrowRows { shape, types, builder: BatchBuilder::new(fields), checked: false, cells: Vec::new() }
    }

    fn take(&mut self) -> Result<RecordBatch, Error> {
        self.builder
            .take()
            .map_err(|message| Error::new(Kind::Decode, format!("cannot create a record batch: {message}")))
    }
}

fn type_of(output: OutputType) -> Type {
    match output {
        OutputType::Column(ColumnType::Str) => Type::Text,
        OutputType::Column(ColumnType::Int) | OutputType::Slot(TimeSlot::Weekday) => Type::Int,
        OutputType::Column(ColumnType::Float) => Type::Float,
        OutputType::Column(ColumnType::DateTime) | OutputType::Slot(_) => Type::DateTime,
    }
}

impl Rows for ArrowRows {
    fn titles(&mut self, titles: &[ColumnTitle]) -> Result<(), String> {
        check_titles(&self.shape, titles)?;
        self.checked = true;
        Ok(())
    }

    fn row(&mut self, cells: &mut CellReader<'_>) -> Result<(), CellError> {
        // Cells are collected first: the end of the row may not have arrived.
        self.cells.clear();
        let (read_cells, shape, types) = (&mut self.cells, &self.shape, &self.types);
        cells.row(shape.len(), |cells| {
            for (index, (column, of)) in shape.iter().zip(types).enumerate() {
                let cell = read(cells, column, *of)?;
                let cell = cell.ok_or_else(|| CellError::Mismatch {
                    column: index,
                    expected: "a time slot as a datetime, or a number for a weekday",
                    found: "a value out of range or in another form".to_owned(),
                })?;
                read_cells.push(cell);
            }
            Ok(())
        })?;
        self.builder.append(self.cells.drain(..));
        Ok(())
    }

    fn describe(&self, row: u64, error: &CellError) -> String {
        describe(&self.shape, row, error)
    }

    fn clear(&mut self) {
        *self = ArrowRows::new(self.shape.clone());
    }
}

/// Reads a cell. Returns `None` for a time slot or datetime that its column cannot store.
fn read(cells: &mut CellReader<'_>, column: &OutputColumn, of: Type) -> Result<Option<Cell>, CellError> {
    fn next<C: cell::Cell>(cells: &mut CellReader<'_>, nullable: bool) -> Result<Option<C>, CellError> {
        if nullable { cells.next() } else { cells.next().map(Some) }
    }
    let nullable = column.nullable;
    let null = Some(Cell::Null);
    Ok(match (column.output_type, of) {
        (OutputType::Slot(_), _) => match (next::<SlotValue>(cells, nullable)?, of) {
            (None, _) => null,
            (Some(SlotValue::Number(number)), Type::Int) => Some(Cell::Int(number)),
            (Some(SlotValue::Start(start)), Type::DateTime) => micros(start).map(Cell::DateTime),
            _ => None,
        },
        (_, Type::Text) => next(cells, nullable)?.map_or(null, |text| Some(Cell::Text(text))),
        (_, Type::Int) => next(cells, nullable)?.map_or(null, |value| Some(Cell::Int(value))),
        (_, Type::Float) => next(cells, nullable)?.map_or(null, |value| Some(Cell::Float(value))),
        (_, Type::DateTime) => next::<DateTime>(cells, nullable)?.map_or(null, |at| micros(at).map(Cell::DateTime)),
    })
}
