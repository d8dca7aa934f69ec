//! The OpenAPI document: describes every call of the router, in one file per group.

use std::sync::LazyLock;

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Map, Value};

use super::Answer;
use crate::base::{Context, Error, Kind};

/// The parts that all calls share: errors, credentials, parameters.
const BASE: &str = include_str!("openapi/base.json");

/// The calls and the types of their bodies, by group.
const GROUPS: &[&str] = &[
    include_str!("openapi/data_source.json"),
    include_str!("openapi/rows.json"),
    include_str!("openapi/file.json"),
    include_str!("openapi/query.json"),
    include_str!("openapi/script.json"),
    include_str!("openapi/web_app.json"),
    include_str!("openapi/message.json"),
    include_str!("openapi/data_api.json"),
    include_str!("openapi/operation.json"),
];

/// The document, or the error in it.
static DOCUMENT: LazyLock<Result<String, String>> =
    LazyLock::new(|| document().map(|document| document.to_string()).map_err(|error| error.messages().join("; ")));

/// Returns the document. It needs no key, because it contains nothing about the data of the server.
pub(super) async fn read() -> Answer {
    let document = DOCUMENT.as_ref().map_err(|error| Error::new(Kind::Failed, error))?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], document.as_str()).into_response())
}

/// Merges the files into one document.
fn document() -> Result<Value, Error> {
    const FAILED: &str = "invalid OpenAPI document";
    let mut document: Value = serde_json::from_str(BASE).context(FAILED)?;
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    for group in GROUPS {
        let mut group: Map<String, Value> = serde_json::from_str(group).context(FAILED)?;
        for (part, place) in [("paths", "/paths"), ("schemas", "/components/schemas")] {
            let (Some(Value::Object(added)), Some(Value::Object(all))) =
                (group.remove(part), document.pointer_mut(place))
            else {
                return Err(Error::new(Kind::Failed, format!("{FAILED}: a file has no {part}")));
            };
            all.extend(added);
        }
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::router;
    use crate::platform::test::platform;

    /// Returns the paths of the router. Only its `Debug` output contains them.
    fn paths(router: &axum::Router) -> BTreeSet<String> {
        let shown = format!("{router:?}");
        // The fallback appears as separate paths.
        let is_route = |text: &&str| text.starts_with('/') && *text != "/" && !text.contains("__private");
        shown.split('"').filter(is_route).map(str::to_owned).collect()
    }

    /// The calls of the document: `GET /health`.
    fn documented() -> BTreeSet<String> {
        let document = document().unwrap();
        let methods = |(path, item): (&String, &Value)| {
            let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
            methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
        };
        document["paths"].as_object().unwrap().iter().flat_map(methods).collect()
    }

    #[tokio::test]
    async fn the_document_has_every_call_of_the_router_and_no_other() {
        let (platform, _folder) = platform().await;
        let router = router(platform);
        let paths = paths(&router);
        assert!(paths.contains("/health"), "the `Debug` output of the router has changed: {paths:?}");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });
        let http = reqwest::Client::new();
        let mut routed = BTreeSet::new();
        for path in &paths {
            // A method that no route has is answered with those that it has.
            let asked = path.replace(['{', '}'], "");
            let method = reqwest::Method::from_bytes(b"NONE").unwrap();
            let request = http.request(method, format!("{url}{asked}")).header("x-api-key", "key");
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 405, "{path}");
            let allowed = answer.headers()["allow"].to_str().unwrap().to_owned();
            let methods = allowed.split(',').map(str::trim).filter(|method| *method != "HEAD");
            routed.extend(methods.map(|method| format!("{method} {path}")));
        }
        let documented = documented();
        let missing: Vec<_> = routed.difference(&documented).collect();
        assert!(missing.is_empty(), "describe these calls in serenytics-local/src/api/openapi/: {missing:#?}");
        let gone: Vec<_> = documented.difference(&routed).collect();
        assert!(gone.is_empty(), "no route answers these calls of serenytics-local/src/api/openapi/: {gone:#?}");
    }

    #[test]
    fn every_reference_exists_and_every_type_is_used() {
        let document = document().unwrap();
        let text = document.to_string();
        let references: BTreeSet<&str> =
            text.split(r##""$ref":"#"##).skip(1).filter_map(|t| t.split('"').next()).collect();
        for reference in &references {
            assert!(document.pointer(reference).is_some(), "{reference} does not exist");
        }
        for part in ["schemas", "responses", "parameters"] {
            for name in document["components"][part].as_object().unwrap().keys() {
                let reference = format!("/components/{part}/{name}");
                assert!(references.contains(reference.as_str()), "{reference} is not used");
            }
        }
    }
}
