//! Queries that name measures: the platform needs the uuid of each.

use std::borrow::Cow;

use bytes::Bytes;
use tracing::debug;

use crate::answer::{self, Exchange, Expect, ReadUntil, Rows};
use crate::data_source::DataSource;
use crate::error::Error;
use crate::resource::Resource;
use crate::session::Session;
use crate::transport::Deadline;

/// Runs a query that names measures, with the uuids that the session remembers. The source's
/// configuration is read again, once, if a measure is unknown, or if the server rejects the query
/// and a measure has another uuid by now.
pub(super) async fn run_with_measures(
    session: &Session,
    uuid: &str,
    names: &[Cow<'static, str>],
    json: &str,
    until: ReadUntil,
    rows: &mut (dyn Rows + Send),
    deadline: Deadline,
) -> Result<Exchange, Error> {
    let asked = (Expect::Rows, until);
    let known = session.measures(uuid);
    let Some(body) = known.and_then(|known| known.with_measure_uuids(names, json, session.api_key()).ok()) else {
        let source = DataSource::by_uuid(session, uuid, deadline).await?;
        let body = current(session, &source, names, json)?;
        return answer::run(session, uuid, body, asked, rows, deadline).await;
    };
    let error = match answer::run(session, uuid, body.clone(), asked, rows, deadline).await {
        Err(error) if error.is_rejected() && !error.is_unauthorized() && !error.is_not_found() => error,
        outcome => return outcome,
    };
    // The error does not say reliably that it is about a measure.
    let Ok(source) = DataSource::by_uuid(session, uuid, deadline).await else { return Err(error) };
    let renewed = current(session, &source, names, json)?;
    if renewed == body {
        return Err(error);
    }
    debug!(%error, "trying again with the measures that the source has now");
    rows.clear();
    answer::run(session, uuid, renewed, asked, rows, deadline).await
}

/// Returns the query's JSON with the measures of a source that was just read.
fn current(session: &Session, source: &DataSource, names: &[Cow<'static, str>], json: &str) -> Result<Bytes, Error> {
    source.remember_measures(session).with_measure_uuids(names, json, session.api_key())
}
