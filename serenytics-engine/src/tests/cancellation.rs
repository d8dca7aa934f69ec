//! Cuts: changes whose caller leaves half-way, and changes of which it is not known at first whether they were made.

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
use crate::storage::{Push, Snapshot, Storage, merge, scan_files};

/// A storage that nothing is merged into unless a test does.
struct Target {
    storage: Arc<Storage>,
    session: Session,
    folder: TempDir,
}

/// A file of one column.
fn file(name: &str, values: &[i64]) -> RowsFile {
    let text: String = values.iter().map(|value| format!("{value}\n")).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{name}\n{text}")).unwrap();
    RowsFile::csv(file.reopen().unwrap(), LoadOptions { separator: b',', forced: [].into() })
}

impl Target {
    /// A storage with the row 0.
    async fn new() -> Target {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path().join("storage")).await.unwrap();
        reload(&storage, file("n", &[0])).await.unwrap();
        let session = Session::open(64 << 20, &folder.path().join("spill")).unwrap();
        Target { storage, session, folder }
    }

    async fn push(&self, value: i64) -> Result<(), Error> {
        let row = json!({"n": value});
        let fields = vec![("n".to_owned(), row["n"].clone())];
        let push = Push { fields, json: row.to_string().into(), forced: Ok([].into()), guard: Box::new(()) };
        self.storage.push(push).await
    }

    async fn merge(&self) -> Result<(), Error> {
        merge(&self.storage, &self.session).await
    }

    /// The rows that readers see.
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

    /// The rows that are there when the storage is opened again.
    async fn rows_on_disk(self) -> Vec<Option<i64>> {
        let Target { storage, session, folder } = self;
        drop(storage);
        let storage = Storage::open(folder.path().join("storage")).await.unwrap();
        let target = Target { storage, session, folder };
        target.rows().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_cut_is_made_wholly_or_not_at_all() {
    let mut made = 0;
    for step in 0..60 {
        let target = Target::new().await;
        target.push(1).await.unwrap();
        let load = reload(&target.storage, file("n", &[10, 11]));
        let is_cut = tokio::time::timeout(Duration::from_micros(400 * step), load).await.is_err();
        // Pushes and merges go on behind it, and none of their rows is lost.
        target.push(2).await.unwrap();
        target.push(3).await.unwrap();
        target.merge().await.unwrap();
        target.push(4).await.unwrap();
        let rows = target.rows().await;
        match rows.iter().flatten().copied().collect::<Vec<_>>().as_slice() {
            [0, 1, 2, 3, 4] => assert!(is_cut),
            [10, 11, 2, 3, 4] => made += 1,
            // What was pushed while the load was still read went with the others.
            [10, 11, 3, 4] | [10, 11, 4] if is_cut => made += 1,
            other => panic!("{other:?} after {step} steps"),
        }
        assert_eq!(target.rows_on_disk().await, rows);
    }
    assert!(made > 0, "every load was cut before its commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_not_ours_is_not_taken_for_one_that_is() {
    let target = Target::new().await;
    let other = Storage::open(target.folder.path().join("storage")).await.unwrap();
    target.push(1).await.unwrap();
    // As a change that was cut leaves the log: with a commit that the storage does not know of.
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
async fn no_row_is_pushed_or_shown_before_it_is_known_which_columns_there_are() {
    let target = Target::new().await;
    target.push(1).await.unwrap();
    // The log cannot be brought to the disk: something in it is no file.
    let checkpoint = target.folder.path().join("storage/_delta_log/00000000000000000000.checkpoint.parquet");
    std::os::unix::fs::symlink("/dev/null", &checkpoint).unwrap();
    target.storage.table.lock().await.synced = 0;
    let error = reload(&target.storage, file("m", &[10])).await.unwrap_err().messages().join("; ");
    assert!(error.starts_with("it is not known whether the change was made"), "{error}");
    assert_eq!(target.rows().await, [0, 1].map(Some));
    let error = target.push(2).await.unwrap_err().messages().join("; ");
    assert!(error.contains("may be made or not"), "{error}");
    std::fs::remove_file(&checkpoint).unwrap();
    target.push(2).await.unwrap();
    let names = |snapshot: &Snapshot| snapshot.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&target.storage.snapshot()), ["m", "n"]);
    // The row that was pushed has no `m`.
    assert_eq!(target.rows().await, [Some(10), None]);
    assert_eq!(target.rows_on_disk().await, [Some(10), None]);
}
