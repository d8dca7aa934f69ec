//! The API key and the other secrets of a client: each is sent only where it belongs.

use std::io::Read;
use std::sync::{Arc, Mutex};

use serenytics::Client;

use crate::calls::{Aim, CALLS, Calls, DATA_KEY, PASSWORD, REJECTED, S3_SECRET, basic, secret_in};
use crate::proxy::{Fault, Request};
use crate::{KEY, Outcome, Setup, error_of, printed, revenues};

#[tokio::test]
async fn api_key_is_not_in_errors_of_queries() -> Outcome {
    let echo = |request: &Request| request.headers.lines().find(|line| line.contains(KEY)).unwrap_or(KEY).to_owned();
    let statuses =
        ["400 Bad Request", "401 Unauthorized", "404 Not Found", "500 Internal Server Error", "302 Found", "200 OK"];
    for status in statuses {
        let forms: [fn(&str) -> String; 4] = [
            |key| format!("<h1>{key}</h1>"),
            |key| format!("{{\"status\":\"error\",\"errors\":[\"{key}\"]}}"),
            |key| format!("\"{key}\""),
            |key| {
                format!(
                    "{{\"status\":\"ok\",\"columns_titles\":[{{\"name\":\"{key}\",\"type\":\"{key}\"}}],\"data\":[[\"{key}\"]]}}"
                )
            },
        ];
        for form in forms {
            let fault = move |request: &Request| match request.is_query() {
                true => {
                    let location = format!("location: http://{KEY}/{KEY}?{KEY}\r\n");
                    Fault::Instead(status, location, form(&echo(request)).into_bytes())
                }
                false => Fault::None,
            };
            let setup = Setup::start(fault).await?;
            let error = error_of(revenues(&setup.client()).await);
            assert!(!printed(&error).contains(KEY), "{status}: {}", printed(&error));
        }
    }
    Ok(())
}

/// Returns the secrets in a request.
pub fn secrets_of(request: &Request) -> Vec<String> {
    let mut secrets: Vec<String> = ["x-api-key", "x-auth-token", "authorization"]
        .iter()
        .flat_map(|name| request.header(name))
        .map(|value| value.trim_start_matches("Basic ").to_owned())
        .collect();
    let path = request.path.split_once("/push/").or_else(|| request.path.split_once("signature="));
    secrets.extend(path.map(|(_, secret)| secret.to_owned()));
    secrets.extend(String::from_utf8_lossy(&request.body).contains(S3_SECRET).then(|| S3_SECRET.to_owned()));
    secrets
}

/// Creates a body that repeats a string.
type Form = fn(&str) -> String;

#[tokio::test]
async fn secrets_are_not_in_errors_of_any_call() -> Outcome {
    let forms: [(&str, Form); 3] = [
        ("500 Internal Server Error", |said| format!("<h1>{said}</h1>")),
        ("302 Found", |said| format!("{{\"status\":\"error\",\"errors\":[\"{said}\"]}}")),
        ("200 OK", |said| {
            format!(
                "{{\"status\":\"{said}\",\"objects\":[{{\"{said}\":1}}],\"signed_request\":\"{said}\",\
                 \"csv_url\":\"no:{said}\",\"columns_titles\":\"{said}\",\"data\":\"{said}\",\"task_id\":\"{said}\"}}"
            )
        }),
    ];
    for (number, (status, form)) in forms.into_iter().enumerate() {
        let (aim, said) = (Arc::new(Aim::default()), Arc::new(Mutex::new(Vec::new())));
        let (aimed, kept) = (Arc::clone(&aim), Arc::clone(&said));
        let fault = move |request: &Request| {
            if !aimed.hits() {
                return Fault::None;
            }
            let secrets = secrets_of(request);
            let answer = form(&secrets.join(" "));
            let location = format!("location: http://{0}/{0}\r\n", secrets.join("/"));
            *kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = secrets;
            Fault::Instead(status, location, answer.into_bytes())
        };
        let calls = Calls::start(number != 1, fault).await?;
        let errors = calls.aimed(&aim, |place, printed| {
            let said = said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let repeated = said.iter().find(|secret| printed.contains(*secret));
            assert_eq!(repeated, None, "{status}, {place}: {printed}");
        });
        let errors = errors.await;
        assert!(errors >= CALLS.len(), "{status}: {errors}");
    }
    Ok(())
}

/// Returns a request without the secrets that belong in it. Fails if one of them is missing or
/// repeated.
fn without_its_secrets(request: &Request, calls: &Calls) -> String {
    let belongs = |name: &str, value: &str| {
        let values = request.header(name);
        assert_eq!(values, [value], "{name} of {request:?}");
        values.concat()
    };
    let has_none = || {
        for name in ["x-api-key", "authorization", "x-auth-token", "proxy-authorization", "cookie"] {
            assert!(request.header(name).is_empty(), "{name} of {request:?}");
        }
    };
    let mut path = request.path.clone();
    let mut secrets = Vec::new();
    match request.path.as_str() {
        _ if request.is_by_link() => {
            has_none();
            path = path.split('?').next().unwrap_or_default().to_owned();
        }
        pushed if pushed.contains("/push/") => {
            has_none();
            assert!(pushed.ends_with(&calls.token), "{request:?}");
            path = path.replacen(&calls.token, "", 1);
        }
        "/api/token" => secrets.push(belongs("authorization", &format!("Basic {}", basic()))),
        "/api/api_key" => assert!(request.header("x-auth-token").len() == 1 && request.header("x-api-key").is_empty()),
        path if path.starts_with("/data-api/") => secrets.push(belongs("x-api-key", DATA_KEY)),
        _ => secrets.push(belongs("x-api-key", KEY)),
    }
    let mut body = String::from_utf8_lossy(&request.body).into_owned();
    if request.body.starts_with(&[0x1f, 0x8b]) {
        body.clear();
        let read = flate2::read::GzDecoder::new(&request.body[..]).read_to_string(&mut body);
        assert!(read.is_ok_and(|bytes| bytes > 0), "{request:?}");
    }
    if request.path.ends_with("/reload_from_s3") {
        assert_eq!(body.matches(S3_SECRET).count(), 1, "{request:?}");
        body = body.replacen(S3_SECRET, "", 1);
    }
    // A source is saved with its whole configuration, which contains its token.
    if request.method == "PUT" {
        body = body.replace(&calls.token, "");
    }
    let headers = secrets.iter().fold(request.headers.clone(), |headers, secret| headers.replacen(secret, "", 1));
    format!("{} {path}\n{headers}\n{body}", request.method)
}

#[tokio::test]
async fn secrets_are_sent_only_where_they_belong() -> Outcome {
    for signs_uploads in [false, true] {
        let calls = Calls::start(signs_uploads, |_| Fault::None).await?;
        for (name, call) in CALLS {
            match call(&calls).await {
                Ok(answer) => {
                    assert!(!REJECTED.contains(name), "{name}");
                    assert!(!answer.contains("canary") && !answer.contains(&basic()), "{name}: {answer}");
                }
                Err(error) => {
                    assert!(error.is_rejected() && REJECTED.contains(name), "{name}: {error}");
                    assert_eq!(calls.secret_in(&printed(&error)), None, "{name}: {error}");
                }
            }
        }
        let seen = calls.setup.proxy.seen();
        for request in &seen {
            let rest = without_its_secrets(request, &calls);
            assert_eq!(calls.secret_in(&rest), None, "{request:?}");
        }
        let by_link = |method: &str| seen.iter().filter(|seen| seen.is_by_link() && seen.method == method).count();
        assert_eq!((by_link("GET"), by_link("PUT")), (2, if signs_uploads { 3 } else { 0 }));
        assert!(seen.len() > CALLS.len(), "{}", seen.len());
    }
    Ok(())
}

#[tokio::test]
async fn proxy_password_is_sent_only_to_the_proxy() -> Outcome {
    let setup = Setup::start(|_| Fault::None).await?;
    let address = setup.proxy.url.replace("http://", "");
    let client =
        Client::builder().url(setup.server.url()).api_key(KEY).proxy(format!("http://ada:{PASSWORD}@{address}"));
    assert_eq!(revenues(&client.build()?).await?.len(), 3);
    let seen = setup.proxy.seen();
    assert!(!seen.is_empty());
    for request in seen {
        assert_eq!(request.header("proxy-authorization"), [format!("Basic {}", basic())], "{request:?}");
        assert_eq!(format!("{request:?}").matches(&basic()).count(), 1, "{request:?}");
        assert!(!format!("{request:?}").contains(PASSWORD), "{request:?}");
    }
    // The error of an unreachable proxy does not show the password.
    let client =
        Client::builder().url(setup.server.url()).api_key(KEY).proxy(format!("http://ada:{PASSWORD}@127.0.0.1:1"));
    let error = printed(&error_of(revenues(&client.build()?).await));
    assert_eq!(secret_in(&error), None, "{error}");
    Ok(())
}

#[tokio::test]
async fn secrets_are_not_in_panics() -> Outcome {
    let calls = Calls::start(false, |_| Fault::None).await?;
    let client = Client::builder().url("http://127.0.0.1:1").api_key(KEY).build()?;
    let failed = revenues(&client).await;
    let mistaken = error_of(calls.client.source_by_uuid(KEY).await);
    let values = format!("{} {}", calls.values(), printed(&mistaken));
    assert!(values.contains("[API key]") && values.contains("[S3 credentials]"), "{values}");
    let panicked = tokio::spawn(async move { failed.unwrap_or_else(|error| panic!("{values} {error:?}")) }).await;
    let message = panicked.err().ok_or("no panic")?.into_panic();
    let message = message.downcast::<String>().map_err(|_| "not a string")?;
    assert_eq!(calls.secret_in(&message), None, "{message}");
    Ok(())
}
