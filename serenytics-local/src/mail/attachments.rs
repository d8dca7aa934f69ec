//! Files that wait to be attached to mails: where they are, how many there may be, and for how long.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::sync::Mutex;
use url::form_urlencoded;
use uuid::Uuid;

use crate::access::Account;
use crate::error::{Context, Error};

/// How many bytes a file has.
pub(crate) const LARGEST_ATTACHMENT: u64 = 25 * 1024 * 1024;

/// How many files of an account wait.
const FILES: usize = 20;

/// How long a file waits for its mail.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

const FAILED: &str = "the folder of attached files could not be read";

/// A file that belongs to a mail.
pub(crate) struct Claimed {
    /// Where it is now: under no uuid, and so none of those that wait.
    pub(crate) file: PathBuf,
    /// Where it was uploaded to.
    uploaded: PathBuf,
}

/// The files of all accounts.
pub(crate) struct Attachments {
    folder: PathBuf,
    /// Held by who looks for room and then gives a file its place.
    keeping: Mutex<()>,
}

impl Attachments {
    /// The files in a folder, of which there is none yet.
    pub(super) fn open(folder: PathBuf) -> Result<Attachments, Error> {
        const CONTEXT: &str = "the folder of attached files could not be made";
        if folder.exists() {
            // Their mails were never asked for, or were cut when the engine stopped.
            std::fs::remove_dir_all(&folder).context(CONTEXT)?;
        }
        std::fs::create_dir_all(&folder).context(CONTEXT)?;
        Ok(Attachments { folder, keeping: Mutex::default() })
    }

    /// The folder of an account's files.
    pub(crate) fn folder(&self, account: &Account) -> PathBuf {
        // Whatever characters the name has, this is the name of a folder, and none that leads elsewhere.
        let name: String = form_urlencoded::byte_serialize(account.name().as_bytes()).collect();
        self.folder.join(format!("of {name}"))
    }

    /// Takes the file that an account uploaded as this uuid, so that no other mail has it.
    pub(crate) async fn claim(&self, account: &Account, uuid: &str) -> Result<Claimed, Error> {
        let unknown = || Error::refused(format!("no file was uploaded as {uuid:?}"));
        let uploaded = self.folder(account).join(Uuid::parse_str(uuid).map_err(|_| unknown())?.to_string());
        let file = uploaded.with_extension(Uuid::new_v4().to_string());
        match tokio::fs::rename(&uploaded, &file).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(unknown()),
            Err(error) => Err(error).context(FAILED),
            Ok(()) => Ok(Claimed { file, uploaded }),
        }
    }

    /// Has a file wait again whose mail was not taken.
    pub(crate) async fn give_back(&self, claimed: Claimed) {
        if let Err(error) = tokio::fs::rename(&claimed.file, &claimed.uploaded).await {
            tracing::warn!(%error, "a file to attach does not wait any longer");
        }
    }

    /// Removes a file whose mail is sent, or will not be.
    pub(crate) async fn remove(&self, file: &Path) {
        if let Err(error) = tokio::fs::remove_file(file).await {
            tracing::warn!(%error, "an attached file could not be removed");
        }
    }

    /// Makes the folder of an account, and refuses a file for which there is no room.
    pub(crate) async fn check_room(&self, account: &Account, uuid: Uuid) -> Result<(), Error> {
        let folder = self.folder(account);
        tokio::task::spawn_blocking(move || check_room(&folder, uuid, KEPT)).await.context(FAILED)?
    }

    /// Keeps a file that was received in the folder of an account, as this uuid.
    pub(crate) async fn keep(&self, account: &Account, uuid: Uuid, file: NamedTempFile) -> Result<(), Error> {
        let _keeping = self.keeping.lock().await;
        // Others may have come while it did.
        self.check_room(account, uuid).await?;
        crate::api::keep(file, self.folder(account).join(uuid.to_string())).await
    }
}

/// Removes the files that are older than `kept`, and refuses one more when there are as many as there may be.
fn check_room(folder: &Path, uuid: Uuid, kept: Duration) -> Result<(), Error> {
    std::fs::create_dir_all(folder).context(FAILED)?;
    let mut files = 0;
    for entry in std::fs::read_dir(folder).context(FAILED)? {
        let entry = entry.context(FAILED)?;
        let name = entry.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok());
        // What has no uuid for its name is being received, or is a mail's; what is gone was sent meanwhile.
        let (Some(name), Ok(metadata)) = (name, entry.metadata()) else { continue };
        let age = metadata.modified().context(FAILED)?.elapsed().unwrap_or_default();
        if age > kept {
            unless_gone(std::fs::remove_file(entry.path()))?;
        } else if name != uuid {
            files += 1;
        }
    }
    if files >= FILES {
        return Err(Error::refused(format!(
            "{FILES} files wait to be attached to mails, which is as many as may: send their mails first"
        )));
    }
    Ok(())
}

/// Takes it for done that a file is removed when there is none.
fn unless_gone(removed: std::io::Result<()>) -> Result<(), Error> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context(FAILED),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_wait_for_a_while_and_are_so_many_at_most() {
        let folder = tempfile::tempdir().unwrap();
        let uuids: Vec<Uuid> = (0..FILES).map(|_| Uuid::new_v4()).collect();
        for uuid in &uuids {
            check_room(folder.path(), *uuid, KEPT).unwrap();
            std::fs::write(folder.path().join(uuid.to_string()), "x").unwrap();
        }
        let error = check_room(folder.path(), Uuid::new_v4(), KEPT).unwrap_err().to_string();
        assert!(error.starts_with("20 files wait"), "{error}");
        check_room(folder.path(), uuids[0], KEPT).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        check_room(folder.path(), Uuid::new_v4(), Duration::from_millis(1)).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
