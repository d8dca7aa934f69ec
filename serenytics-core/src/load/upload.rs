//! Sending a file to where a server wants it: a signed URL of its storage, or the server itself.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use reqwest::{StatusCode, Url};
use tracing::debug;

use crate::data_source::DataSource;
use crate::error::{Error, Kind};
use crate::load::Progress;
use crate::load::file::CsvFile;
use crate::load::stream::{self, Wanted, Watch};
use crate::transport::{Deadline, Request, Signed};

/// What uploads of data are signed for.
const CONTENT_TYPE: &str = "csv/gz";
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
    // Dropped with this future, it ends the work of the threads that read the file.
    let wanted = Wanted::default();
    let mut length = None;
    if !file.gzipped {
        // S3, and many a server before others, takes no upload whose length it is not told.
        let measuring = measured(file.file, wanted.watch());
        (file.file, length) = deadline.hold("the file was not read", measuring).await?.map_err(unreadable)?;
    }
    let stream = stream::open(file, length, wanted.watch());
    let request = match &signed {
        Some(url) => Request::signed_upload(source.client(), url, CONTENT_TYPE, deadline),
        None => {
            let request = source.client().post(&["api", "data_source", source.uuid(), "file"], deadline);
            request.expect(StatusCode::CREATED)
        }
    };
    let mut sending = std::pin::pin!(request.stream(stream.body, stream.length).send());
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
    let error = match sent {
        Ok(_) if stream.reading.is_finished() => {
            progress(Progress::Uploading { read, total });
            return Ok(());
        }
        // What arrived is a part of the file, which must not be loaded for the whole.
        Ok(response) => response.error(
            Kind::Connection,
            "nothing was loaded: the server, or one before it, said that it has the file before it was sent the whole, or \
             the file changed meanwhile"
                .to_owned(),
        ),
        Err(error) => error,
    };
    // The request breaks off when the disk fails; when it breaks off itself, so does the reading.
    match stream.reading.failure() {
        Some(cause) if error.is_connection() && cause.kind() != io::ErrorKind::BrokenPipe => Err(unreadable(cause)),
        _ => Err(error),
    }
}

/// Where the server wants the file: a signed URL, or nothing when it takes files itself.
async fn signed_url(source: &DataSource, deadline: Deadline) -> Result<Option<Url>, Error> {
    let client = source.client();
    let request = client.get(&["api", "data_source", "sign_s3"], deadline).slash();
    let request = request.query("s3_object_type", CONTENT_TYPE).query("s3_object_name", source.uuid());
    Ok(Signed::asked(request).await?.map(|signed| signed.url))
}

/// A file, and its length when it is gzipped.
async fn measured(mut file: File, watch: Watch) -> io::Result<(File, Option<u64>)> {
    let measuring = tokio::task::spawn_blocking(move || {
        let length = stream::gzipped_length(&mut file, &watch)?;
        Ok((file, Some(length)))
    });
    measuring.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
