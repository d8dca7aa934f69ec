//! Links and redirects to other servers: no secret is sent there.

use std::sync::Arc;

use crate::calls::{Aim, CALLS, Calls};
use crate::proxy::{Fault, Proxy, Request};
use crate::{Outcome, error_of, printed};

/// Fails if a request to another server contains a secret of the API.
fn has_no_secrets(request: &Request, calls: &Calls) {
    for name in ["x-api-key", "authorization", "x-auth-token", "cookie", "referer"] {
        assert!(request.header(name).is_empty(), "{name}: {request:?}");
    }
    let path = request.path.split('?').next().unwrap_or_default();
    let text = format!("{path} {} {}", request.headers, String::from_utf8_lossy(&request.body));
    assert_eq!(calls.secret_in(&text), None, "{request:?}");
}

#[tokio::test]
async fn link_to_another_server_is_used_without_secrets() -> Outcome {
    // A proxy of the same engine, where its links are valid too.
    let engine = Calls::start(true, |_| Fault::None).await?;
    let other = Proxy::start(engine.setup.server.url(), |request| match request.path.starts_with("/mail") {
        true => Fault::Instead("200 OK", String::new(), Vec::new()),
        false => Fault::None,
    })
    .await?;
    let there = other.url.clone();
    let links = move |request: &Request| match request.path.as_str() {
        path if path.starts_with("/api/sign_s3_file/") => {
            let link = format!("{there}/mail?signature=5e");
            let answer = serde_json::json!({"status": "ok", "signed_request": link, "server_side_object_name": "u1"});
            Fault::Instead("200 OK", String::new(), answer.to_string().into_bytes())
        }
        path if path.contains("/sign_s3/") || path.ends_with("/export_source_data") => {
            Fault::OtherServer(there.clone())
        }
        _ => Fault::None,
    };
    let proxy = Proxy::start(engine.setup.server.url(), links).await?;
    let calls = engine.through(&proxy.url).await?;
    for (name, call) in CALLS {
        let outcome = call(&calls).await;
        // The engine does not have the file that was uploaded to the other server.
        if matches!(*name, "reload" | "reload_from_csv" | "update_from_csv" | "export to_file" | "export rows") {
            outcome.map_err(|error| format!("{name}: {error}"))?;
        }
    }
    let seen = other.seen();
    let count = |method: &str| seen.iter().filter(|request| request.method == method).count();
    assert_eq!((count("PUT"), count("GET"), seen.len()), (4, 2, 6), "{seen:?}");
    for request in &seen {
        has_no_secrets(request, &calls);
    }
    Ok(())
}

#[tokio::test]
async fn rejected_download_after_a_redirect_is_redacted() -> Outcome {
    let other = Proxy::start("", |_| {
        let said = "<Error><Code>AccessDenied</Code><Message>not for 5ec2e77a</Message><StringToSign>GET 5ec2e77a canary\n\
                    </StringToSign></Error>";
        Fault::Instead("403 Forbidden", String::new(), said.as_bytes().to_vec())
    })
    .await?;
    let location = format!("location: {}/file?signature=5ec2e77a\r\n", other.url);
    let redirect = move |request: &Request| match request.is_by_link() {
        true => Fault::Instead("302 Found", location.clone(), Vec::new()),
        false => Fault::None,
    };
    let calls = Calls::start(false, redirect).await?;
    let error = error_of(calls.source.export().to_file(calls.setup.folder.path().join("exported.csv")).await);
    let printed = printed(&error);
    assert!(printed.contains("403 Forbidden: AccessDenied: not for [secret]"), "{printed}");
    assert!(!printed.contains("5ec2e77a") && calls.secret_in(&printed).is_none(), "{printed}");
    assert_eq!(other.seen().len(), 1);
    Ok(())
}

#[tokio::test]
async fn redirect_carries_no_secrets() -> Outcome {
    for (signs_uploads, status) in [(false, "302 Found"), (true, "307 Temporary Redirect")] {
        let other =
            Proxy::start("", |_| Fault::Instead("200 OK", String::new(), b"country,revenue\n".to_vec())).await?;
        let aim = Arc::new(Aim::default());
        let (aimed, there) = (Arc::clone(&aim), other.url.clone());
        let redirect = move |request: &Request| match aimed.hits() {
            true => {
                let place = if request.is_by_link() { "file" } else { "call" };
                Fault::Instead(status, format!("location: {there}/{place}/{}\r\n", request.method), Vec::new())
            }
            false => Fault::None,
        };
        let calls = Calls::start(signs_uploads, redirect).await?;
        let errors = calls.aimed(&aim, |_, _| ()).await;
        assert!(errors >= CALLS.len() - 2, "{status}: {errors}");
        // Only downloads follow redirects, without the key; calls and uploads do not.
        let seen = other.seen();
        assert_eq!(seen.len(), 2, "{seen:?}");
        for request in &seen {
            assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/file/GET"));
            has_no_secrets(request, &calls);
        }
    }
    Ok(())
}
