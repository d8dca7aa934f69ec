//! The object store through which queries read data files. It verifies them, and reads no other files.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, coalesce_ranges,
};
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::task::spawn_blocking;

use super::checked_file::{BLOCK, CheckedFile};

/// The name of the store in errors.
const STORE: &str = "data files";

/// The data files that scans read. A scan adds its files before it is planned.
#[derive(Debug, Default)]
pub(crate) struct DataFiles {
    known: Mutex<HashMap<Path, Weak<CheckedFile>>>,
}

impl DataFiles {
    /// Adds the file that DataFusion reads at a location, until the file is dropped.
    pub(crate) fn add(&self, location: &Path, file: &Arc<CheckedFile>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == known.capacity() {
            known.retain(|_, file| file.strong_count() > 0);
        }
        known.insert(location.clone(), Arc::downgrade(file));
    }

    fn find(&self, location: &Path) -> Result<Arc<CheckedFile>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let file = known.get(location).and_then(Weak::upgrade);
        file.ok_or_else(|| failed(io::Error::other(format!("`{location}` is not a data file"))))
    }
}

/// Makes the error of a file. It never is [`Error::NotFound`], for which DataFusion would skip the file.
fn failed(error: io::Error) -> Error {
    Error::Generic { store: STORE, source: Box::new(error) }
}

fn unsupported() -> Error {
    Error::NotImplemented { operation: "this operation".to_owned(), implementer: STORE.to_owned() }
}

impl fmt::Display for DataFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STORE)
    }
}

#[async_trait]
impl ObjectStore for DataFiles {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let file = self.find(location)?;
        let location = location.clone();
        let read = spawn_blocking(move || {
            let metadata = file.check_size().map_err(failed)?;
            let modified = metadata.modified().map_err(failed)?.into();
            let meta = ObjectMeta { location, last_modified: modified, size: file.size(), e_tag: None, version: None };
            options.check_preconditions(&meta)?;
            let all = 0..meta.size;
            let range = match &options.range {
                Some(range) => range.as_range(meta.size).map_err(|error| failed(io::Error::other(error)))?,
                None => all,
            };
            let bytes = if options.head { Bytes::new() } else { file.read(&range).map_err(failed)? };
            let payload = GetResultPayload::Stream(stream::iter([Ok(bytes)]).boxed());
            Ok(GetResult { payload, meta, range, attributes: Default::default() })
        });
        read.await?
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        // A block is verified as a whole, so ranges in the same block are read together.
        coalesce_ranges(ranges, |range| self.get_range(location, range), BLOCK).await
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(unsupported())
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(unsupported())
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        stream::iter([Err(unsupported())]).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::iter([Err(unsupported())]).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(unsupported())
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(unsupported())
    }
}
