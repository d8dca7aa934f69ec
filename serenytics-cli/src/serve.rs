//! `serenytics serve`: the embedded engine as a server.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serenytics_local::{Server, ServerBuilder};

use crate::log::LogArguments;

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
    /// An API key of an account of its own, which sees nothing of what others have; can be given several times
    #[arg(long, value_name = "NAME:KEY")]
    account: Vec<String>,
    /// A file with NAME:KEY on each of its lines
    #[arg(long, value_name = "FILE")]
    account_file: Option<PathBuf>,
    /// A user who can log in and make API keys, for the account called LOGIN; can be given several times
    #[arg(long, value_name = "LOGIN:PASSWORD")]
    user: Vec<String>,
    /// A file with LOGIN:PASSWORD on each of its lines
    #[arg(long, value_name = "FILE")]
    user_file: Option<PathBuf>,
    /// How many MiB of memory all queries take between them
    #[arg(long, value_name = "MIB", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(16..))]
    query_memory: u32,
    /// A key of the data API, which reads the sources of --data-api-source; can be given several times
    #[arg(long, value_name = "KEY", env = "SERENYTICS_DATA_API_KEY", hide_env_values = true)]
    data_api_key: Vec<String>,
    /// A source that the keys of the data API read, by its uuid, or by its name if it is of plain API keys; can be given
    /// several times
    #[arg(long, value_name = "SOURCE")]
    data_api_source: Vec<String>,
    /// Run scripts, by --python: everybody who has an API key can run programs on this machine then
    #[arg(long)]
    allow_scripts: bool,
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
    /// How many mails an account may send in 24 hours
    #[arg(long, value_name = "MAILS", default_value_t = 50)]
    mail_quota: u32,
    /// The Python that reads uploaded data frames (pandas pickles), for which it needs pandas, and that runs scripts
    #[arg(long, value_name = "PATH", default_value = "python3")]
    python: PathBuf,
    /// How many MiB of memory a data frame may take while it is loaded
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(256..))]
    python_memory: u32,
    /// The S3-compatible server that loads from S3 read from, in the place of AWS
    #[arg(long, value_name = "URL")]
    s3_endpoint: Option<String>,
    /// Give out signed links for uploads, as a platform on S3 does
    #[arg(long)]
    sign_uploads: bool,
    /// How many seconds a query runs at most
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    query_timeout: u32,
    /// How many queries run at the same time; others wait for their turn
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    max_concurrent_queries: u32,
    /// How many connections are open at the same time; others wait
    #[arg(long, value_name = "COUNT", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// How many seconds a client may keep the server waiting for headers, for a part of a file, or to take an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    client_timeout: u32,
    /// How many seconds requests and loads that run are given when the server is told to stop
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    shutdown_timeout: u32,
    #[command(flatten)]
    log: LogArguments,
}

/// Runs the server until it is told to stop.
pub(crate) async fn run(arguments: ServeArguments) -> Result<(), String> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    with_few_arenas();
    // Before anything is announced, so that no signal is missed.
    let mut stop = StopSignal::new().map_err(|error| format!("signals cannot be waited for: {error}"))?;
    arguments.log.set_up()?;
    let server = builder(arguments)?.start().await.map_err(described)?;
    announce(&server).map_err(|error| format!("the standard output is closed: {error}"))?;
    stop.recv().await;
    tokio::select! {
        () = server.shutdown() => Ok(()),
        () = stop.recv() => Err("stopped by a second signal: requests that still ran were cut".to_owned()),
    }
}

/// Starts once more, as the same process, with as many arenas of memory as there are processors. By itself glibc has eight times as many
/// and keeps in each what a busy time has left; it reads the number when a program starts, and only there.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn with_few_arenas() {
    use std::os::unix::process::CommandExt;

    const ARENAS: &str = "MALLOC_ARENA_MAX";
    let (Ok(program), Some(called)) = (std::env::current_exe(), std::env::args_os().next()) else { return };
    // A program that was started by another one, such as the loader, would be that one.
    if std::env::var_os(ARENAS).is_some() || program.file_name() != Path::new(&called).file_name() {
        return;
    }
    let count = std::thread::available_parallelism().map_or(2, |count| count.get().max(2));
    let mut command = std::process::Command::new(program);
    let error = command.arg0(called).args(std::env::args_os().skip(1)).env(ARENAS, count.to_string()).exec();
    eprintln!("warning: {ARENAS} is not set, and the server may keep more memory than it needs: {error}");
}

/// SIGTERM and ctrl-c.
#[cfg(unix)]
struct StopSignal {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignal {
    /// Signals are missed no more when this has returned.
    fn new() -> std::io::Result<StopSignal> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(StopSignal { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Ends with the next signal.
    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ctrl-c.
#[cfg(not(unix))]
struct StopSignal(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl StopSignal {
    /// Signals are missed no more when this has returned.
    fn new() -> std::io::Result<StopSignal> {
        tokio::signal::windows::ctrl_c().map(StopSignal)
    }

    /// Ends with the next signal.
    async fn recv(&mut self) {
        self.0.recv().await;
    }
}

fn builder(arguments: ServeArguments) -> Result<ServerBuilder, String> {
    let keys = given(arguments.api_key, arguments.api_key_file.as_deref())?;
    let accounts = given(arguments.account, arguments.account_file.as_deref())?;
    let users = given(arguments.user, arguments.user_file.as_deref())?;
    if keys.is_empty() && accounts.is_empty() && users.is_empty() {
        return Err(
            "nobody could use the server: give it a key with --api-key, SERENYTICS_API_KEY or --api-key-file, accounts \
             with --account or --account-file, or users with --user or --user-file"
                .to_owned(),
        );
    }
    let mut builder = Server::builder(arguments.data)
        .listen(arguments.listen)
        .query_memory(arguments.query_memory as usize * 1024 * 1024)
        .query_timeout(seconds(arguments.query_timeout))
        .max_concurrent_queries(arguments.max_concurrent_queries as usize)
        .max_connections(arguments.max_connections as usize)
        .client_timeout(seconds(arguments.client_timeout))
        .shutdown_timeout(seconds(arguments.shutdown_timeout))
        .python(arguments.python)
        .python_memory(u64::from(arguments.python_memory) * 1024 * 1024)
        .script_timeout(Duration::from_secs(arguments.script_timeout.into()))
        .script_memory(u64::from(arguments.script_memory) * 1024 * 1024)
        .mail_from(arguments.mail_from)
        .mail_quota(arguments.mail_quota);
    if let Some(url) = arguments.s3_endpoint {
        builder = builder.s3_endpoint(url);
    }
    if arguments.sign_uploads {
        builder = builder.sign_uploads();
    }
    for key in arguments.data_api_key {
        builder = builder.data_api_key(key);
    }
    for source in arguments.data_api_source {
        builder = builder.data_api_source(source);
    }
    if let Some(url) = arguments.smtp {
        builder = builder.smtp(url);
    }
    if arguments.allow_scripts {
        builder = builder.allow_scripts();
    }
    for key in keys {
        builder = builder.api_key(key);
    }
    for account in accounts {
        let (name, key) = pair(&account).ok_or("an account is given as NAME:KEY")?;
        builder = builder.account_key(name, key);
    }
    for user in users {
        let (login, password) = pair(&user).ok_or("a user is given as LOGIN:PASSWORD")?;
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

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

/// The arguments, and the lines of a file.
fn given(mut arguments: Vec<String>, file: Option<&Path>) -> Result<Vec<String>, String> {
    if let Some(file) = file {
        let text =
            std::fs::read_to_string(file).map_err(|error| format!("{} could not be read: {error}", file.display()))?;
        arguments.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
    }
    Ok(arguments)
}

/// What stands before and behind the first colon.
fn pair(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(name, secret)| !name.is_empty() && !secret.is_empty())
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
