//! What is attached to a mail: a file, uploaded before the mail is asked for.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use reqwest::StatusCode;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::error::{Error, Kind};
use crate::session::Session;
use crate::transport::{BodyStream, Deadline, Request, Signed};

/// What uploads of files are signed for.
const CONTENT_TYPE: &str = "application/octet-stream";

/// How many bytes travel at once.
const CHUNK: usize = 128 * 1024;

/// A file that was uploaded.
pub(super) struct Attached {
    /// What the server knows it by.
    pub(super) uuid: String,
    /// What it is called in the mail.
    pub(super) name: String,
}

/// Uploads a file, to where the server wants it.
pub(super) async fn upload(session: &Session, path: &Path, deadline: Deadline) -> Result<Attached, Error> {
    let unreadable = |error: io::Error| {
        let message = format!("the file to attach, `{}`, cannot be read: {error}", path.display());
        Error::new(Kind::Usage, message).caused_by(error)
    };
    let opened = async {
        let file = File::open(path).await?;
        let metadata = file.metadata().await?;
        if metadata.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok((file, metadata.len())) }
    };
    let (file, length) = deadline.hold("the file was not opened", opened).await?.map_err(unreadable)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();

    let sign = session.get(&["api", "sign_s3_file"], deadline).slash().query("s3_object_type", CONTENT_TYPE);
    let (request, uuid) = match Signed::asked(sign).await? {
        Some(Signed { url, object_name: Some(uuid) }) => {
            (Request::signed_upload(session.connection(), &url, CONTENT_TYPE, deadline), uuid)
        }
        Some(Signed { object_name: None, .. }) => {
            let message = "the server signed the upload of a file and does not say its `server_side_object_name`";
            return Err(Error::new(Kind::Decode, message));
        }
        None => {
            let uuid = new_uuid();
            let request = session.post(&["api", "upload_file", &uuid], deadline).expect(StatusCode::CREATED);
            (request, uuid)
        }
    };
    request.stream(bytes(file, length), Some(length)).send().await?.unless_error().await?;
    Ok(Attached { uuid, name })
}

/// The bytes of a file: as many as it had, in case that it grows meanwhile; an error if it has fewer.
fn bytes(file: File, length: u64) -> BodyStream {
    stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = vec![0; wanted];
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was sent"));
        }
        chunk.truncate(read);
        Ok(Some((Bytes::from(chunk), (file, left - read as u64))))
    })
    .boxed()
}

/// A uuid that nobody guesses: its bits come from what the standard library seeds its hash maps with.
fn new_uuid() -> String {
    let bits = || RandomState::new().hash_one(0);
    let (high, low) = (bits() & !0xf000 | 0x4000, bits() & !(0b11 << 62) | (0b10 << 62));
    let (high, low) = (format!("{high:016x}"), format!("{low:016x}"));
    [&high[..8], &high[8..12], &high[12..], &low[..4], &low[4..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_random_ones_and_differ() {
        let made: Vec<_> = (0..100).map(|_| new_uuid()).collect();
        for uuid in &made {
            assert_eq!(uuid.len(), 36);
            assert_eq!(&uuid[14..15], "4");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
        let distinct: std::collections::HashSet<_> = made.iter().collect();
        assert_eq!(distinct.len(), made.len());
    }

    #[tokio::test]
    async fn a_file_is_read_as_long_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; CHUNK + 10]).unwrap();
        let read = async |length| bytes(File::open(&path).await.unwrap(), length).collect::<Vec<_>>().await;
        let sizes =
            |pieces: Vec<io::Result<Bytes>>| pieces.into_iter().map(|piece| piece.map(|bytes| bytes.len()).ok());
        let whole: usize = sizes(read(CHUNK as u64 + 10).await).map(Option::unwrap).sum();
        assert_eq!(whole, CHUNK + 10);
        assert_eq!(sizes(read(3).await).collect::<Vec<_>>(), [Some(3)]);
        assert_eq!(sizes(read(CHUNK as u64 * 2).await).last().unwrap(), None);
        assert!(read(0).await.is_empty());
    }
}
