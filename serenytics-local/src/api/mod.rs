//! The REST API: the routes, and the common parts of all responses.

mod account;
mod batch;
mod body;
mod body_stream;
mod data_api;
mod data_source;
mod embed;
mod export;
mod extract;
mod host;
mod keys;
mod link;
mod list;
mod message;
mod name;
mod openapi;
mod operation;
mod query;
mod request;
mod s3;
mod script;
mod script_run;
mod task;
#[cfg(test)]
mod tests;
mod upload;
mod web_app;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde_json::{Value, json};

use crate::access::Access;
use crate::base::{Error, Kind};
use crate::platform::Platform;

pub(crate) use body_stream::MIN_BYTES_PER_SECOND;
pub(crate) use host::public_url;

/// The result of a handler.
type Answer = Result<Response, Error>;

/// The extractor of a service.
type Shared<S> = State<Arc<S>>;

/// Builds the router of the API.
pub(crate) fn router(platform: Platform) -> Router {
    let with_key = Router::new()
        .route("/api/data_source", get(data_source::list).post(data_source::create))
        .route("/api/data_source/{uuid}", get(data_source::read).put(data_source::save).delete(data_source::delete))
        .route("/api/data_source/sign_s3/", get(upload::sign))
        .route("/api/data_source/sign_s3", get(upload::sign))
        .route("/api/data_source/{uuid}/file", post(upload::file))
        .route("/api/data_source/{uuid}/reload_from_file", post(upload::reload))
        .route("/api/data_source/{uuid}/reload_from_s3", post(s3::reload))
        .route("/api/data_source/{uuid}/reload_users_metadata", post(data_source::reload_users_metadata))
        .route("/api/data_source/{uuid}/update_from_file", post(upload::update))
        .route("/api/data_source/{uuid}/batch", post(batch::batch))
        .route("/api/data_source/{uuid}/export_source_data", post(export::ask))
        .route("/api/data_source/{uuid}/invalidate_cache", post(data_source::invalidate_cache))
        .route("/api/formatted_data/{uuid}", post(query::formatted_data))
        .route("/api/task/{uuid}", get(task::read))
        .route("/api/script", get(script::list).post(script::create))
        .route("/api/script/{uuid}", get(script::read).delete(script::delete))
        .route("/api/script/{uuid}/storage", get(script::retrieve).put(script::store))
        .route("/api/script/{uuid}/run", post(script_run::run))
        .route("/api/script/{uuid}/state", get(script_run::state))
        .route("/api/script/{uuid}/logs", get(script_run::logs))
        .route("/api/email", post(message::email))
        .route("/api/sign_s3_file/", get(message::sign))
        .route("/api/sign_s3_file", get(message::sign))
        .route("/api/upload_file/{uuid}", post(message::upload_file))
        .route("/api/integrations/slack/post_msg", post(message::slack))
        .route("/api/web_app", get(web_app::list).post(web_app::create))
        .route("/api/web_app/{uuid}", get(web_app::read).put(web_app::save).delete(web_app::delete))
        .route("/api/web_app/{uuid}/data_sources", get(web_app::data_sources))
        .route("/api/web_app/{uuid}/generate_pdf", post(web_app::generate_pdf))
        .route("/api/web_app/{uuid}/sharings", post(web_app::share))
        .route("/api/web_app/{uuid}/embed", post(embed::embed))
        .route_layer(middleware::from_fn_with_state(platform.clone(), keys::require));
    let with_data_key = Router::new()
        .route("/data-api/datasources_list", get(data_api::list))
        .route("/data-api/query-model/{uuid}", post(data_api::model))
        .route("/data-api/query-data/{uuid}", post(data_api::data))
        .route_layer(middleware::from_fn_with_state(platform.clone(), data_api::require));
    let with_link = Router::new()
        .route("/api/data_source/{uuid}/export", get(export::download))
        .route("/api/data_source/{uuid}/upload", put(upload::signed))
        .route_layer(middleware::from_fn_with_state(platform.clone(), link::require));
    let embedded = Router::new()
        .route("/embed/web_app/{uuid}", get(embed::page))
        .route_layer(middleware::from_fn_with_state(platform.clone(), embed::require));
    Router::new()
        .merge(with_key)
        .merge(with_data_key)
        .merge(with_link)
        .merge(embedded)
        // These routes check their own credentials, or need none.
        .route("/api/data_source/{uuid}/push/{token}", post(batch::push))
        .route("/api/token", get(account::token))
        .route("/api/api_key", post(account::api_key))
        .route("/api/openapi.json", get(openapi::read))
        .route("/health", get(operation::health))
        .route("/metrics", get(operation::metrics))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(host::require_valid))
        .layer(middleware::from_fn_with_state(platform.clone(), request::caught))
        .layer(middleware::from_fn_with_state(platform.clone(), request::observe))
        .with_state(platform)
}

/// Responds to unknown paths.
async fn not_found(State(access): Shared<Access>, request: Request) -> Answer {
    let path = request.uri().path();
    if !path.starts_with("/api/") {
        return Err(Error::not_found(format!("not found: {path:?}")));
    }
    keys::check(&access, request.headers())?;
    Err(Error::not_emulated(format!("{} {path}", request.method())))
}

/// Responds to unsupported methods of a route.
async fn method_not_allowed(State(access): Shared<Access>, request: Request) -> Answer {
    keys::check(&access, request.headers())?;
    let (method, path) = (request.method(), request.uri().path());
    Err(Error::new(Kind::Method, format!("{path:?} does not support the method {method}")))
}

/// Builds a JSON response.
fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// Builds the response of a successful call without data.
fn ok() -> Response {
    answer(StatusCode::OK, &json!({"status": "ok"}))
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match self.kind() {
            Kind::Refused | Kind::Limit => StatusCode::BAD_REQUEST,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Method => StatusCode::METHOD_NOT_ALLOWED,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Quota | Kind::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
            Kind::Empty => StatusCode::OK,
            Kind::NotEmulated => StatusCode::NOT_IMPLEMENTED,
            Kind::Locked | Kind::Damaged | Kind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let errors = self.messages();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(?errors, "a request failed");
        }
        let mut answer = answer(status, &json!({"status": "error", "errors": errors}));
        let retry_after = match self.kind() {
            Kind::Busy => Some(1),
            Kind::Wait(time) => Some(time.as_secs()),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}
