//! Opens a storage: reads its table and its write-ahead log, and compares both with what was acknowledged.

use std::collections::HashSet;
use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};

use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::spawn_blocking;
use url::Url;

use super::TableState;
use super::acknowledged::{Acknowledged, AcknowledgedFile};
use super::check::{invalid_entry, later_commits};
use super::new_files::sync_file;
use super::path::DeleteOnDrop;
use super::push::{MAX_QUEUED, replayed, writer_loop};
use super::snapshot::Snapshot;
use super::table::{LOG, Storage, Table, log_file, merged_rows};
use super::wal::{self, WriteAheadLog};
use crate::base::{Context, Damage, Error, ErrorKind};

const CONTEXT: &str = "a storage could not be opened";

impl Storage {
    /// Opens the storage in a folder, creating it if needed. It must contain at least what is `expected`.
    pub(crate) async fn open(folder: PathBuf, expected: TableState) -> Result<Arc<Storage>, Error> {
        let acknowledged = AcknowledgedFile::open(&folder).context(CONTEXT)?;
        let known = acknowledged.get();
        if !folder.exists() {
            let least = least(known, &expected, None);
            if least.commits > 0 || least.pushes > 0 {
                let what = format!("its folder `{}` is missing", folder.display());
                return Err(Error::damaged(&Damage::of(&folder, what)));
            }
            std::fs::create_dir_all(&folder).and_then(|()| sync_file(&folder)).context(CONTEXT)?;
        }
        let folder = folder.canonicalize().context(CONTEXT)?;
        let mut table = Table { delta: unloaded(&folder)?, synced: 0, is_stale: false };
        let folder = Arc::new(DeleteOnDrop::new(folder));
        let snapshot = load(&mut table, &folder, known, &expected).await?;
        // The process may have been killed before the last commit was on disk. Its rows are removed
        // from the write-ahead log below.
        table.synced = table.commits().saturating_sub(1);
        table.sync_log(folder.path()).await?;

        let merged = snapshot.unmerged.last();
        let acknowledged_pushes = least(known, &expected, snapshot.table.as_deref()).pushes;
        let opened = {
            let folder = folder.path().to_owned();
            spawn_blocking(move || WriteAheadLog::open(&folder, merged, acknowledged_pushes))
        };
        let (wal, entries) = opened.await.context(CONTEXT)??;
        if known.is_some() {
            // Without that file, the log may have lost the commits that added these files.
            remove_unused(folder.path(), &snapshot);
        }
        if snapshot.commits > 0 {
            acknowledged.committed(snapshot.commits, snapshot.digest);
        }
        if wal.last() > 0 {
            acknowledged.pushed(wal.last());
        }
        let (types, rows) = replayed(&snapshot.columns, entries)?;
        let snapshot = snapshot.with_pushed(types.columns(), rows);

        let (pushes, queue) = mpsc::channel(MAX_QUEUED);
        let storage = Arc::new(Storage {
            folder,
            snapshot: RwLock::new(Arc::new(snapshot)),
            table: Arc::new(Mutex::new(table)),
            schema_lock: Arc::default(),
            wal: Arc::new(Mutex::new(wal)),
            acknowledged,
            checked: Default::default(),
            retired: AtomicBool::new(false),
            outcome_unknown: AtomicBool::new(false),
            pushes,
            due: Arc::default(),
            merged: watch::channel(None).0,
        });
        tokio::spawn(writer_loop(Arc::downgrade(&storage), queue));
        Ok(storage)
    }
}

/// Returns what a storage contains at least. What the caller expects of another table does not count.
fn least(known: Option<Acknowledged>, expected: &TableState, table: Option<&str>) -> Acknowledged {
    let known = known.unwrap_or_default();
    if table.is_some() && table != expected.table.as_deref() {
        return known;
    }
    Acknowledged {
        commits: known.commits.max(expected.commits),
        pushes: known.pushes.max(expected.pushes),
        digest: known.digest,
    }
}

/// Returns the table in a folder, before its log is read.
fn unloaded(folder: &Path) -> Result<DeltaTable, Error> {
    let url = Url::from_directory_path(folder)
        .map_err(|()| Error::new(ErrorKind::Failed, format!("{} is not a folder", folder.display())))?;
    DeltaTableBuilder::from_url(url).and_then(DeltaTableBuilder::build).context(CONTEXT)
}

/// Reads the log of a table, and compares it with what was acknowledged and with the files in the folder.
async fn load(
    table: &mut Table,
    folder: &Arc<DeleteOnDrop>,
    known: Option<Acknowledged>,
    expected: &TableState,
) -> Result<Snapshot, Error> {
    let empty = Snapshot::empty(Arc::clone(folder));
    let path = folder.path();
    let damage = |what: String| Err(Error::damaged(&Damage::of(path, what)));
    let mut snapshot = match read_log(table, path, known).await? {
        true => Snapshot::of(table.delta.snapshot().context(CONTEXT)?, table.merged().await?, &empty)?,
        false => empty,
    };
    let (commits, least) = (snapshot.commits, least(known, expected, snapshot.table.as_deref()).commits);
    if commits < least {
        let missing = log_file(path, commits);
        return damage(format!("its log has {commits} commits instead of {least}: `{}` is missing", missing.display()));
    }
    if let Some(known) = known.filter(|known| known.commits > 0)
        && digest_at(&snapshot, known.commits, folder).await.is_some_and(|digest| digest != known.digest)
    {
        let entry = invalid_entry(path).context(CONTEXT)?;
        return damage(entry.map_or_else(
            || format!("an entry of its log `{}` was changed", path.join(LOG).display()),
            |entry| entry.what,
        ));
    }
    // Files of the next commit may come from an interrupted write.
    if let Some(later) = later_commits(path, snapshot.commits + 1).context(CONTEXT)?.first() {
        let (commits, later) = (snapshot.commits, later.display());
        return damage(format!("its log has {commits} commits, but `{later}` has the files of a later one"));
    }
    snapshot =
        spawn_blocking(move || snapshot.check_files().map(|()| snapshot)).await.context(CONTEXT)?.context(CONTEXT)?;
    Ok(snapshot)
}

/// Reads the log of a table. Returns true if it has a commit.
async fn read_log(table: &mut Table, folder: &Path, known: Option<Acknowledged>) -> Result<bool, Error> {
    if !folder.join(LOG).is_dir() {
        return Ok(false);
    }
    match table.delta.load().await {
        Ok(()) => return Ok(true),
        // The first load was interrupted: there is a log folder without a commit.
        Err(DeltaTableError::NotATable(_) | DeltaTableError::InvalidVersion(_))
            if invalid_entry(folder).context(CONTEXT)?.is_none() =>
        {
            return Ok(false);
        }
        Err(error) => match invalid_entry(folder).context(CONTEXT)? {
            // A power failure can leave the beginning of a commit that was not acknowledged.
            Some(entry) if known.is_some_and(|known| entry.version >= known.commits) && entry.path.exists() => {
                let aside = entry.path.with_extension("interrupted");
                std::fs::rename(&entry.path, &aside).context(CONTEXT)?;
                tracing::warn!(path = %aside.display(), "moved an interrupted entry of a table's log");
            }
            Some(entry) => return Err(Error::damaged(&Damage::of(folder, entry.what))),
            // The system may fail to read a log that is not damaged.
            None if is_system_error(&error) => return Err(error).context(CONTEXT),
            None => {
                let error = Error::failed(format!("its log `{}` cannot be read", folder.join(LOG).display()), error);
                return Err(Error::damaged(&Damage::of(folder, error.messages().join("; "))));
            }
        },
    }
    table.delta = unloaded(folder)?;
    match table.delta.load().await {
        Ok(()) => Ok(true),
        Err(DeltaTableError::NotATable(_) | DeltaTableError::InvalidVersion(_)) => Ok(false),
        Err(error) => Err(error).context(CONTEXT),
    }
}

/// Returns true if the cause of an error is the operating system, and not the content of a file.
fn is_system_error(error: &DeltaTableError) -> bool {
    let causes = std::iter::successors(Some(error as &(dyn StdError + 'static)), |error| (*error).source());
    causes.filter_map(|error| error.downcast_ref::<io::Error>()).any(|error| error.raw_os_error().is_some())
}

/// Moves the folders of data files that belong to later commits than the log has. Returns their paths before and after.
pub(super) async fn set_later_files_aside(folder: &Path, aside: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Error> {
    let mut moved = Vec::new();
    if !folder.is_dir() {
        return Ok(moved);
    }
    let mut table = Table { delta: unloaded(&folder.canonicalize().context(CONTEXT)?)?, synced: 0, is_stale: false };
    read_log(&mut table, folder, None).await?;
    for later in later_commits(folder, table.commits()).context(CONTEXT)? {
        std::fs::create_dir_all(aside).context(CONTEXT)?;
        let target = aside.join(later.file_name().unwrap_or_default());
        std::fs::rename(&later, &target).context(CONTEXT)?;
        moved.push((later, target));
    }
    Ok(moved)
}

/// Returns the digest of a table at an earlier or the same commit. `None` if the log does not contain that commit anymore.
async fn digest_at(snapshot: &Snapshot, commits: u64, folder: &Arc<DeleteOnDrop>) -> Option<u32> {
    if snapshot.commits == commits {
        return Some(snapshot.digest);
    }
    let mut older = unloaded(folder.path()).ok()?;
    older.load_version(commits - 1).await.ok()?;
    let merged = merged_rows(&older).await.ok()?;
    let older = Snapshot::of(older.snapshot().ok()?, merged, &Snapshot::empty(Arc::clone(folder))).ok()?;
    Some(older.digest)
}

/// Removes files that are not in the snapshot, from interrupted loads or replaced long ago.
fn remove_unused(folder: &Path, snapshot: &Snapshot) {
    let used: HashSet<PathBuf> = snapshot.files.iter().map(|file| file.file.path().to_owned()).collect();
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name() != LOG && entry.file_name() != wal::FOLDER) {
        let path = entry.path();
        let Ok(inside) = std::fs::read_dir(&path) else { continue };
        for file in inside.flatten().map(|file| file.path()).filter(|file| !used.contains(file)) {
            if let Err(error) = std::fs::remove_file(&file) {
                tracing::warn!(path = %file.display(), %error, "an unused file was not removed");
            }
        }
        // This fails harmlessly if the folder still contains files.
        let _ = std::fs::remove_dir(&path);
    }
}
