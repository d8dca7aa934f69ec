//! Lists: pages, and numbers of objects that do not match.

use super::server::{TestServer, ok};

/// Returns an object with this number.
fn object(number: usize) -> String {
    format!(r#"{{"uuid":"u{number}","name":"n{number}","type":"Storage","token":"t"}}"#)
}

/// Returns the page of a request, 1 without one.
fn page(line: &str) -> usize {
    let query = line.split_once('?').map_or("", |(_, query)| query);
    query.split('&').find_map(|pair| pair.strip_prefix("page=")?.parse().ok()).unwrap_or(1)
}

/// Starts a server whose lists have these fields, and pages of 10 objects of all.
async fn paged(fields: &'static str, all: usize) -> TestServer {
    TestServer::start(move |_, asked| {
        let first = (page(&asked.line) - 1) * 10;
        let objects: Vec<_> = (first..all.min(first + 10)).map(object).collect();
        ok(format!(r#"{{{fields}"objects":[{}]}}"#, objects.join(",")))
    })
    .await
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    for fields in [r#""num_results":25,"#, r#""total_pages":3,"#, r#""num_results":25,"page":1,"total_pages":3,"#] {
        let server = paged(fields, 25).await;
        let client = server.client();
        assert_eq!(client.sources().await.unwrap().len(), 25, "{fields}");
        assert_eq!(client.scripts().await.unwrap().len(), 25, "{fields}");
        assert_eq!(client.web_apps().await.unwrap().len(), 25, "{fields}");
        let lines: Vec<_> = server.asked().into_iter().map(|asked| asked.line).collect();
        let sources = ["GET /api/data_source", "GET /api/data_source?page=2", "GET /api/data_source?page=3"];
        assert_eq!(lines[..3], sources);
        assert_eq!(lines.len(), 9);
        // A server may ignore the filter.
        assert_eq!(client.source("n24").await.unwrap().uuid(), "u24");
        assert!(client.find_source("n25").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn list_without_further_pages_is_requested_once() {
    for (fields, all) in [("", 3), (r#""num_results":3,"#, 3), (r#""total_pages":1,"#, 3), (r#""num_results":0,"#, 0)] {
        let server = paged(fields, all).await;
        assert_eq!(server.client().sources().await.unwrap().len(), all);
        assert_eq!(server.asked().len(), 1, "{fields}");
    }
}

#[tokio::test]
async fn list_with_another_number_of_objects_is_an_error() {
    for (fields, all, expected) in [
        (r#""num_results":25,"#, 10, "the server reports 25 sources, but its list has 10"),
        (r#""num_results":25,"#, 19, "the server reports 25 sources, but its list has 19"),
        (r#""num_results":2,"#, 3, "the server reports 2 sources, but its list has 3"),
        (r#""num_results":1,"#, 0, "the server reports 1 sources, but its list has 0"),
        (r#""total_pages":3,"#, 10, "page 2 of the list of sources has no further ones"),
    ] {
        let server = paged(fields, all).await;
        for error in [
            server.client().sources().await.unwrap_err(),
            server.client().source("n1").await.unwrap_err(),
            server.client().get_or_create_storage("n99").await.unwrap_err(),
        ] {
            assert!(error.is_decode() && error.to_string().ends_with(expected), "{fields}: {error}");
        }
        assert!(server.asked().iter().all(|asked| asked.line.starts_with("GET")));
    }
    // This server ignores `page`.
    let ten = (0..10).map(object).collect::<Vec<_>>().join(",");
    let server = TestServer::start(move |_, _| ok(format!(r#"{{"num_results":25,"objects":[{ten}]}}"#))).await;
    let error = server.client().web_apps().await.unwrap_err();
    assert!(error.to_string().ends_with("the server reports 25 web apps, but its list has 10"), "{error}");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn other_lists_must_have_the_reported_number_too() {
    let server = TestServer::start(|_, asked| match asked.line.as_str() {
        "GET /api/web_app/w1" => ok(r#"{"uuid":"w1","name":"dashboard"}"#),
        _ => ok(r#"{"status":"ok","num_results":2,"objects":[{"uuid":"u1","name":"n1"}]}"#),
    })
    .await;
    let client = server.client();
    let web_app = client.web_app_by_uuid("w1").await.unwrap();
    for error in [web_app.data_sources().await.unwrap_err(), client.data_api().sources().await.unwrap_err()] {
        assert!(error.to_string().ends_with("the server reports 2 sources, but its list has 1"), "{error}");
    }
}
