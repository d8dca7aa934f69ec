//! Scripts, web apps and e-mails: with the official Python client, also in scripts on the server, and an SMTP server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value, json};
use serenytics_core::Client;
use support::Serving;
use support::python::{CLIENT, environment};

/// Returns an interpreter with the official client and an SMTP server.
fn interpreter() -> PathBuf {
    environment("python-scripts", &[CLIENT, "aiosmtpd==1.4.6", "trustme==1.2.1"])
}

/// A mail server that prints each e-mail as a line of JSON. It is killed when this is dropped.
struct MailServer {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    port: String,
}

const MAIL_SERVER: &str = r"
import json, ssl, sys, time
import trustme
from aiosmtpd.controller import Controller

class Handler:
    async def handle_DATA(self, server, session, envelope):
        content = envelope.content.decode('utf-8')
        print(json.dumps([envelope.mail_from, envelope.rcpt_tos, content]), flush=True)
        return '250 taken' if 'unwanted' not in envelope.mail_from else '550 not wanted'

tls = None
if len(sys.argv) > 2:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(sys.argv[2])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert('127.0.0.1').configure_cert(tls)
controller = Controller(Handler(), hostname='127.0.0.1', port=int(sys.argv[1]), ssl_context=tls)
controller.start()
print(controller.server.sockets[0].getsockname()[1], flush=True)
time.sleep(600)
";

impl MailServer {
    /// Starts a server. With a path, it uses TLS and writes the certificate of its authority there.
    fn start(authority: Option<&Path>) -> MailServer {
        // The controller connects to itself at the given port, so the port must be a free one and not 0.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let mut command = Command::new(interpreter());
        command.args(["-c", MAIL_SERVER, &free]).args(authority).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut server = MailServer { lines: BufReader::new(child.stdout.take().unwrap()), child, port: String::new() };
        server.port = server.line();
        server
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn client(serving: &Serving) -> Client {
    Client::builder().url(&serving.url).api_key("key").build().unwrap()
}

/// The code of a script that uses the official client, as scripts on the platform do.
const CODE: &str = r"
import datetime
import serenytics

client = serenytics.Client(script_id=SCRIPT)
params = client.script_args
if params['fail']:
    raise ValueError('as it was told')
source = client.get_or_create_storage_data_source_by_name('sales')
source.batch(rows_to_insert=[{'country': params['country'], 'revenue': 12.5}])
client.store_script_data({'last_execution': datetime.datetime(2013, 1, 1, 5)})
print(params['country'], source.get_nb_rows())
";

#[test]
fn script_run_by_the_official_client() {
    let folder = tempfile::tempdir().unwrap();
    let python = interpreter();
    let python = python.to_str().unwrap();
    let arguments = ["--api-key", "key", "--allow-scripts", "--python", python, "--mail-quota", "2"];
    let serving = Serving::start(folder.path(), &arguments);
    let (script, stored) = run(async {
        let client = client(&serving);
        // A script does not know its own uuid, so this one stores its data in another script.
        let stored = client.create_script("stored data", "").await.unwrap();
        let code = CODE.replace("SCRIPT", &format!("{:?}", stored.uuid()));
        let script = client.create_script("nightly", &code).await.unwrap();
        let sales = client.get_or_create_storage("sales").await.unwrap();
        let content = json!({"tabs": [{"widgets": [{"options": {"data": {"sourceUuid": sales.uuid()}}}]}]});
        let content: Map<String, Value> = content.as_object().unwrap().clone();
        client.create_web_app("Sales", content).await.unwrap();
        (script.uuid().to_owned(), stored.uuid().to_owned())
    });
    let check = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/scripts.py");
    let output = Command::new(python)
        .arg(check)
        .env("PYTHON_CLIENT_API_DOMAIN", &serving.url)
        .env("CHECK_API_KEY", "key")
        .env("CHECK_SCRIPT", &script)
        .env("CHECK_STORED", &stored)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!({
        "stdout": "FR 1\n",
        "success": true,
        "stored": "2013-01-01T05:00:00",
        "failure": "ValueError: as it was told",
        "failed": 1,
        "logs": ["SUCCESS", "FAILURE", "FAILURE", "SUCCESS"],
        "warm up": {"status": "ok"},
        "sources": ["sales"],
        "pdf": "an e-mail with the web app `Sales` as PDF is not emulated by the embedded engine",
        "quota": true,
    });
    for (name, expected) in expected.as_object().unwrap() {
        assert_eq!(&seen[name], expected, "{name}: {seen}");
    }
    assert_eq!(seen["webapp"]["headerMode"], "custom_html");
    assert_eq!(seen["webapp"]["cssContent"], ".srn-widget-header {}");
    let mut outbox: Vec<_> =
        std::fs::read_dir(folder.path().join("outbox")).unwrap().map(|e| e.unwrap().path()).collect();
    outbox.sort();
    assert_eq!(outbox.len(), 2, "{outbox:?}");
    let mail = std::fs::read_to_string(&outbox[0]).unwrap();
    // The official client sends the whole path of the file.
    assert!(
        mail.contains("filename=\"report.csv\"") && mail.contains("To: ada@example.com, bob@example.com"),
        "{mail}"
    );
    serving.stop("TERM");
}

#[test]
fn email_is_sent_by_smtp() {
    let mut mails = MailServer::start(None);
    let folder = tempfile::tempdir().unwrap();
    let smtp = format!("smtp://127.0.0.1:{}", mails.port);
    let from = "Reports <reports@example.com>";
    let serving = Serving::start(folder.path(), &["--api-key", "key", "--smtp", &smtp, "--mail-from", from]);
    let report = folder.path().join("report.csv");
    std::fs::write(&report, "a,b\n1,2\n").unwrap();
    let client = client(&serving);
    let mail = |from: Option<&str>| {
        let mail =
            client.email("Ventes d'été", ["ada@example.com", "Bob <bob@example.com>"], "<p>.</p>\r\n.\r\n<p>Voilà</p>");
        let mail = mail.attach(&report);
        run(match from {
            Some(from) => mail.from_address(from),
            None => mail,
        }
        .send())
    };
    mail(None).unwrap();
    let taken: Value = serde_json::from_str(&mails.line()).unwrap();
    assert_eq!((&taken[0], &taken[1]), (&json!("reports@example.com"), &json!(["ada@example.com", "bob@example.com"])));
    let content = taken[2].as_str().unwrap();
    assert!(content.contains("filename=\"report.csv\"") && content.contains("Voil"), "{content}");

    let error = mail(Some("unwanted@example.com")).unwrap_err().to_string();
    assert!(error.contains("the SMTP server did not accept the e-mail") && error.contains("not wanted"), "{error}");
    drop(mails);
    let error = mail(None).unwrap_err().to_string();
    assert!(error.contains("the SMTP server did not accept the e-mail"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path().join("outbox")).unwrap().count(), 0);
    let output = serving.stop("TERM");
    let mut logged = String::new();
    output.stderr.as_slice().read_to_string(&mut logged).unwrap();
    assert!(output.status.success(), "{logged}");
}

/// Does a full handshake with the TLS provider that the whole server uses.
#[test]
fn email_by_smtps_needs_a_trusted_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    let mut mails = MailServer::start(Some(&authority));
    let smtp = format!("smtps://127.0.0.1:{}", mails.port);
    let arguments = ["--api-key", "key", "--smtp", &smtp];
    let trusting =
        Serving::start_in(&folder.path().join("trusting"), &arguments, &[("SSL_CERT_FILE", authority.as_path())]);
    run(client(&trusting).email("Sealed", ["ada@example.com"], "").send()).unwrap();
    let taken: Value = serde_json::from_str(&mails.line()).unwrap();
    assert_eq!(taken[1], json!(["ada@example.com"]));

    let distrusting = Serving::start(&folder.path().join("distrusting"), &arguments);
    let error = run(client(&distrusting).email("Sealed", ["ada@example.com"], "").send()).unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}
