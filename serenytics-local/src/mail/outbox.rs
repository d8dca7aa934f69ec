//! The outbox: a folder with an `.eml` file for each e-mail, and a file with a line for each Slack message.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use uuid::Uuid;

use crate::base::{Context, Error};

const WRITE_FAILED: &str = "could not write to the outbox";

/// A Slack message.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SlackMessage {
    pub(crate) channel: String,
    pub(crate) text_msg: String,
    #[serde(default)]
    attachments: Value,
}

/// The outbox folder.
pub(super) struct Outbox {
    folder: Arc<PathBuf>,
    /// Serializes writes to the file of Slack messages.
    writing: Arc<Mutex<()>>,
}

impl Outbox {
    pub(super) fn open(folder: PathBuf) -> Result<Outbox, Error> {
        std::fs::create_dir_all(&folder).context("could not create the outbox")?;
        Ok(Outbox { folder: Arc::new(folder), writing: Arc::default() })
    }

    /// Writes an e-mail atomically.
    pub(super) async fn mail(&self, message: Vec<u8>, task: Uuid) -> Result<(), Error> {
        let folder = Arc::clone(&self.folder);
        blocking(move || write_mail(&folder, &message, task)).await
    }

    /// Writes a Slack message.
    pub(super) async fn slack(&self, message: SlackMessage) -> Result<(), Error> {
        let (folder, writing) = (Arc::clone(&self.folder), Arc::clone(&self.writing));
        blocking(move || {
            let mut line = json!(message);
            line["time"] = Timestamp::now().to_string().into();
            let _writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
            let mut file = File::options().create(true).append(true).open(folder.join("slack.jsonl"))?;
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_data()
        })
        .await
    }
}

/// Writes an e-mail to a file whose name begins with the time, so that a list is in chronological order.
fn write_mail(folder: &Path, message: &[u8], task: Uuid) -> std::io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(message)?;
    file.as_file().sync_all()?;
    let time = Timestamp::now().strftime("%Y%m%dT%H%M%S.%6fZ");
    file.persist(folder.join(format!("{time}-{task}.eml")))?;
    Ok(())
}

/// Runs blocking work on another thread.
async fn blocking(work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<(), Error> {
    tokio::task::spawn_blocking(work).await.context(WRITE_FAILED)?.context(WRITE_FAILED)
}
