//! Every call with every fault at each of its requests. A call only succeeds if it does not need
//! the failed response, an error says what happened, and calls that change data are never repeated.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use serenytics::Error;

use crate::Outcome;
use crate::calls::{Aim, CALLS, Calls, REJECTED};
use crate::proxy::{Fault, Request};

/// A fault, and a check of the errors that it causes.
struct Case {
    name: &'static str,
    fault: fn() -> Fault,
    is_expected: fn(&Error) -> bool,
    /// Whether the fault damages a response. Links are excluded then, because their bodies may be
    /// any bytes.
    is_damage: bool,
}

impl Case {
    /// The server responds with a status.
    const fn status(name: &'static str, fault: fn() -> Fault, is_expected: fn(&Error) -> bool) -> Case {
        Case { name, fault, is_expected, is_damage: false }
    }

    /// The connection breaks.
    const fn broken(name: &'static str, fault: fn() -> Fault) -> Case {
        Case { name, fault, is_expected: |error| error.is_connection() || error.is_decode(), is_damage: false }
    }

    /// The response is damaged.
    const fn damage(name: &'static str, fault: fn() -> Fault, is_expected: fn(&Error) -> bool) -> Case {
        Case { name, fault, is_expected, is_damage: true }
    }
}

/// A response with a status and an error.
fn no(status: &'static str, headers: &str) -> Fault {
    let body = br#"{"status":"error","errors":["the server says no"]}"#;
    Fault::Instead(status, headers.to_owned(), body.to_vec())
}

/// Returns true if an error reports this status. `Error::status` is not set for statuses of links.
fn reports(error: &Error, status: u16) -> bool {
    error.status() == Some(status)
        || error.to_string().contains(&format!("rejected the upload with {status} "))
        || error.to_string().contains(&format!("rejected the download with {status} "))
}

const CASES: &[Case] = &[
    Case::status(
        "401",
        || no("401 Unauthorized", ""),
        |error| error.is_unauthorized() && error.to_string().contains("the server says no") || reports(error, 401),
    ),
    Case::status("404", || no("404 Not Found", ""), |error| error.is_not_found() || reports(error, 404)),
    Case::status(
        "429, retry at once",
        || no("429 Too Many Requests", "retry-after: 0\r\n"),
        |error| reports(error, 429),
    ),
    Case::status(
        "429, retry in an hour",
        || no("429 Too Many Requests", "retry-after: 3600\r\n"),
        |error| reports(error, 429),
    ),
    Case::status(
        "500",
        || Fault::Instead("500 Internal Server Error", String::new(), b"<h1>Oops</h1>".to_vec()),
        |error| reports(error, 500),
    ),
    Case::status("503", || no("503 Service Unavailable", "retry-after: 0\r\n"), |error| reports(error, 503)),
    Case::status(
        "a redirect to an unreachable server",
        || no("302 Found", "location: http://127.0.0.1:1/\r\n"),
        |error| reports(error, 302) || error.is_connection(),
    ),
    Case::broken("lost", || Fault::Lost),
    Case::broken("unanswered", || Fault::Unanswered),
    Case::broken("truncated in the head", || Fault::Share(10)),
    Case::broken("truncated in the middle", || Fault::Share(60)),
    Case::broken("truncated at the end", || Fault::Share(99)),
    Case::damage("half a body", || Fault::Body(|body| body.as_bytes()[..body.len() / 2].to_vec()), Error::is_decode),
    Case::damage(
        "no UTF-8",
        || Fault::Body(|_| b"{\"status\": \"ok\", \"name\": \"\xff\"}".to_vec()),
        Error::is_decode,
    ),
    Case::damage(
        "an error in a 200",
        || Fault::Body(|_| br#"{"status":"error","errors":["the server says no"]}"#.to_vec()),
        |error| error.to_string().contains("the server says no"),
    ),
];

/// Returns true if a call may succeed without the rest of this response.
fn needs_no_more(case: &Case, call: &str, met: &Request) -> bool {
    // The platform does not document the bodies of these responses: only the status, or an error in
    // the body, counts.
    let ends = ["/batch", "/storage", "/sharings", "/invalidate_cache", "/post_msg", "/reload_users_metadata", "/file"];
    let status_counts = matches!(met.method.as_str(), "PUT" | "DELETE")
        || met.path.contains("/push/")
        || met.path.contains("/upload_file/")
        || ends.iter().any(|end| met.path.ends_with(end));
    match case.name {
        // A stream is read only up to its first row.
        "truncated in the middle" | "truncated at the end" => call == "stream",
        "half a body" | "no UTF-8" => status_counts || call == "data API's query_csv",
        // A server that signs no uploads receives the file itself. Any body is valid CSV. A 204 has
        // no body.
        "an error in a 200" => {
            met.path.contains("/sign_s3") || call == "data API's query_csv" || met.method == "DELETE"
        }
        // A missing source is created, or reported as `None`.
        "404" => matches!(call, "get_or_create_storage" | "find_source"),
        _ => false,
    }
}

/// Returns true if a request may be repeated: it changes nothing, or the server turned it away.
fn is_repeatable(case: &Case, request: &Request) -> bool {
    let is_turned_away = ["429, retry at once", "503"].contains(&case.name);
    is_turned_away || request.method == "GET" || request.is_query() || request.path.starts_with("/data-api/")
}

fn is_same(one: &Request, other: &Request) -> bool {
    (&one.method, &one.path, &one.body) == (&other.method, &other.path, &other.body)
}

/// Returns the failures of all calls in this case. With signed uploads, only loads are called.
async fn meet(case: &'static Case, signs_uploads: bool) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let aim = Arc::new(Aim::default());
    let aimed = Arc::clone(&aim);
    let fault = move |request: &Request| match aimed.hits() {
        true if !(case.is_damage && request.is_by_link()) => (case.fault)(),
        _ => Fault::None,
    };
    let calls = Calls::start(signs_uploads, fault).await?;
    let mut wrong = Vec::new();
    let is_load = |name: &str| name.starts_with("reload") || name.starts_with("update");
    for (name, call) in CALLS.iter().filter(|(name, _)| !signs_uploads || is_load(name)) {
        for step in 0.. {
            let before = calls.setup.proxy.seen().len();
            aim.at(step);
            let outcome = call(&calls).await;
            if aim.has_missed() {
                break;
            }
            let seen = calls.setup.proxy.seen();
            let (sent, met) = (&seen[before..], &seen[before + step]);
            let times = |request: &Request| sent.iter().filter(|other| is_same(request, other)).count();
            let place = format!("{}, {name}: {} {}", case.name, met.method, met.path);
            match outcome {
                _ if case.is_damage && met.is_by_link() => {}
                Err(error) if (case.is_expected)(&error) => {}
                // The engine itself rejects these calls.
                Err(error) if REJECTED.contains(name) && error.is_rejected() => {}
                Err(error) => wrong.push(format!("{place}: {error:?}")),
                Ok(_) if times(met) > 1 && is_repeatable(case, met) || needs_no_more(case, name, met) => {}
                Ok(answer) => wrong.push(format!("{place}: {}", answer.chars().take(200).collect::<String>())),
            }
            let twice = sent.iter().filter(|request| !is_repeatable(case, request) && times(request) > 1);
            wrong.extend(twice.map(|request| format!("{place}: {} {} was repeated", request.method, request.path)));
            calls.settled().await?;
        }
    }
    Ok(wrong)
}

#[tokio::test]
async fn every_fault_is_an_error_and_changes_are_never_repeated() -> Outcome {
    let cases = CASES.iter().flat_map(|case| [(case, false), (case, true)]);
    let cases = cases.filter(|(case, signs_uploads)| !(case.is_damage && *signs_uploads));
    let mut met = stream::iter(cases.map(|(case, signs_uploads)| meet(case, signs_uploads))).buffer_unordered(12);
    let mut wrong = Vec::new();
    while let Some(met) = met.next().await {
        wrong.extend(met?);
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}
