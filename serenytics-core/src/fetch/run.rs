//! Runs a typed query: finds its source, by name or uuid, and sends it.

use bytes::Bytes;
use serenytics_query::query::Query;
use serenytics_query::schema::SourceRef;

use crate::answer::{self, Exchange, Expect, ReadUntil, Rows};
use crate::data_source::DataSource;
use crate::error::Error;
use crate::fetch::measures::run_with_measures;
use crate::session::Session;
use crate::transport::Deadline;

/// Runs a query on the source of its declaration. If the server no longer knows a uuid that was
/// remembered for a name, the name is looked up again: the source may have been deleted and created
/// again.
pub(crate) async fn run_on<R>(
    session: &Session,
    query: &Query<R>,
    until: ReadUntil,
    rows: &mut (dyn Rows + Send),
) -> Result<Exchange, Error> {
    check_sendable(query)?;
    let deadline = session.deadline();
    let name = match query.source() {
        SourceRef::Uuid(uuid) => return run_at(session, uuid, query, until, rows, deadline).await,
        SourceRef::Name(name) => name,
    };
    let known = session.source_uuid(name);
    let uuid = match &known {
        Some(uuid) => uuid.clone(),
        None => look_up(session, name, query, deadline).await?,
    };
    match run_at(session, &uuid, query, until, rows, deadline).await {
        Err(error) if known.is_some() && error.is_not_found() => {
            session.forget_name(name);
            let renewed = look_up(session, name, query, deadline).await?;
            if renewed == uuid {
                return Err(error);
            }
            run_at(session, &renewed, query, until, rows, deadline).await
        }
        outcome => outcome,
    }
}

/// Runs a query on another source than that of its declaration.
pub(super) async fn run_from<R>(
    session: &Session,
    source: &DataSource,
    query: &Query<R>,
    until: ReadUntil,
    rows: &mut (dyn Rows + Send),
) -> Result<Exchange, Error> {
    check_sendable(query)?;
    if !query.measures().is_empty() && session.measures(source.uuid()).is_none() {
        source.remember_measures(session);
    }
    run_at(session, source.uuid(), query, until, rows, session.deadline()).await
}

/// Returns the uuid of the source with this name. Remembers its measures if the query needs them.
async fn look_up<R>(session: &Session, name: &str, query: &Query<R>, deadline: Deadline) -> Result<String, Error> {
    let source = DataSource::named(session, name, deadline).await?;
    if !query.measures().is_empty() {
        source.remember_measures(session);
    }
    Ok(source.uuid().to_owned())
}

/// Runs a query on the source with this uuid.
async fn run_at<R>(
    session: &Session,
    uuid: &str,
    query: &Query<R>,
    until: ReadUntil,
    rows: &mut (dyn Rows + Send),
    deadline: Deadline,
) -> Result<Exchange, Error> {
    match query.measures() {
        [] => {
            let body = Bytes::copy_from_slice(query.as_json().as_bytes());
            answer::run(session, uuid, body, (Expect::Rows, until), rows, deadline).await
        }
        names => run_with_measures(session, uuid, names, query.as_json(), until, rows, deadline).await,
    }
}

/// Returns an error if the query has problems.
fn check_sendable<R>(query: &Query<R>) -> Result<(), Error> {
    match query.problems() {
        [] => Ok(()),
        problems => Err(Error::invalid_query(problems)),
    }
}
