//! Sends a query and reads its response.

use bytes::Bytes;
use tracing::field::Empty;
use tracing::{Instrument, debug_span};

use crate::answer::{Exchange, Expect, ReadUntil, Rows};
use crate::error::Error;
use crate::session::Session;
use crate::transport::{Attempts, Deadline};

/// Sends a query to the source with this uuid, and reads its response as far as `until`.
pub(crate) async fn run(
    session: &Session,
    uuid: &str,
    body: Bytes,
    (expect, until): (Expect, ReadUntil),
    rows: &mut (dyn Rows + Send),
    deadline: Deadline,
) -> Result<Exchange, Error> {
    let pipeline = String::from_utf8_lossy(&body);
    let span = debug_span!("query", source = uuid, %pipeline, rows = Empty, bytes = Empty);
    let within = span.clone();
    let exchange = async {
        let mut attempts = Attempts::until(deadline);
        loop {
            let request = session.post(&["api", "formatted_data", uuid], deadline).text(body.clone()).repeatable();
            let mut exchange = match request.send().await {
                Ok(response) => Exchange::new(response, expect, within.clone()),
                Err(error) => Exchange::of_error(error, expect, within.clone())?,
            };
            let Err(error) = exchange.read(until, rows).await else { return Ok(exchange) };
            // No row was returned yet, so the query may be sent again.
            attempts.again(error).await?;
            rows.clear();
        }
    };
    exchange.instrument(span).await
}
