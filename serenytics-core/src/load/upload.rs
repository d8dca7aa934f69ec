//! Sending a file to where a server wants it: a signed URL of its storage, or the server itself.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tracing::debug;

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::load::Progress;
use crate::load::file::CsvFile;
use crate::load::stream;
use crate::transport::{Deadline, Request};

/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);

/// Uploads a file for a source.
pub(crate) async fn send(
    source: &DataSource,
    path: &Path,
    mut file: CsvFile,
    deadline: Deadline,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), Error> {
    let unreadable = |error: io::Error| {
        let message = format!("the file `{}` cannot be read to its end: {error}", path.display());
        Error::new(Kind::Usage, message).caused_by(error)
    };
    let total = file.size;
    let signed = signed_url(source, deadline).await?;
    let mut length = None;
    if signed.is_some() && !file.gzipped {
        // S3 takes no upload whose length it is not told.
        (file.file, length) = measured(file.file).await.map_err(unreadable)?;
    }
    let stream = stream::open(file, length);
    let request = match &signed {
        Some(url) => Request::signed_upload(source.client(), url)?,
        None => {
            let request = source.client().post(&["api", "data_source", source.uuid(), "file"]);
            request.expect(StatusCode::CREATED)
        }
    };
    let mut sending = std::pin::pin!(request.stream(stream.body, stream.length).until(deadline).send());
    let mut ticks = tokio::time::interval(TICK);
    let sent = loop {
        tokio::select! {
            sent = &mut sending => break sent,
            _ = ticks.tick() => {
                progress(Progress::Uploading { read: stream.reading.read(), total });
            }
        }
    };
    let read = stream.reading.read();
    debug!(read, signed = signed.is_some(), "uploaded");
    match sent {
        Ok(_) => {
            progress(Progress::Uploading { read, total });
            Ok(())
        }
        // The request breaks off when the disk fails; when it breaks off itself, so does the reading.
        Err(error) if error.is_connection() => match stream.reading.failure() {
            Some(cause) if cause.kind() != io::ErrorKind::BrokenPipe => Err(unreadable(cause)),
            _ => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Where the server wants the file: a signed URL, or nothing when it takes files itself.
async fn signed_url(source: &DataSource, deadline: Deadline) -> Result<Option<String>, Error> {
    let client = source.client();
    let request = client
        .get(&["api", "data_source", "sign_s3", ""])
        .query("s3_object_type", "csv/gz")
        .query("s3_object_name", source.uuid())
        .until(deadline.or(Deadline::after(client.deadlines().overall)));
    let mut response = request.send().await?;
    let body = response.whole().await?;
    let answer: Value = response.parse(&body)?;
    match (answer.get("signed_request"), answer.get("status")) {
        (Some(Value::String(url)), _) => Ok(Some(url.clone())),
        (_, Some(status)) if status == "error" => Ok(None),
        _ => Err(response.error(Kind::Decode, "the answer has no `signed_request`".to_owned())),
    }
}

/// A file, and its length when it is gzipped.
async fn measured(mut file: File) -> io::Result<(File, Option<u64>)> {
    let measuring = tokio::task::spawn_blocking(move || {
        let length = stream::gzipped_length(&mut file)?;
        Ok((file, Some(length)))
    });
    measuring.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
