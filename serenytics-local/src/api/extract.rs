//! Extractors for the path and the query of a request, whose rejections have the API's error format.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::base::{Error, Kind};

/// The named parameters of a path.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Error> {
        let axum::extract::Path(path) =
            axum::extract::Path::from_request_parts(parts, state).await.map_err(|wrong| {
                if wrong.status().is_server_error() {
                    return Error::new(Kind::Failed, wrong.body_text());
                }
                // A parameter that cannot be parsed names nothing that exists.
                Error::not_found(format!("invalid path: {}", wrong.body_text()))
            })?;
        Ok(Path(path))
    }
}

/// The query of a URL.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, Error> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        let axum::extract::Query(query) = query.map_err(|wrong| Error::refused(wrong.body_text()))?;
        Ok(Query(query))
    }
}
