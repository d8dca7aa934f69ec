//! Paths: no request can reach files outside the data folder, or files of other objects inside it.

use serde_json::json;
use serenytics_local::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestServer;

/// A server whose data folder has a sibling folder that must stay invisible.
struct Guarded {
    server: TestServer,
    parent: tempfile::TempDir,
}

const CANARY: &str = "canary,behind\n1,2\n";

impl Guarded {
    async fn start() -> Guarded {
        let parent = tempfile::tempdir().unwrap();
        std::fs::write(parent.path().join("canary.csv"), CANARY).unwrap();
        let folder = tempfile::tempdir_in(parent.path()).unwrap();
        Guarded {
            server: TestServer::on(folder, |server: serenytics_local::ServerBuilder| server.api_key("key")).await,
            parent,
        }
    }

    /// Sends a raw request and returns the response. An HTTP client would normalize the path.
    async fn raw(&self, method: &str, path: &str, body: &str) -> String {
        let mut connection = TcpStream::connect(self.server.server.address()).await.unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nx-api-key: key\r\nconnection: close\r\n");
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn is_untouched(&self) {
        let mut names: Vec<_> =
            std::fs::read_dir(self.parent.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.retain(|name| name != self.server.folder.path().file_name().unwrap());
        assert_eq!(names, ["canary.csv"]);
        assert_eq!(std::fs::read_to_string(self.parent.path().join("canary.csv")).unwrap(), CANARY);
        assert!(self.server.folder.path().join("catalogue.sqlite").exists());
    }
}

#[tokio::test]
async fn request_path_cannot_leave_the_data_folder() {
    let guarded = Guarded::start().await;
    let ways = [
        "..",
        "../..",
        "../../canary.csv",
        "%2e%2e",
        "%2e%2e%2f%2e%2e%2fcanary.csv",
        "..%2f..%2fcanary.csv",
        "..%5ccanary.csv",
        "%252e%252e%252fcanary.csv",
        "%00",
        "catalogue.sqlite",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "\\..\\canary.csv",
        "%ff%fe",
        "00000000-0000-4000-8000-000000000000%2f..%2f..%2fcanary.csv",
        "storages%2f..%2fcatalogue.sqlite",
    ];
    for way in ways {
        for (method, before, after, body) in [
            ("GET", "/api/data_source/", "", ""),
            ("PUT", "/api/data_source/", "", "{}"),
            ("DELETE", "/api/data_source/", "", ""),
            ("POST", "/api/data_source/", "/file", "a\n1\n"),
            ("POST", "/api/data_source/", "/reload_from_file", "{}"),
            ("POST", "/api/data_source/", "/batch", r#"{"operations": []}"#),
            ("POST", "/api/data_source/", "/push/x", "{}"),
            ("POST", "/api/formatted_data/", "", "{}"),
            ("GET", "/api/task/", "", ""),
            ("DELETE", "/api/script/", "", ""),
            ("PUT", "/api/script/", "/storage", "1"),
        ] {
            let answer = guarded.raw(method, &format!("{before}{way}{after}"), body).await;
            let status: u16 = answer.split(' ').nth(1).unwrap_or_else(|| panic!("{way}: {answer}")).parse().unwrap();
            assert!((400..500).contains(&status) || status == 501, "{method} {before}{way}{after}: {answer}");
            assert!(!answer.contains("canary,behind"), "{answer}");
        }
    }
    guarded.is_untouched();
}

#[tokio::test]
async fn names_are_never_used_as_paths() {
    let guarded = Guarded::start().await;
    let server = &guarded.server;
    for name in
        ["../../canary.csv", "/etc/passwd.csv", "..\\canary.csv", "a\u{0}/../canary.csv", "file:///etc/passwd.csv"]
    {
        let body = json!({"name": name, "type": "Storage", "originalFileName": name}).to_string();
        let (status, source) = server.call("key", "POST", "/api/data_source", &body).await;
        assert_eq!((status, &source["name"]), (201, &json!(name)));
        let path = format!("/api/data_source/{}", source["uuid"].as_str().unwrap());
        // No file was uploaded, so there is nothing to load, whatever the file name is.
        let (_, begun) = server.call("key", "POST", &format!("{path}/reload_from_file"), "{}").await;
        let task = format!("/api/task/{}", begun["task_id"].as_str().unwrap());
        let ended = loop {
            let (_, task) = server.call("key", "GET", &task, "").await;
            if task["status"] != "pending" {
                break task;
            }
        };
        assert!(ended["errors"][0].as_str().unwrap().contains("no file was uploaded"), "{ended}");
        assert_eq!(server.call("key", "POST", &format!("{path}/file"), "a\n1\n").await.0, 201);
        // Columns, formulas and values are not paths either.
        let rows = json!({"operations": [{"action": "insert", "rows": [{name.replace('\0', ""): name}]}]});
        assert_eq!(server.call("key", "POST", &format!("{path}/batch"), &rows.to_string()).await.0, 200);
        let formula = json!({"data_processing_pipeline": [{"select": [{"name": format!("sum([{name}]) / count()")}]}]});
        let query = path.replace("data_source", "formatted_data");
        let (status, answer) = server.call("key", "POST", &query, &formula.to_string()).await;
        assert!(status < 500 && !answer.to_string().contains("behind"), "{answer}");
        assert_eq!(server.call("key", "DELETE", &path, "").await.0, 204);
    }
    guarded.is_untouched();
    assert_eq!(std::fs::read_dir(server.folder.path().join("uploads")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(server.folder.path().join("storages")).unwrap().count(), 0);
}

#[tokio::test]
async fn data_folder_that_is_a_file_is_an_error() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = Server::builder(&file).api_key("key").start().await.unwrap_err();
    assert!(error.to_string().contains("could not create the data folder"), "{error}");
}
