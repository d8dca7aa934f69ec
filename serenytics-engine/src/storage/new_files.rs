//! New data files: record batches on their way to the disk, before a commit makes them part of a storage.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;
use deltalake_core::DeltaTable;
use deltalake_core::datafile::writer::{PartitionWriter, PartitionWriterConfig};
use deltalake_core::kernel::Add;
use deltalake_core::operations::get_num_idx_cols_and_stats_columns;

use crate::base::{Context, Error};
use crate::rows::{Column, file_schema};

/// How many rows a row group has: large enough to compress well, small enough to be kept in memory while it is built.
const ROW_GROUP: usize = 256 * 1024;

/// How large a file grows before the next one is begun.
const FILE_SIZE: NonZeroU64 = NonZeroU64::MIN.saturating_add(256 * 1024 * 1024);

const FAILED: &str = "a data file could not be written";

/// Writes data files into a folder of their own, which is removed unless they are committed.
pub(crate) struct NewFiles {
    writer: PartitionWriter,
    folder: NewFolder,
}

/// The folder of files that no commit has yet.
struct NewFolder {
    path: PathBuf,
    keep: bool,
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.keep
            && self.path.exists()
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "unused files were not removed");
        }
    }
}

/// Files that are on the disk and wait for their commit.
pub(crate) struct WrittenFiles {
    /// What the commit says of them.
    pub(crate) add: Vec<Add>,
    folder: NewFolder,
}

impl NewFiles {
    /// Begins files with these columns for the commit with this number.
    pub(super) fn begin(
        table: &DeltaTable,
        storage: &Path,
        columns: &[Column],
        commit: u64,
    ) -> Result<NewFiles, Error> {
        // The number comes first in a file's path, so that the order of paths is the order of loading.
        let prefix = format!("{commit:012}");
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP))
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
        Ok(NewFiles { writer, folder: NewFolder { path: storage.join(prefix), keep: false } })
    }

    /// Writes a batch; its schema is [`file_schema`] of the columns.
    pub(crate) async fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.writer.write(batch).await.context(FAILED)
    }

    /// Gives the files up. Without this they go too, but for those that are still on their way to the disk.
    pub(crate) async fn discard(self) {
        if let Err(error) = self.writer.abort().await {
            tracing::warn!(%error, "unused files were not given up");
        }
    }

    /// Finishes the files: they are on the disk when this returns.
    pub(crate) async fn finish(self) -> Result<WrittenFiles, Error> {
        let add = self.writer.close().await.context(FAILED)?;
        let folder = self.folder;
        let path = folder.path.clone();
        if !add.is_empty() {
            tokio::task::spawn_blocking(move || sync_folder(&path)).await.context(FAILED)?.context(FAILED)?;
        }
        Ok(WrittenFiles { add, folder })
    }
}

impl WrittenFiles {
    /// Keeps the files, or lets them be removed with this value.
    pub(super) fn keep(&mut self, keep: bool) {
        self.folder.keep = keep;
    }
}

/// Waits until a folder, its name and its files are on the disk.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        std::fs::File::open(entry?.path())?.sync_all()?;
    }
    sync_file(folder)
}

/// Waits until a file or folder, and its name in the folder that holds it, are on the disk.
pub(super) fn sync_file(file: &Path) -> std::io::Result<()> {
    std::fs::File::open(file)?.sync_all()?;
    match file.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Puts a copy that is on the disk in the place of a file.
pub(super) fn write_anew(file: &Path) -> std::io::Result<()> {
    let copy = file.with_extension("tmp");
    std::fs::copy(file, &copy)?;
    std::fs::File::open(&copy)?.sync_all()?;
    std::fs::rename(&copy, file)?;
    sync_file(file)
}
