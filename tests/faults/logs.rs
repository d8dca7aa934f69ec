//! Logs of the whole process at every level: none contains a secret.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serenytics::Client;
use tracing::level_filters::LevelFilter;

use crate::calls::{Aim, CALLS, Calls, PASSWORD, S3_SECRET, secret_in};
use crate::key::secrets_of;
use crate::proxy::{Fault, Request};
use crate::{KEY, Outcome, Setup, revenues};

/// Records what is logged by `tracing` and by `log`.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Starts recording the logs of the whole process, including those of other tests.
    fn watch() -> Result<Lines, Box<dyn std::error::Error>> {
        let lines = Lines::default();
        let writer = lines.clone();
        let logged = tracing_subscriber::fmt().with_ansi(false).with_max_level(LevelFilter::TRACE);
        tracing::subscriber::set_global_default(logged.with_writer(move || writer.clone()).finish())?;
        log::set_boxed_logger(Box::new(lines.clone()))?;
        log::set_max_level(log::LevelFilter::Trace);
        Ok(lines)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}: {}\n", record.level(), record.target(), record.args());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(line.as_bytes());
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn secrets_are_not_in_logs() -> Outcome {
    let lines = Lines::watch()?;
    let mut tokens = Vec::new();
    for signs_uploads in [false, true] {
        // A retry is logged with its error, in which this server repeats the request's secrets.
        let aim = Arc::new(Aim::default());
        let (aimed, loads_from_s3) = (Arc::clone(&aim), AtomicBool::new(false));
        let busy = move |request: &Request| {
            let is_task = request.path.starts_with("/api/task/");
            if !is_task {
                loads_from_s3.store(request.path.ends_with("/reload_from_s3"), Ordering::SeqCst);
            }
            if !aimed.hits() {
                return Fault::None;
            }
            let mut said = secrets_of(request);
            // The task belongs to the call before it, which sent the secret.
            said.extend((is_task && loads_from_s3.load(Ordering::SeqCst)).then(|| S3_SECRET.to_owned()));
            Fault::Instead("503 Service Unavailable", "retry-after: 0\r\n".to_owned(), said.join(" ").into_bytes())
        };
        let calls = Calls::start(signs_uploads, busy).await?;
        for (_, call) in CALLS {
            for step in 0..3 {
                aim.at(step);
                let _ = call(&calls).await;
            }
            aim.has_missed();
            let _ = call(&calls).await;
        }
        tokens.push(calls.token.clone());
        tokens.extend(calls.setup.proxy.seen().iter().flat_map(|seen| seen.header("x-auth-token")).map(str::to_owned));
    }
    // Verbose connections, which would log everything that is sent, and a proxy with a password.
    let setup = Setup::start(|_| Fault::None).await?;
    let verbose = Client::builder().url(&setup.proxy.url).api_key(KEY).http(|http| http.connection_verbose(true));
    revenues(&verbose.build()?).await?;
    let address = setup.proxy.url.replace("http://", "");
    let proxied =
        Client::builder().url(setup.server.url()).api_key(KEY).proxy(format!("http://ada:{PASSWORD}@{address}"));
    revenues(&proxied.build()?).await?;

    let text = lines.text();
    let logged =
        ["trying again", "503", "serenytics_core::", "reqwest::connect", "hyper_util::", "a script ran", "intercepts"];
    for logged in logged {
        assert!(text.contains(logged), "{logged} is not logged");
    }
    assert!(tokens.len() >= 4, "{}", tokens.len());
    for line in text.lines() {
        let secret = secret_in(line).or_else(|| tokens.iter().find(|token| line.contains(*token)).cloned());
        assert_eq!(secret, None, "{line}");
    }
    Ok(())
}
