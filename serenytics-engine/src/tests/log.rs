//! Tests that no library of the engine logs a cell.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::load::{LoadOptions, RowsFile, reload, run_batch};
use crate::session::Session;
use crate::storage::{Storage, TableState};

/// Collects the fields of all events up to the level `info`.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Fields(&self.0, event.metadata().target()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Fields<'a>(&'a Mutex<Vec<String>>, &'a str);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.lock().unwrap().push(format!("{} {field}={value:?}", self.1));
    }
}

fn file(text: &str) -> RowsFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    RowsFile::csv(file.reopen().unwrap(), LoadOptions { separator: b',', forced: [].into() })
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_of_a_column_with_another_type_logs_no_cell() {
    let events = Events::default();
    // Other tests log too, but only this one has the cell.
    tracing::subscriber::set_global_default(events.clone()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let session = Session::open(64 << 20, &folder.path().join("spill")).unwrap();
    let path = folder.path().join("storage");
    let storage = Storage::open(path.clone(), TableState::default()).await.unwrap();
    let types = ["@canary", "7", "2024-01-01", "1.5", "@canary", "2"];
    for (text, next) in types.iter().zip(types.iter().cycle().skip(1)) {
        reload(&storage, file(&format!("n\n{text}\n{text}\n"))).await.unwrap();
        let insert = serde_json::json!({"operations": [{"action": "insert", "rows": [{"n": text}, {"m": next}]}]});
        let _ = run_batch(&storage, &session, serde_json::from_value(insert).unwrap(), [].into()).await;
        Storage::open(path.clone(), TableState::default()).await.unwrap();
    }
    tracing::error!("the end of the test");
    let events = events.0.lock().unwrap();
    assert!(events.iter().any(|event| event.contains("the end of the test")));
    let wrong: Vec<_> =
        events.iter().filter(|event| event.contains("canary") || event.contains("failed to parse")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
