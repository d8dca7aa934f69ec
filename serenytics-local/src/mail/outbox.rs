//! The outbox: a folder with a file `.eml` for each mail, and a line for each message of Slack.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use uuid::Uuid;

use crate::error::{Context, Error};

const FAILED: &str = "the outbox could not be written to";

/// A message of Slack.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SlackMessage {
    pub(crate) channel: String,
    pub(crate) text_msg: String,
    #[serde(default)]
    attachments: Value,
}

/// The folder.
pub(super) struct Outbox {
    folder: Arc<PathBuf>,
    /// Lines are written one after the other.
    writing: Arc<Mutex<()>>,
}

impl Outbox {
    pub(super) fn open(folder: PathBuf) -> Result<Outbox, Error> {
        std::fs::create_dir_all(&folder).context("the outbox could not be made")?;
        Ok(Outbox { folder: Arc::new(folder), writing: Arc::default() })
    }

    /// Writes a mail, whole or not at all.
    pub(super) async fn mail(&self, message: Vec<u8>, task: Uuid) -> Result<(), Error> {
        let folder = Arc::clone(&self.folder);
        blocking(move || write_mail(&folder, &message, task)).await
    }

    /// Writes a message of Slack.
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

/// Mails are listed in the order of their sending, by the time in front of their names.
fn write_mail(folder: &Path, message: &[u8], task: Uuid) -> std::io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(message)?;
    file.as_file().sync_all()?;
    let time = Timestamp::now().strftime("%Y%m%dT%H%M%S.%6fZ");
    file.persist(folder.join(format!("{time}-{task}.eml")))?;
    Ok(())
}

async fn blocking(work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<(), Error> {
    tokio::task::spawn_blocking(work).await.context(FAILED)?.context(FAILED)
}
