//! The REST API: routes, and what every answer has in common.

mod account;
mod batch;
mod body;
mod data_source;
#[cfg(test)]
mod fuzz;
mod keys;
mod list;
mod name;
mod openapi;
mod operation;
mod query;
mod request;
mod script;
mod task;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::{Error, Kind};

pub(crate) use body::BODY_MEMORY;
pub(crate) use operation::Health;
pub(crate) use request::said;

/// What a handler gives.
type Answer = Result<Response, Error>;

/// The engine, as handlers get it.
type Shared = State<Arc<Engine>>;

/// The API of an engine.
pub(crate) fn router(engine: Arc<Engine>) -> Router {
    let with_key = Router::new()
        .route("/api/data_source", get(data_source::list).post(data_source::create))
        .route("/api/data_source/{uuid}", get(data_source::read).put(data_source::save).delete(data_source::delete))
        .route("/api/data_source/sign_s3/", get(upload::sign))
        .route("/api/data_source/sign_s3", get(upload::sign))
        .route("/api/data_source/{uuid}/file", post(upload::file))
        .route("/api/data_source/{uuid}/reload_from_file", post(upload::reload))
        .route("/api/data_source/{uuid}/batch", post(batch::batch))
        .route("/api/data_source/{uuid}/invalidate_cache", post(data_source::invalidate_cache))
        .route("/api/formatted_data/{uuid}", post(query::formatted_data))
        .route("/api/task/{uuid}", get(task::read))
        .route("/api/script", get(script::list).post(script::create))
        .route("/api/script/{uuid}", get(script::read).delete(script::delete))
        .route("/api/script/{uuid}/storage", get(script::retrieve).put(script::store))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&engine), keys::require));
    Router::new()
        .merge(with_key)
        // These have credentials of their own.
        .route("/api/data_source/{uuid}/push/{token}", post(batch::push))
        .route("/api/token", get(account::token))
        .route("/api/api_key", post(account::api_key))
        .route("/api/openapi.json", get(openapi::read))
        .route("/health", get(operation::health))
        .route("/metrics", get(operation::metrics))
        .fallback(elsewhere)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&engine), request::caught))
        .layer(middleware::from_fn_with_state(Arc::clone(&engine), request::observe))
        .with_state(engine)
}

/// Answers paths that no route has.
async fn elsewhere(State(engine): Shared, request: Request) -> Answer {
    let path = request.uri().path();
    if !path.starts_with("/api/") && !path.starts_with("/data-api/") {
        return Err(Error::not_found(format!("there is nothing at {path:?}")));
    }
    keys::check(&engine, request.headers())?;
    Err(Error::not_emulated(format!("{} {path}", request.method())))
}

/// Answers methods that a route does not have.
async fn other_method(State(engine): Shared, request: Request) -> Answer {
    keys::check(&engine, request.headers())?;
    let (method, path) = (request.method(), request.uri().path());
    Err(Error::new(Kind::Method, format!("{path:?} has no method {method}")))
}

/// An answer of JSON.
fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// The answer that says no more than that it is done.
fn ok() -> Response {
    answer(StatusCode::OK, &json!({"status": "ok"}))
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match self.kind() {
            Kind::Refused | Kind::Limit => StatusCode::BAD_REQUEST,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Method => StatusCode::METHOD_NOT_ALLOWED,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Empty => StatusCode::OK,
            Kind::NotEmulated => StatusCode::NOT_IMPLEMENTED,
            Kind::Locked | Kind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let errors = self.messages();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(?errors, "a request failed");
        }
        let mut answer = answer(status, &json!({"status": "error", "errors": errors}));
        if self.kind() == Kind::Busy {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        answer
    }
}

/// Runs something to its end, even if the client leaves meanwhile.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.map_err(|error| Error::failed("the request was cut", error))?
}
