//! An answer that is being read: chunk by chunk, until its rows can be given away or to its end.

use serenytics_query::wire::ColumnTitle;
use tracing::{Span, debug};

use crate::answer::{AnswerError, Decoder, Rows};
use crate::error::{Error, Kind};
use crate::transport::Response;

/// What the platform answers, as an error, to every query over a storage into which nothing was loaded yet.
const EMPTY_STORAGE: &str = "Storage source is empty";

/// What the answer to a query has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Columns and rows.
    Rows,
    /// Columns.
    Titles,
}

/// How far an answer is read before it is given on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// To its first rows, or to its end if it has none.
    FirstRows,
    /// To its end.
    End,
}

/// The answer to a query: its head has arrived.
pub(crate) struct Exchange {
    /// None for the error that says that the storage is empty.
    response: Option<Response>,
    decoder: Decoder,
    wanted: Wanted,
    bytes: u64,
    span: Span,
    /// The answer's columns, once it was read to its end; none if it is that of an empty storage.
    columns: Option<Vec<ColumnTitle>>,
}

impl Exchange {
    /// The answer `response`, which is logged in the span of its query.
    pub(crate) fn new(response: Response, wanted: Wanted, span: Span) -> Exchange {
        Exchange { response: Some(response), decoder: Decoder::default(), wanted, bytes: 0, span, columns: None }
    }

    /// The answer whose head is this error, if that says that the storage is empty.
    pub(crate) fn of_error(error: Error, wanted: Wanted, span: Span) -> Result<Exchange, Error> {
        let columns = Some(unless_empty(Err(error))?.unwrap_or_default());
        Ok(Exchange { response: None, decoder: Decoder::default(), wanted, bytes: 0, span, columns })
    }

    /// The columns of an answer that was read to its end.
    pub(crate) fn into_columns(self) -> Vec<ColumnTitle> {
        self.columns.unwrap_or_default()
    }

    /// Reads on, at least one chunk.
    pub(crate) async fn read(&mut self, until: Until, rows: &mut (dyn Rows + Send)) -> Result<(), Error> {
        while self.columns.is_none() {
            self.columns = unless_empty(self.chunk(rows).await)?;
            if until == Until::FirstRows && self.decoder.has_sound_rows() {
                break;
            }
        }
        Ok(())
    }

    /// Whether the answer was read to its end.
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
            Err(AnswerError::Refused(said)) => return Err(response.refused(said)),
            Err(AnswerError::Malformed(message)) => return Err(response.error(Kind::Decode, message)),
        };
        let bytes = self.bytes;
        let span = &self.span;
        span.record("bytes", bytes).record("rows", head.rows.unwrap_or_default());
        debug!(parent: span, bytes, rows = head.rows, "read");
        let lacking = |key| response.error(Kind::Decode, format!("the answer to the query has no `{key}`"));
        match (head.titles, head.rows) {
            (None, _) => Err(lacking("columns_titles")),
            (Some(_), None) if self.wanted == Wanted::Rows => Err(lacking("data")),
            (Some(titles), _) => Ok(Some(titles)),
        }
    }
}

/// An answer's columns, which are none if the answer is the error of an empty storage.
fn unless_empty(read: Result<Option<Vec<ColumnTitle>>, Error>) -> Result<Option<Vec<ColumnTitle>>, Error> {
    match read {
        Err(error) if error.kind() == Kind::Refused && error.message().contains(EMPTY_STORAGE) => Ok(Some(Vec::new())),
        read => read,
    }
}
