//! `serenytics serve`: the embedded engine as a server.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serenytics_local::{Server, ServerBuilder};

/// The arguments of `serve`. Arguments can be read in the list of processes: secrets are better given by the
/// environment or by files.
#[derive(Args)]
pub(crate) struct ServeArguments {
    /// The folder that holds all data; it is made if it does not exist
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// An API key that requests are let in with; can be given several times
    #[arg(long, value_name = "KEY", env = "SERENYTICS_API_KEY", hide_env_values = true)]
    api_key: Vec<String>,
    /// A file with an API key on each of its lines
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// A user who can log in and make API keys
    #[arg(long, value_name = "LOGIN:PASSWORD")]
    user: Option<String>,
    /// A file with LOGIN:PASSWORD on its one line
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    user_file: Option<PathBuf>,
    /// How many MiB of memory all queries take between them
    #[arg(long, value_name = "MIB", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(16..))]
    query_memory: u32,
    /// A key of the data API, which reads the sources of --data-api-source; can be given several times
    #[arg(long, value_name = "KEY", env = "SERENYTICS_DATA_API_KEY", hide_env_values = true)]
    data_api_key: Vec<String>,
    /// The name or uuid of a source that the keys of the data API read; can be given several times
    #[arg(long, value_name = "SOURCE")]
    data_api_source: Vec<String>,
    /// Run scripts: everybody who has an API key can run programs on this machine then
    #[arg(long)]
    allow_scripts: bool,
    /// The Python interpreter that runs scripts
    #[arg(long, value_name = "PATH", default_value = "python3")]
    python: PathBuf,
    /// How many seconds a script may take
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u32).range(1..))]
    script_timeout: u32,
    /// How many MiB of address space each process of a script has
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(64..))]
    script_memory: u32,
    /// The SMTP server that sends mails; without one, each mail is a file in the data folder's outbox
    #[arg(long, value_name = "URL", env = "SERENYTICS_SMTP_URL", hide_env_values = true)]
    smtp: Option<String>,
    /// The sender of mails that name none
    #[arg(long, value_name = "ADDRESS", default_value = "serenytics@localhost")]
    mail_from: String,
    /// How many mails are taken in 24 hours
    #[arg(long, value_name = "MAILS", default_value_t = 50)]
    mail_quota: u32,
}

/// Runs the server until it is told to stop.
pub(crate) async fn run(arguments: ServeArguments) -> Result<(), String> {
    // Before anything is announced, so that no signal is missed.
    let stop = stop_signal().map_err(|error| format!("signals cannot be waited for: {error}"))?;
    let server = builder(arguments)?.start().await.map_err(described)?;
    announce(&server).map_err(|error| format!("the standard output is closed: {error}"))?;
    stop.await;
    server.shutdown().await;
    Ok(())
}

/// Ends with the first SIGTERM or ctrl-c after this returned.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends with the first ctrl-c after this returned.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}

fn builder(arguments: ServeArguments) -> Result<ServerBuilder, String> {
    let mut keys = arguments.api_key;
    if let Some(file) = &arguments.api_key_file {
        let text = secret(file)?;
        keys.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
    }
    let user = match &arguments.user_file {
        Some(file) => Some(secret(file)?.trim().to_owned()),
        None => arguments.user,
    };
    if keys.is_empty() && user.is_none() {
        return Err(
            "nobody could use the server: give it a key with --api-key, SERENYTICS_API_KEY or --api-key-file, or a \
                    user with --user or --user-file"
                .to_owned(),
        );
    }
    let mut builder = Server::builder(arguments.data)
        .listen(arguments.listen)
        .query_memory(arguments.query_memory as usize * 1024 * 1024)
        .script_timeout(Duration::from_secs(arguments.script_timeout.into()))
        .script_memory(u64::from(arguments.script_memory) * 1024 * 1024);
    for key in arguments.data_api_key {
        builder = builder.data_api_key(key);
    }
    for source in arguments.data_api_source {
        builder = builder.data_api_source(source);
    }
    builder = builder.mail_from(arguments.mail_from).mail_quota(arguments.mail_quota);
    if let Some(url) = arguments.smtp {
        builder = builder.smtp(url);
    }
    if arguments.allow_scripts {
        builder = builder.allow_scripts(arguments.python);
    }
    for key in keys {
        builder = builder.api_key(key);
    }
    if let Some(user) = user {
        let (login, password) = user
            .split_once(':')
            .filter(|(login, password)| !login.is_empty() && !password.is_empty())
            .ok_or("a user is given as LOGIN:PASSWORD")?;
        builder = builder.user(login, password);
    }
    if !arguments.listen.ip().is_loopback() {
        eprintln!(
            "warning: {} can be reached by other machines, and keys and data travel unencrypted: put a proxy with TLS \
             before it",
            arguments.listen
        );
    }
    Ok(builder)
}

fn secret(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{} could not be read: {error}", file.display()))
}

/// The one line on the standard output, for a person and for a program that waits for the server.
fn announce(server: &Server) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "serenytics is listening on {}", server.url())?;
    output.flush()
}

/// An error with its causes.
fn described(error: serenytics_local::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
