//! `serenytics serve`: the embedded engine as a server.

use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::RangedI64ValueParser;
use serenytics_local::{Server, ServerBuilder};

use crate::log::LogArguments;
use crate::output;

/// The arguments of `serve`. Other users of the machine can read arguments in the process list: pass secrets in the
/// environment or in files.
#[derive(Args)]
#[command(after_help = SECRETS)]
pub(crate) struct ServeArguments {
    /// Folder for all data; created if needed
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// Address or host name to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8000", value_parser = address)]
    listen: SocketAddr,
    /// URL of the server in links, such as https://data.example.com; by default that of the request
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// API key to accept, for the account `default` (repeatable)
    #[arg(long, value_name = "KEY", env = "SERENYTICS_API_KEY", hide_env_values = true, help_heading = ACCESS)]
    api_key: Vec<String>,
    /// File with one API key per line, for the account `default`
    #[arg(long, value_name = "FILE", help_heading = ACCESS)]
    api_key_file: Option<PathBuf>,
    /// Account and an API key for it; accounts cannot see each other's data (repeatable)
    #[arg(long, value_name = "NAME:KEY", help_heading = ACCESS)]
    account: Vec<String>,
    /// File with one NAME:KEY per line
    #[arg(long, value_name = "FILE", help_heading = ACCESS)]
    account_file: Option<PathBuf>,
    /// User who can log in and create API keys for the account named LOGIN (repeatable)
    #[arg(long, value_name = "LOGIN:PASSWORD", help_heading = ACCESS)]
    user: Vec<String>,
    /// File with one LOGIN:PASSWORD per line
    #[arg(long, value_name = "FILE", help_heading = ACCESS)]
    user_file: Option<PathBuf>,
    /// Key for the data API; it can only read the sources of --data-api-source (repeatable)
    #[arg(long, value_name = "KEY", env = "SERENYTICS_DATA_API_KEY", hide_env_values = true, help_heading = ACCESS)]
    data_api_key: Vec<String>,
    /// Source that the data API can read: a uuid, or a name in the account `default` (repeatable)
    #[arg(long, value_name = "SOURCE", help_heading = ACCESS)]
    data_api_source: Vec<String>,
    /// Let clients upload files through signed links, as the hosted platform does
    #[arg(long, help_heading = ACCESS)]
    sign_uploads: bool,
    /// Ignore fields of JSON bodies that the server does not know, instead of rejecting the request
    #[arg(long, help_heading = ACCESS)]
    ignore_unknown_fields: bool,
    /// Memory for all running queries together, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(16..), help_heading = LIMITS)]
    query_memory: u32,
    /// Memory for stored answers, in MiB; 0 disables the result cache
    #[arg(long, value_name = "MIB", default_value_t = 256, help_heading = LIMITS)]
    cache_memory: u32,
    /// Time limit of a query, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = at_least_one(), help_heading = LIMITS)]
    query_timeout: u32,
    /// Number of queries that run at the same time; more queries wait
    #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = at_least_one(), help_heading = LIMITS)]
    max_concurrent_queries: u32,
    /// Number of open connections; more connections wait
    #[arg(long, value_name = "COUNT", default_value_t = 512, value_parser = at_least_one(), help_heading = LIMITS)]
    max_connections: u32,
    /// How long to wait for a client that sends or reads too slowly, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = at_least_one(), help_heading = LIMITS)]
    client_timeout: u32,
    /// How long running requests and loads may continue after SIGTERM or ctrl-c, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, help_heading = LIMITS)]
    shutdown_timeout: u32,
    /// Python interpreter that runs scripts and reads data frames (pandas pickles); data frames need pandas
    #[arg(long, value_name = "PATH", default_value = "python3", help_heading = PYTHON)]
    python: PathBuf,
    /// Memory for loading a data frame, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(256..), help_heading = PYTHON)]
    python_memory: u32,
    /// Run scripts; anyone with an API key can then run programs on this machine and read the data of all accounts
    #[arg(long, help_heading = PYTHON)]
    allow_scripts: bool,
    /// Time limit of a script, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = at_least_one(), help_heading = PYTHON)]
    script_timeout: u32,
    /// Address space of each process of a script, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(64..), help_heading = PYTHON)]
    script_memory: u32,
    /// Number of processes of a script
    #[arg(long, value_name = "COUNT", default_value_t = 256, value_parser = at_least_one(), help_heading = PYTHON)]
    script_processes: u32,
    /// Size of the files in the folder of a script, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = at_least_one(), help_heading = PYTHON)]
    script_disk: u32,
    /// SMTP server for e-mails; by default they are written to the folder `outbox` in the data folder
    #[arg(long, value_name = "URL", env = "SERENYTICS_SMTP_URL", hide_env_values = true, help_heading = SERVICES)]
    smtp: Option<String>,
    /// Sender of e-mails that do not set one
    #[arg(long, value_name = "ADDRESS", default_value = "serenytics@localhost", help_heading = SERVICES)]
    mail_from: String,
    /// Number of e-mails that an account can send in 24 hours
    #[arg(long, value_name = "COUNT", default_value_t = 50, help_heading = SERVICES)]
    mail_quota: u32,
    /// S3-compatible server for loads from S3; by default AWS
    #[arg(long, value_name = "URL", help_heading = SERVICES)]
    s3_endpoint: Option<String>,
    #[command(flatten)]
    log: LogArguments,
}

const ACCESS: &str = "Access";
const LIMITS: &str = "Limits";
const PYTHON: &str = "Scripts and data frames";
const SERVICES: &str = "E-mail and S3";

const SECRETS: &str = "\
At least one of --api-key, --account and --user, or one of their files, is required. Other users of this machine can
read command lines, so pass secrets in files or environment variables.";

/// Parses an address, or a host name such as `localhost`, with a port. Of several addresses of a name, an IPv4 address
/// is preferred.
fn address(text: &str) -> Result<SocketAddr, String> {
    let expected = "expected an address or a host name with a port, such as 127.0.0.1:8000 or localhost:8000";
    let found = text.to_socket_addrs().map_err(|error| format!("{error}; {expected}"))?;
    found.min_by_key(SocketAddr::is_ipv6).ok_or_else(|| format!("the name has no address; {expected}"))
}

/// Parses a count or a number of seconds.
fn at_least_one() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

/// Runs the server until it receives a stop signal.
pub(crate) async fn run(arguments: ServeArguments) -> Result<(), String> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    with_few_arenas();
    // Install the handlers before announcing the address, so that no signal is missed.
    let mut stop = StopSignal::new().map_err(|error| format!("could not install the signal handlers: {error}"))?;
    arguments.log.set_up()?;
    let server = builder(arguments)?.start().await.map_err(|error| format!("{error:#}"))?;
    announce(&server).map_err(|error| format!("could not write to the standard output: {error}"))?;
    stop.recv().await;
    tokio::select! {
        () = server.shutdown() => Ok(()),
        () = stop.recv() => Err("stopped by a second signal: running requests were cancelled".to_owned()),
    }
}

/// Replaces this process with a copy of itself that uses one glibc memory arena per processor.
///
/// The default of glibc is eight arenas per processor, and each keeps the memory of past load. glibc reads the number
/// only when a program starts, so the program has to start again.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn with_few_arenas() {
    use std::os::unix::process::CommandExt;

    const ARENAS: &str = "MALLOC_ARENA_MAX";
    let (Ok(program), Some(called)) = (std::env::current_exe(), std::env::args_os().next()) else { return };
    // If another program started this one, such as the dynamic loader, `current_exe` is that program.
    if std::env::var_os(ARENAS).is_some() || program.file_name() != Path::new(&called).file_name() {
        return;
    }
    let count = std::thread::available_parallelism().map_or(2, |count| count.get().max(2));
    let mut command = std::process::Command::new(program);
    let error = command.arg0(called).args(std::env::args_os().skip(1)).env(ARENAS, count.to_string()).exec();
    output::warning(format_args!("could not set {ARENAS}, the server may use more memory than it needs: {error}"));
}

/// Listens for SIGTERM and ctrl-c.
#[cfg(unix)]
struct StopSignal {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignal {
    /// Installs the handlers: no later signal is missed.
    fn new() -> std::io::Result<StopSignal> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(StopSignal { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next signal.
    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Listens for ctrl-c.
#[cfg(not(unix))]
struct StopSignal(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl StopSignal {
    /// Installs the handlers: no later signal is missed.
    fn new() -> std::io::Result<StopSignal> {
        tokio::signal::windows::ctrl_c().map(StopSignal)
    }

    /// Waits for the next signal.
    async fn recv(&mut self) {
        self.0.recv().await;
    }
}

/// Turns the arguments into a server builder.
fn builder(arguments: ServeArguments) -> Result<ServerBuilder, String> {
    let keys = arguments_and_lines(arguments.api_key, arguments.api_key_file.as_deref())?;
    let accounts = arguments_and_lines(arguments.account, arguments.account_file.as_deref())?;
    let users = arguments_and_lines(arguments.user, arguments.user_file.as_deref())?;
    if keys.is_empty() && accounts.is_empty() && users.is_empty() {
        return Err(
            "no one could use the server: pass an API key with --api-key, SERENYTICS_API_KEY or --api-key-file, \
             accounts with --account or --account-file, or users with --user or --user-file"
                .to_owned(),
        );
    }
    let mut builder = Server::builder(arguments.data)
        .listen(arguments.listen)
        .query_memory(arguments.query_memory as usize * 1024 * 1024)
        .cache_memory(arguments.cache_memory as usize * 1024 * 1024)
        .query_timeout(seconds(arguments.query_timeout))
        .max_concurrent_queries(arguments.max_concurrent_queries as usize)
        .max_connections(arguments.max_connections as usize)
        .client_timeout(seconds(arguments.client_timeout))
        .shutdown_timeout(seconds(arguments.shutdown_timeout))
        .python(arguments.python)
        .python_memory(u64::from(arguments.python_memory) * 1024 * 1024)
        .script_timeout(Duration::from_secs(arguments.script_timeout.into()))
        .script_memory(u64::from(arguments.script_memory) * 1024 * 1024)
        .script_processes(arguments.script_processes)
        .script_disk(u64::from(arguments.script_disk) * 1024 * 1024)
        .mail_from(arguments.mail_from)
        .mail_quota(arguments.mail_quota);
    if let Some(url) = arguments.public_url {
        builder = builder.public_url(url);
    }
    if let Some(url) = arguments.s3_endpoint {
        builder = builder.s3_endpoint(url);
    }
    if arguments.sign_uploads {
        builder = builder.sign_uploads();
    }
    if arguments.ignore_unknown_fields {
        builder = builder.ignore_unknown_fields();
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
        let (name, key) = pair(&account).ok_or("invalid account: expected NAME:KEY")?;
        builder = builder.account_key(name, key);
    }
    for user in users {
        let (login, password) = pair(&user).ok_or("invalid user: expected LOGIN:PASSWORD")?;
        builder = builder.user(login, password);
    }
    if !arguments.listen.ip().is_loopback() {
        output::warning(format_args!(
            "other machines can reach {}, and keys and data are not encrypted: put a TLS proxy in front of it",
            arguments.listen
        ));
    }
    Ok(builder)
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

/// Returns the arguments and the non-empty lines of a file.
fn arguments_and_lines(mut arguments: Vec<String>, file: Option<&Path>) -> Result<Vec<String>, String> {
    if let Some(file) = file {
        let text =
            std::fs::read_to_string(file).map_err(|error| format!("could not read {}: {error}", file.display()))?;
        arguments.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
    }
    Ok(arguments)
}

/// Splits a string at the first colon; `None` if either side is empty.
fn pair(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(name, secret)| !name.is_empty() && !secret.is_empty())
}

/// Prints the only line of the standard output: for people, and for programs that wait until the server is ready.
fn announce(server: &Server) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "serenytics is listening on {}", server.url())?;
    output.flush()
}
