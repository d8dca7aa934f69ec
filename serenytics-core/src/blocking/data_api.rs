//! The blocking data API.

use std::io::Write;

use serenytics_query::wire::{ColumnTitle, Pipeline};

use crate::blocking::Client;
use crate::blocking::runtime::Runtime;
use crate::data_api::unwritten;
use crate::{Answer, DataApiSource, Error};

/// The data API of a server, whose calls wait: see [`crate::DataApi`].
#[derive(Debug, Clone)]
pub struct DataApi {
    inner: crate::DataApi,
    runtime: Runtime,
}

wraps! {
    DataApi;
}

impl Client {
    begins! {
        #[must_use]
        Client: data_api(&self) -> DataApi;
    }
}

impl DataApi {
    waits! {
        DataApi: sources(&self) -> Vec<DataApiSource>;
        DataApi: columns(&self, uuid: &str) -> Vec<ColumnTitle>;
        DataApi: query(&self, uuid: &str, query: &Pipeline) -> Answer;
    }

    /// As [`DataApi::query_csv`](crate::DataApi::query_csv), into an output that waits.
    ///
    /// # Errors
    /// Its errors; and a call from within async code.
    pub fn query_csv(&self, uuid: &str, query: &Pipeline, output: &mut impl Write) -> Result<u64, Error> {
        let mut response = self.runtime.wait(self.inner.csv(uuid, query))?;
        let mut written = 0;
        // The output is written to outside of the runtime, as it may be one that waits in its own way.
        while let Some(chunk) = self.runtime.wait(response.chunk())? {
            output.write_all(&chunk).map_err(unwritten)?;
            written += chunk.len() as u64;
        }
        output.flush().map_err(unwritten)?;
        Ok(written)
    }
}
