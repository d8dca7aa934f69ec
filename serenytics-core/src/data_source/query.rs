//! Untyped queries, sent unchecked with the uuids of the source's measures.

use serenytics_query::wire::{COLUMN_BY_COLUMN, ColumnTitle, Pipeline, ROW_BY_ROW};

use crate::answer::{self, Answer, ColumnAnswer, Expect, RawColumns, RawRows, ReadUntil, Rows};
use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::session::{Session, add_measures};
use crate::transport::Deadline;

impl DataSource {
    /// Runs a query and returns its result row by row.
    pub(crate) async fn raw_rows(
        &self,
        session: &Session,
        mut options: Pipeline,
        deadline: Deadline,
    ) -> Result<Answer, Error> {
        let order = options.order.get_or_insert_with(|| ROW_BY_ROW.to_owned());
        if order != ROW_BY_ROW {
            let message = format!(
                "nothing was sent: `order` is `{order}`, but rows are `{ROW_BY_ROW}`; for other orders, use `fetch_columns`"
            );
            return Err(Error::new(Kind::Usage, message));
        }
        let mut rows = RawRows::new(session.api_key());
        let columns = self.run(session, options, &mut rows, deadline).await?;
        Ok(Answer { columns, rows: rows.into_rows() })
    }

    /// Runs a query and returns its result column by column.
    pub(crate) async fn raw_columns(
        &self,
        session: &Session,
        mut options: Pipeline,
        deadline: Deadline,
    ) -> Result<ColumnAnswer, Error> {
        if options.order.get_or_insert_with(|| COLUMN_BY_COLUMN.to_owned()) == ROW_BY_ROW {
            let message = format!("nothing was sent: `order` is `{ROW_BY_ROW}`; for rows, use `fetch_raw`");
            return Err(Error::new(Kind::Usage, message));
        }
        let mut cells = RawColumns::new(session.api_key());
        let columns = self.run(session, options, &mut cells, deadline).await?;
        cells.finish(columns).map_err(|message| Error::new(Kind::Decode, session.api_key().redact(message)))
    }

    /// Runs a query, passes its rows to `rows`, and returns the columns of its result.
    pub(super) async fn run(
        &self,
        session: &Session,
        mut options: Pipeline,
        rows: &mut (dyn Rows + Send),
        deadline: Deadline,
    ) -> Result<Vec<ColumnTitle>, Error> {
        add_measures(self.name(), self.config(), &mut options);
        let body = serde_json::to_vec(&options).map_err(|error| {
            Error::new(Kind::Usage, format!("the query cannot be written: {error}")).caused_by(error)
        })?;
        let wanted = if options.only_headers == Some(true) { Expect::Titles } else { Expect::Rows };
        let exchange = answer::run(session, self.uuid(), body.into(), (wanted, ReadUntil::End), rows, deadline).await?;
        Ok(exchange.into_columns())
    }
}
