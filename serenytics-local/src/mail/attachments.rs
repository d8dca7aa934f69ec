//! Uploaded files that wait for an e-mail to attach them: their folders, and the limits on their number and age.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::sync::Mutex;
use url::form_urlencoded;
use uuid::Uuid;

use crate::access::Account;
use crate::base::{Context, Error, keep};

/// The maximum size of a file in bytes.
pub(crate) const LARGEST_ATTACHMENT: u64 = 25 * 1024 * 1024;

/// The maximum number of waiting files of an account.
const MAX_FILES: usize = 20;

/// How long a file can wait for its e-mail.
const FILE_TTL: Duration = Duration::from_secs(24 * 60 * 60);

const FOLDER_FAILED: &str = "could not access the folder of attachments";

/// A file that is reserved for an e-mail.
pub(crate) struct Claimed {
    /// Its current path, whose name is not a uuid: it does not wait any more.
    pub(crate) file: PathBuf,
    /// The path of the upload.
    uploaded: PathBuf,
}

/// The waiting files of all accounts.
pub(crate) struct Attachments {
    folder: PathBuf,
    /// Locked from the check of the limit until the file is stored.
    keeping: Mutex<()>,
}

impl Attachments {
    /// Creates an empty folder, deleting the files of an earlier process.
    pub(super) fn open(folder: PathBuf) -> Result<Attachments, Error> {
        const CONTEXT: &str = "could not create the folder of attachments";
        if folder.exists() {
            // Their e-mails were never requested, or were interrupted by a shutdown.
            std::fs::remove_dir_all(&folder).context(CONTEXT)?;
        }
        std::fs::create_dir_all(&folder).context(CONTEXT)?;
        Ok(Attachments { folder, keeping: Mutex::default() })
    }

    /// Returns the folder of the files of an account.
    pub(crate) fn folder(&self, account: &Account) -> PathBuf {
        // The encoding makes any account name a valid folder name.
        let name: String = form_urlencoded::byte_serialize(account.name().as_bytes()).collect();
        self.folder.join(format!("of {name}"))
    }

    /// Reserves the file that an account uploaded with this uuid, so that no other e-mail can use it.
    pub(crate) async fn claim(&self, account: &Account, uuid: &str) -> Result<Claimed, Error> {
        let unknown = || Error::refused(format!("unknown file: no file was uploaded with the uuid {uuid:?}"));
        let uploaded = self.folder(account).join(Uuid::parse_str(uuid).map_err(|_| unknown())?.to_string());
        let file = uploaded.with_extension(Uuid::new_v4().to_string());
        match tokio::fs::rename(&uploaded, &file).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(unknown()),
            Err(error) => Err(error).context(FOLDER_FAILED),
            Ok(()) => Ok(Claimed { file, uploaded }),
        }
    }

    /// Makes a file wait again after its e-mail was rejected.
    pub(crate) async fn give_back(&self, claimed: Claimed) {
        if let Err(error) = tokio::fs::rename(&claimed.file, &claimed.uploaded).await {
            tracing::warn!(%error, "could not restore an attachment");
        }
    }

    /// Removes a file after its e-mail was sent or has failed.
    pub(crate) async fn remove(&self, file: &Path) {
        if let Err(error) = tokio::fs::remove_file(file).await {
            tracing::warn!(%error, "could not remove an attachment");
        }
    }

    /// Creates the folder of an account. Fails if the account has too many waiting files.
    pub(crate) async fn check_room(&self, account: &Account, uuid: Uuid) -> Result<(), Error> {
        let folder = self.folder(account);
        tokio::task::spawn_blocking(move || check_room(&folder, uuid, FILE_TTL)).await.context(FOLDER_FAILED)?
    }

    /// Stores a received file under this uuid.
    pub(crate) async fn keep(&self, account: &Account, uuid: Uuid, file: NamedTempFile) -> Result<(), Error> {
        let _keeping = self.keeping.lock().await;
        // Other files may have arrived during the upload.
        self.check_room(account, uuid).await?;
        keep(file, self.folder(account).join(uuid.to_string())).await
    }
}

/// Removes files older than `ttl`. Fails if there are too many files for another one.
fn check_room(folder: &Path, uuid: Uuid, ttl: Duration) -> Result<(), Error> {
    std::fs::create_dir_all(folder).context(FOLDER_FAILED)?;
    let mut files = 0;
    for entry in std::fs::read_dir(folder).context(FOLDER_FAILED)? {
        let entry = entry.context(FOLDER_FAILED)?;
        let name = entry.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok());
        // Files without a uuid name are being received or belong to an e-mail. Missing files were sent in the meantime.
        let (Some(name), Ok(metadata)) = (name, entry.metadata()) else { continue };
        let age = metadata.modified().context(FOLDER_FAILED)?.elapsed().unwrap_or_default();
        if age > ttl {
            ignore_not_found(std::fs::remove_file(entry.path()))?;
        } else if name != uuid {
            files += 1;
        }
    }
    if files >= MAX_FILES {
        return Err(Error::refused(format!(
            "{MAX_FILES} uploaded files are waiting for their e-mails, which is the limit: send these e-mails first"
        )));
    }
    Ok(())
}

/// Ignores the error that a file does not exist.
fn ignore_not_found(removed: std::io::Result<()>) -> Result<(), Error> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context(FOLDER_FAILED),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_are_limited_in_number_and_age() {
        let folder = tempfile::tempdir().unwrap();
        let uuids: Vec<Uuid> = (0..MAX_FILES).map(|_| Uuid::new_v4()).collect();
        for uuid in &uuids {
            check_room(folder.path(), *uuid, FILE_TTL).unwrap();
            std::fs::write(folder.path().join(uuid.to_string()), "x").unwrap();
        }
        let error = check_room(folder.path(), Uuid::new_v4(), FILE_TTL).unwrap_err().to_string();
        assert!(error.starts_with("20 uploaded files are waiting"), "{error}");
        check_room(folder.path(), uuids[0], FILE_TTL).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        check_room(folder.path(), Uuid::new_v4(), Duration::from_millis(1)).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
