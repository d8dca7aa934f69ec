//! Uploads the file that is attached to a mail.

use std::io;
use std::path::Path;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use reqwest::StatusCode;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::error::{Error, Kind};
use crate::io::new_uuid;
use crate::session::Session;
use crate::transport::{BodyStream, Deadline, Request, Signed};

/// The content type that uploads are signed for.
const CONTENT_TYPE: &str = "application/octet-stream";

/// Size of a chunk in bytes.
const CHUNK: usize = 128 * 1024;

/// An uploaded file.
pub(super) struct Attached {
    /// The server's name for it.
    pub(super) uuid: String,
    /// Its name in the mail.
    pub(super) name: String,
}

/// Uploads a file to the URL that the server chose.
pub(super) async fn upload(session: &Session, path: &Path, deadline: Deadline) -> Result<Attached, Error> {
    let unreadable = |error: io::Error| {
        let message = format!("cannot read the file to attach, `{}`: {error}", path.display());
        Error::new(Kind::Usage, message).caused_by(error)
    };
    let opened = async {
        let file = File::open(path).await?;
        let metadata = file.metadata().await?;
        if metadata.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok((file, metadata.len())) }
    };
    let (file, length) = deadline.timeout("the file was not opened", opened).await?.map_err(unreadable)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();

    let sign = session.get(&["api", "sign_s3_file"], deadline).slash().query("s3_object_type", CONTENT_TYPE);
    let (request, uuid) = match Signed::asked(sign).await? {
        Some(Signed { url, object_name: Some(uuid) }) => {
            (Request::signed_upload(session.connection(), &url, CONTENT_TYPE, deadline), uuid)
        }
        Some(Signed { object_name: None, .. }) => {
            let message = "the server signed the upload of a file but returned no `server_side_object_name`";
            return Err(Error::new(Kind::Decode, message));
        }
        None => {
            let uuid = new_uuid();
            let request =
                session.post(&["api", "upload_file", &uuid], deadline).expect(StatusCode::CREATED).creates_file();
            (request, uuid)
        }
    };
    request.stream(bytes(file, length), Some(length)).send().await?.unless_error().await?;
    Ok(Attached { uuid, name })
}

/// Returns the first `length` bytes of a file, even if it grows; an error if it has fewer.
fn bytes(file: File, length: u64) -> BodyStream {
    stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let size = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = vec![0; size];
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file was truncated during the upload"));
        }
        chunk.truncate(read);
        Ok(Some((Bytes::from(chunk), (file, left - read as u64))))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn attachment_has_the_length_that_was_announced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; CHUNK + 10]).unwrap();
        let read = async |length| bytes(File::open(&path).await.unwrap(), length).collect::<Vec<_>>().await;
        let sizes =
            |chunks: Vec<io::Result<Bytes>>| chunks.into_iter().map(|chunk| chunk.map(|bytes| bytes.len()).ok());
        let whole: usize = sizes(read(CHUNK as u64 + 10).await).map(Option::unwrap).sum();
        assert_eq!(whole, CHUNK + 10);
        assert_eq!(sizes(read(3).await).collect::<Vec<_>>(), [Some(3)]);
        assert_eq!(sizes(read(CHUNK as u64 * 2).await).last().unwrap(), None);
        assert!(read(0).await.is_empty());
    }
}
