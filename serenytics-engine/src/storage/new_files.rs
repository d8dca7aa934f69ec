//! Writes record batches to new data files, before a commit adds them to a storage.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;
use deltalake_core::DeltaTable;
use deltalake_core::datafile::writer::{PartitionWriter, PartitionWriterConfig};
use deltalake_core::kernel::Add;
use deltalake_core::operations::get_num_idx_cols_and_stats_columns;

use super::snapshot::CHECKSUMS;
use crate::base::{Context, Error};
use crate::rows::{Column, file_schema};
use crate::session::Checksums;

/// The number of rows in a row group: large enough to compress well, small enough to build in
/// memory.
const ROW_GROUP_ROWS: usize = 256 * 1024;

/// The size at which a new file is started.
const FILE_SIZE: NonZeroU64 = NonZeroU64::MIN.saturating_add(256 * 1024 * 1024);

const FAILED: &str = "a data file could not be written";

/// Writes data files into a new folder, which is removed unless they are committed.
pub(crate) struct NewFiles {
    writer: PartitionWriter,
    folder: NewFolder,
}

/// The folder of files that are not committed yet.
struct NewFolder {
    path: PathBuf,
    /// True if it existed before and may contain files of an earlier commit. It is then removed when the storage is
    /// opened, after its log was verified.
    existed: bool,
    keep: bool,
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.keep
            && !self.existed
            && self.path.exists()
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "unused files were not removed");
        }
    }
}

/// Files that are on disk and ready for a commit.
pub(crate) struct WrittenFiles {
    /// The actions that add them in a commit.
    pub(crate) add: Vec<Add>,
    folder: NewFolder,
}

impl NewFiles {
    /// Starts files with these columns for the commit with this number.
    pub(super) fn begin(
        table: &DeltaTable,
        storage: &Path,
        columns: &[Column],
        commit: u64,
    ) -> Result<NewFiles, Error> {
        // Paths start with the number, so that their order is the order of loading.
        let prefix = format!("{commit:012}");
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let config = PartitionWriterConfig::try_new(
            file_schema(columns),
            Default::default(),
            Some(properties),
            Some(FILE_SIZE),
            None,
            None,
            Some(prefix.as_str().into()),
        )
        .context(FAILED)?;
        let (indexed, _) = get_num_idx_cols_and_stats_columns(None, Default::default());
        let writer = PartitionWriter::try_with_config(table.object_store(), config, indexed, None).context(FAILED)?;
        let path = storage.join(prefix);
        let existed = path.exists();
        Ok(NewFiles { writer, folder: NewFolder { path, existed, keep: false } })
    }

    /// Writes a batch. Its schema must be [`file_schema`] of the columns.
    pub(crate) async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.writer.write(batch).await.context(FAILED)
    }

    /// Discards the files. Dropping this value does too, except for files that are still being
    /// written.
    pub(crate) async fn discard(self) {
        if let Err(error) = self.writer.abort().await {
            tracing::warn!(%error, "unused files were not discarded");
        }
    }

    /// Finishes the files. They are on disk when this returns.
    pub(crate) async fn finish(self) -> Result<WrittenFiles, Error> {
        let mut add = self.writer.close().await.context(FAILED)?;
        let folder = self.folder;
        let path = folder.path.clone();
        if !add.is_empty() {
            let finish = move || {
                sync_folder(&path)?;
                add.iter_mut().try_for_each(|add| add_checksums(&path, add))?;
                Ok::<_, std::io::Error>(add)
            };
            add = tokio::task::spawn_blocking(finish).await.context(FAILED)?.context(FAILED)?;
        }
        Ok(WrittenFiles { add, folder })
    }
}

impl WrittenFiles {
    /// Sets whether the files are kept when this value is dropped.
    pub(super) fn keep(&mut self, keep: bool) {
        self.folder.keep = keep;
    }
}

/// Adds the checksums of a file in a folder to the action that adds it to the table.
fn add_checksums(folder: &Path, add: &mut Add) -> std::io::Result<()> {
    let name = Path::new(&add.path).file_name().unwrap_or_default();
    let checksums = Checksums::of(&folder.join(name))?;
    add.tags.get_or_insert_default().insert(CHECKSUMS.to_owned(), Some(checksums.to_text()));
    Ok(())
}

/// Syncs a folder, its files and its entry in the parent folder to disk.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        std::fs::File::open(entry?.path())?.sync_all()?;
    }
    sync_file(folder)
}

/// Syncs a file or folder, and its entry in the parent folder, to disk.
pub(super) fn sync_file(file: &Path) -> std::io::Result<()> {
    std::fs::File::open(file)?.sync_all()?;
    match file.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Replaces a file with a copy that is synced to disk.
pub(super) fn replace_with_copy(file: &Path) -> std::io::Result<()> {
    let copy = file.with_extension("tmp");
    std::fs::copy(file, &copy)?;
    std::fs::File::open(&copy)?.sync_all()?;
    std::fs::rename(&copy, file)?;
    sync_file(file)
}
