//! Parses the records of an exported CSV file in a thread while the file arrives, and returns them
//! in batches.

use std::io::Read;

use csv::{ReaderBuilder, StringRecord};
use flate2::read::MultiGzDecoder;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{Instrument, Span};

use crate::error::{Error, Kind};
use crate::export::ExportFormat;
use crate::export::builder::Download;
use crate::io::{PipeWriter, Progress, ProgressCallback, pipe, report};

/// Number of batches that are buffered.
const BUFFERED: usize = 2;

/// A parser of records.
pub(crate) trait Records: Send + 'static {
    /// A batch of parsed records.
    type Batch: Send + 'static;

    /// Reads the header. The error is a sentence.
    fn header(&mut self, names: &[String]) -> Result<(), String>;

    /// Reads a record, counted from 1, and returns a batch if one is full. The error is a sentence.
    fn record(&mut self, number: u64, record: &StringRecord) -> Result<Option<Self::Batch>, String>;

    /// Returns the last batch. The error is a sentence.
    fn rest(&mut self) -> Result<Option<Self::Batch>, String>;
}

/// Returns the batches of a download, in constant memory. Progress is reported while batches are
/// polled.
pub(crate) fn batches<R: Records>(
    download: Download,
    separator: char,
    records: R,
    progress: ProgressCallback<'static, Progress>,
) -> BoxStream<'static, Result<R::Batch, Error>> {
    let (writer, file) = pipe();
    let (sender, receiver) = mpsc::channel(BUFFERED);
    let cancellation = CancellationToken::new();
    let guard = cancellation.clone().drop_guard();
    let gzipped = download.format == ExportFormat::CsvGz;
    tokio::task::spawn_blocking(move || {
        let outcome = if gzipped {
            read(MultiGzDecoder::new(file), separator, records, &sender, &cancellation)
        } else {
            read(file, separator, records, &sender, &cancellation)
        };
        if let Err(error) = outcome {
            // Lost if the stream of batches was dropped.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let span = download.span.clone();
    let arriving: BoxFuture<'static, Result<(), Error>> = Box::pin(arrive(download, writer, progress).instrument(span));
    let state = State { arriving: Some(arriving), receiver, failed: false, _guard: guard };
    let batches = stream::unfold(state, |mut state| async move { state.next().await.map(|batch| (batch, state)) });
    // The stream may be polled again after its end.
    batches.fuse().boxed()
}

/// Writes a download to a pipe.
async fn arrive(
    mut download: Download,
    writer: PipeWriter,
    mut progress: ProgressCallback<'_, Progress>,
) -> Result<(), Error> {
    let total = download.response.length();
    let mut received = 0;
    while let Some(chunk) = download.response.chunk().await? {
        received += chunk.len() as u64;
        report(&mut progress, Progress::Downloading { received, total });
        if !writer.put(chunk).await {
            return Ok(());
        }
    }
    Span::current().record("bytes", received);
    writer.end().await;
    Ok(())
}

/// Batches that are being parsed.
struct State<B> {
    /// The download into the pipe, until it is complete.
    arriving: Option<BoxFuture<'static, Result<(), Error>>>,
    receiver: mpsc::Receiver<Result<B, Error>>,
    failed: bool,
    /// Stops the parsing thread.
    _guard: DropGuard,
}

impl<B> State<B> {
    async fn next(&mut self) -> Option<Result<B, Error>> {
        while !self.failed {
            let batch = match &mut self.arriving {
                None => self.receiver.recv().await,
                Some(arriving) => tokio::select! {
                    // First, because the connection's error explains a truncated file better than
                    // the parser's.
                    biased;
                    arrived = arriving => {
                        self.arriving = None;
                        match arrived {
                            Ok(()) => continue,
                            Err(error) => Some(Err(error)),
                        }
                    }
                    batch = self.receiver.recv() => batch,
                },
            };
            self.failed = batch.as_ref().is_none_or(Result::is_err);
            return batch;
        }
        None
    }
}

/// Parses a file's records and sends them as batches.
fn read<R: Records>(
    file: impl Read,
    separator: char,
    mut records: R,
    sender: &mpsc::Sender<Result<R::Batch, Error>>,
    cancelled: &CancellationToken,
) -> Result<(), Error> {
    let malformed = |message: String| Error::new(Kind::Decode, format!("the exported file: {message}"));
    let unreadable = |error: csv::Error| malformed(error.to_string()).caused_by(error);
    let mut reader =
        ReaderBuilder::new().delimiter(u8::try_from(separator).unwrap_or(b',')).has_headers(false).from_reader(file);
    let mut record = StringRecord::new();
    // A source without columns has no header.
    if !reader.read_record(&mut record).map_err(unreadable)? {
        return Ok(());
    }
    let names: Vec<String> = record.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    records.header(&names).map_err(malformed)?;
    let mut number = 0;
    while reader.read_record(&mut record).map_err(unreadable)? {
        number += 1;
        if let Some(batch) = records.record(number, &record).map_err(malformed)?
            && (cancelled.is_cancelled() || sender.blocking_send(Ok(batch)).is_err())
        {
            return Ok(());
        }
    }
    if let Some(batch) = records.rest().map_err(malformed)? {
        // Fails if the stream of batches was dropped.
        let _ = sender.blocking_send(Ok(batch));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lines(Vec<String>);

    impl Records for Lines {
        type Batch = Vec<String>;

        fn header(&mut self, names: &[String]) -> Result<(), String> {
            self.0 = names.to_vec();
            Ok(())
        }

        fn record(&mut self, number: u64, record: &StringRecord) -> Result<Option<Vec<String>>, String> {
            self.0.push(format!("{number}:{}", record.iter().collect::<Vec<_>>().join("|")));
            Ok((self.0.len() > 3).then(|| std::mem::take(&mut self.0)))
        }

        fn rest(&mut self) -> Result<Option<Vec<String>>, String> {
            Ok(Some(std::mem::take(&mut self.0)))
        }
    }

    fn all(text: &'static str) -> (Result<(), Error>, Vec<String>) {
        let (sender, mut receiver) = mpsc::channel(8);
        let outcome = read(text.as_bytes(), ';', Lines(Vec::new()), &sender, &CancellationToken::new());
        drop(sender);
        let mut lines = Vec::new();
        while let Ok(batch) = receiver.try_recv() {
            lines.extend(batch.unwrap());
        }
        (outcome, lines)
    }

    #[test]
    fn export_records_are_parsed_to_the_end() {
        let (outcome, lines) = all("\u{feff}a;b\n1;\"x;\n\"\n2;\n3;é\n");
        outcome.unwrap();
        assert_eq!(lines, ["a", "b", "1:1|x;\n", "2:2|", "3:3|é"]);
        assert!(all("").0.is_ok());
        let (outcome, _) = all("a;b\n1\n");
        assert!(outcome.unwrap_err().to_string().starts_with("the exported file: CSV error"));
    }
}
