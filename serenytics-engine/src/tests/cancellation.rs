//! Tests of changes whose caller is cancelled, and of changes with an unknown outcome.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use futures_util::TryStreamExt;
use serde_json::json;
use tempfile::TempDir;

use crate::base::Error;
use crate::load::{LoadOptions, RowsFile, reload, run_batch};
use crate::session::Session;
use crate::storage::{Push, Snapshot, Storage, TableState, merge, scan_files};

/// A storage that is merged only when a test does it.
struct Target {
    storage: Arc<Storage>,
    session: Session,
    folder: TempDir,
}

/// A file with one column.
fn file(name: &str, values: &[i64]) -> RowsFile {
    let text: String = values.iter().map(|value| format!("{value}\n")).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{name}\n{text}")).unwrap();
    RowsFile::csv(file.reopen().unwrap(), LoadOptions { separator: b',', forced: [].into() })
}

impl Target {
    /// Opens a storage with the row 0.
    async fn new() -> Target {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path().join("storage"), TableState::default()).await.unwrap();
        reload(&storage, file("n", &[0])).await.unwrap();
        let session = Session::open(64 << 20, &folder.path().join("spill")).unwrap();
        Target { storage, session, folder }
    }

    async fn push(&self, value: i64) -> Result<(), Error> {
        let row = json!({"n": value});
        let fields = vec![("n".to_owned(), row["n"].clone())];
        let push =
            Push { fields, json: row.to_string().into(), forced: Box::new(|| Ok([].into())), guard: Box::new(()) };
        self.storage.push(push).await
    }

    async fn merge(&self) -> Result<(), Error> {
        merge(&self.storage, &self.session).await
    }

    /// Returns the rows that readers see.
    async fn rows(&self) -> Vec<Option<i64>> {
        self.rows_of(&self.storage.snapshot()).await
    }

    async fn rows_of(&self, snapshot: &Snapshot) -> Vec<Option<i64>> {
        let mut batches = Vec::new();
        if !snapshot.files.is_empty() {
            let rows = scan_files(&self.session.ordered, &snapshot.files, &snapshot.columns).unwrap();
            batches = rows.execute_stream().await.unwrap().try_collect().await.unwrap();
        }
        batches.extend(snapshot.unmerged.batches(&snapshot.columns).unwrap());
        batches
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().iter().collect::<Vec<_>>())
            .collect()
    }

    /// Returns the rows after the storage is opened again.
    async fn rows_on_disk(self) -> Vec<Option<i64>> {
        let Target { storage, session, folder } = self;
        drop(storage);
        let storage = Storage::open(folder.path().join("storage"), TableState::default()).await.unwrap();
        let target = Target { storage, session, folder };
        target.rows().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_load_is_applied_fully_or_not_at_all() {
    let mut made = 0;
    for step in 0..60 {
        let target = Target::new().await;
        target.push(1).await.unwrap();
        let load = reload(&target.storage, file("n", &[10, 11]));
        let is_cancelled = tokio::time::timeout(Duration::from_micros(400 * step), load).await.is_err();
        // Pushes and merges continue after it, and none of their rows is lost.
        target.push(2).await.unwrap();
        target.push(3).await.unwrap();
        target.merge().await.unwrap();
        target.push(4).await.unwrap();
        let rows = target.rows().await;
        match rows.iter().flatten().copied().collect::<Vec<_>>().as_slice() {
            [0, 1, 2, 3, 4] => assert!(is_cancelled),
            [10, 11, 2, 3, 4] => made += 1,
            // The load also replaced the rows that were pushed while it was read.
            [10, 11, 3, 4] | [10, 11, 4] if is_cancelled => made += 1,
            other => panic!("{other:?} after {step} steps"),
        }
        assert_eq!(target.rows_on_disk().await, rows);
    }
    assert!(made > 0, "every load was cancelled before its commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_fails_if_the_log_has_an_unknown_commit() {
    let target = Target::new().await;
    let other = Storage::open(target.folder.path().join("storage"), TableState::default()).await.unwrap();
    target.push(1).await.unwrap();
    // An interrupted change leaves the log like this: with a commit that the storage does not know.
    let request = json!({"operations": [{"action": "insert", "rows": [{"n": 10}]}]});
    run_batch(&other, &target.session, serde_json::from_value(request).unwrap(), [].into()).await.unwrap();
    drop(other);
    let error = target.merge().await.unwrap_err().messages().join("; ");
    assert!(error.starts_with("a change could not be committed"), "{error}");
    target.push(2).await.unwrap();
    assert_eq!(target.rows().await, [0, 10, 1, 2].map(Some));
    target.merge().await.unwrap();
    assert_eq!(target.rows().await, [0, 10, 1, 2].map(Some));
    assert_eq!(target.rows_on_disk().await, [0, 10, 1, 2].map(Some));
}

#[tokio::test(flavor = "multi_thread")]
async fn push_fails_while_the_outcome_of_a_reload_is_unknown() {
    let target = Target::new().await;
    target.push(1).await.unwrap();
    // The log cannot be synced to disk: one of its entries is not a file.
    let checkpoint = target.folder.path().join("storage/_delta_log/00000000000000000000.checkpoint.parquet");
    std::os::unix::fs::symlink("/dev/null", &checkpoint).unwrap();
    target.storage.table.lock().await.synced = 0;
    let error = reload(&target.storage, file("m", &[10])).await.unwrap_err().messages().join("; ");
    assert!(error.starts_with("the change may or may not have been applied"), "{error}");
    assert_eq!(target.rows().await, [0, 1].map(Some));
    let error = target.push(2).await.unwrap_err().messages().join("; ");
    assert!(error.contains("the outcome of the previous change is unknown"), "{error}");
    std::fs::remove_file(&checkpoint).unwrap();
    target.push(2).await.unwrap();
    let names = |snapshot: &Snapshot| snapshot.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&target.storage.snapshot()), ["m", "n"]);
    // The pushed row has no `m`.
    assert_eq!(target.rows().await, [Some(10), None]);
    assert_eq!(target.rows_on_disk().await, [Some(10), None]);
}
