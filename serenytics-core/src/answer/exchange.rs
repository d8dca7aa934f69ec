//! Reads a response chunk by chunk, until its first rows or its end.

use serenytics_query::wire::ColumnTitle;
use tracing::{Span, debug};

use crate::answer::{AnswerError, Decoder, Rows};
use crate::error::{Error, Kind};
use crate::transport::Response;

/// The platform's error for every query on a storage that was never loaded.
const EMPTY_STORAGE: &str = "Storage source is empty";

/// The parts that the result of a query must contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Columns and rows.
    Rows,
    /// Columns.
    Titles,
}

/// How far a response is read before its rows are returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadUntil {
    /// Its first rows, or its end if it has none.
    FirstRows,
    /// Its end.
    End,
}

/// The response to a query, whose head has arrived.
pub(crate) struct Exchange {
    /// `None` if the response was the error of an empty storage.
    response: Option<Response>,
    decoder: Decoder,
    expect: Expect,
    bytes: u64,
    span: Span,
    /// The columns of the result, once it was read to its end; empty for an empty storage.
    columns: Option<Vec<ColumnTitle>>,
}

impl Exchange {
    /// Creates an exchange from a response, which is logged in the span of its query.
    pub(crate) fn new(response: Response, expect: Expect, span: Span) -> Exchange {
        Exchange { response: Some(response), decoder: Decoder::default(), expect, bytes: 0, span, columns: None }
    }

    /// Creates an exchange from an error, if that is the error of an empty storage.
    pub(crate) fn of_error(error: Error, expect: Expect, span: Span) -> Result<Exchange, Error> {
        let columns = Some(unless_empty(Err(error))?.unwrap_or_default());
        Ok(Exchange { response: None, decoder: Decoder::default(), expect, bytes: 0, span, columns })
    }

    /// Returns the columns of a result that was read to its end.
    pub(crate) fn into_columns(self) -> Vec<ColumnTitle> {
        self.columns.unwrap_or_default()
    }

    /// Reads at least one more chunk.
    pub(crate) async fn read(&mut self, until: ReadUntil, rows: &mut (dyn Rows + Send)) -> Result<(), Error> {
        while self.columns.is_none() {
            self.columns = unless_empty(self.chunk(rows).await)?;
            if until == ReadUntil::FirstRows && self.decoder.has_valid_rows() {
                break;
            }
        }
        Ok(())
    }

    /// Returns true if the response was read to its end.
    pub(crate) fn is_done(&self) -> bool {
        self.columns.is_some()
    }

    async fn chunk(&mut self, rows: &mut (dyn Rows + Send)) -> Result<Option<Vec<ColumnTitle>>, Error> {
        let Some(response) = &mut self.response else { return Ok(Some(Vec::new())) };
        let read = match response.chunk().await? {
            Some(chunk) => {
                self.bytes += chunk.len() as u64;
                self.decoder.feed(&chunk, rows).map(|()| None)
            }
            None => std::mem::take(&mut self.decoder).finish(rows).map(Some),
        };
        let head = match read {
            Ok(None) => return Ok(None),
            Ok(Some(head)) => head,
            Err(AnswerError::Rejected(said)) => return Err(response.rejected(said)),
            Err(AnswerError::Malformed(message)) => return Err(response.error(Kind::Decode, message)),
            Err(AnswerError::Truncated(message)) => return Err(response.error(Kind::Truncated, message)),
        };
        let bytes = self.bytes;
        let span = &self.span;
        span.record("bytes", bytes).record("rows", head.rows.unwrap_or_default());
        debug!(parent: span, bytes, rows = head.rows, "read");
        let lacking = |key| response.error(Kind::Decode, format!("the response to the query has no `{key}`"));
        match (head.titles, head.rows) {
            (None, _) => Err(lacking("columns_titles")),
            (Some(_), None) if self.expect == Expect::Rows => Err(lacking("data")),
            (Some(titles), _) => Ok(Some(titles)),
        }
    }
}

/// Returns the columns of a result: no columns if it is the error of an empty storage.
fn unless_empty(read: Result<Option<Vec<ColumnTitle>>, Error>) -> Result<Option<Vec<ColumnTitle>>, Error> {
    match read {
        Err(error) if error.kind() == Kind::Rejected && error.message().contains(EMPTY_STORAGE) => Ok(Some(Vec::new())),
        read => read,
    }
}
