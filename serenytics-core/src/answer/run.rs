//! Sends a query and reads its answer.

use bytes::Bytes;
use tracing::field::Empty;
use tracing::{Instrument, debug_span};

use crate::answer::{Exchange, Rows, Until, Wanted};
use crate::error::Error;
use crate::session::Session;
use crate::transport::Deadline;

/// Sends a query to the source with this uuid and reads its answer as far as asked.
pub(crate) async fn run(
    session: &Session,
    uuid: &str,
    body: Bytes,
    (wanted, until): (Wanted, Until),
    rows: &mut (dyn Rows + Send),
    deadline: Deadline,
) -> Result<Exchange, Error> {
    let pipeline = String::from_utf8_lossy(&body);
    let span = debug_span!("query", source = uuid, %pipeline, rows = Empty, bytes = Empty);
    let within = span.clone();
    let exchange = async {
        let request = session.post(&["api", "formatted_data", uuid], deadline).text(body.clone()).repeatable();
        let mut exchange = match request.send().await {
            Ok(response) => Exchange::new(response, wanted, within),
            Err(error) => Exchange::of_error(error, wanted, within)?,
        };
        exchange.read(until, rows).await?;
        Ok(exchange)
    };
    exchange.instrument(span).await
}
