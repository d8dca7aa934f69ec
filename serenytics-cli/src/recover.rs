//! `serenytics recover`: lists and takes up storages that the catalogue does not know, or that are damaged.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serenytics_local::Recovery;

/// The arguments of `recover`.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct RecoverArguments {
    /// Data folder of a server that is stopped
    #[arg(value_name = "FOLDER")]
    data: PathBuf,
    /// Create a source for this unknown storage, and move the storage back (repeatable)
    #[arg(long, value_name = "STORAGE")]
    restore: Vec<String>,
    /// Restore every unknown storage
    #[arg(long, conflicts_with_all = ["restore", "name"])]
    restore_all: bool,
    /// Name of the restored source [default: recovered-<uuid>]
    #[arg(long, value_name = "NAME", requires = "restore")]
    name: Option<String>,
    /// Account of the restored sources [default: default]
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Continue with the rows that are left in this damaged storage (repeatable)
    #[arg(long, value_name = "UUID")]
    accept: Vec<String>,
}

const HELP: &str = "\
Without an option, the command lists the storages that a source does not have, and the damaged ones, and changes
nothing. Make a copy of the folder before you use an option.";

/// Runs the command.
pub(crate) async fn run(arguments: RecoverArguments) -> Result<(), String> {
    let message = |error: serenytics_local::Error| format!("{error:#}");
    let mut recovery = Recovery::open(&arguments.data).await.map_err(message)?;
    let mut output = io::stdout();
    let mut restore = arguments.restore;
    if arguments.restore_all {
        restore.extend(recovery.unknown().await.map_err(message)?.into_iter().map(|unknown| unknown.name));
    }
    let lists = restore.is_empty() && arguments.accept.is_empty() && !arguments.restore_all;
    for storage in &restore {
        let restored = recovery.restore(storage, arguments.name.as_deref(), arguments.account.as_deref()).await;
        let (uuid, rows) = restored.map_err(message)?;
        print(&mut output, &format!("restored the storage {storage} as the source {uuid} with {rows} rows"))?;
    }
    for uuid in &arguments.accept {
        let rows = recovery.accept(uuid).await.map_err(message)?;
        print(&mut output, &format!("accepted the storage {uuid} with {rows} rows"))?;
    }
    if lists {
        list(&recovery, &mut output).await?;
    }
    recovery.close().await;
    Ok(())
}

async fn list(recovery: &Recovery, output: &mut impl Write) -> Result<(), String> {
    let message = |error: serenytics_local::Error| format!("{error:#}");
    if !recovery.has_catalogue() {
        print(output, "the catalogue is missing or empty: --restore and --restore-all create a new one")?;
    }
    let (unknown, damaged) = (recovery.unknown().await.map_err(message)?, recovery.damaged().await.map_err(message)?);
    for storage in &unknown {
        print(output, &format!("unknown storage {}: {}", storage.name, storage.path.display()))?;
    }
    for storage in &damaged {
        let (uuid, source, rows) = (&storage.uuid, &storage.source, storage.rows);
        print(output, &format!("damaged storage {uuid} of the source `{source}`, last known with {rows} rows"))?;
        print(output, &format!("  {}", storage.error))?;
    }
    print(output, &format!("{} unknown and {} damaged storages", unknown.len(), damaged.len()))
}

/// Writes a line. It is not an error if the reader has gone.
fn print(output: &mut impl Write, line: &str) -> Result<(), String> {
    match writeln!(output, "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("could not write to the standard output: {error}"))
        }
        _ => Ok(()),
    }
}
