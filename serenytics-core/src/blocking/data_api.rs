//! The blocking data API.

use std::io::Write;

use serenytics_query::wire::{ColumnTitle, Pipeline};

use crate::blocking::Client;
use crate::blocking::runtime::Runtime;
use crate::data_api::unwritten;
use crate::{Answer, DataApiSource, Error};

/// The data API of a server, with blocking calls; see [`crate::DataApi`].
#[derive(Debug, Clone)]
pub struct DataApi {
    inner: crate::DataApi,
    runtime: Runtime,
}

blocking_types! {
    DataApi;
}

impl Client {
    sync_methods! {
        #[must_use]
        Client: data_api(&self) -> blocking DataApi;
    }
}

impl DataApi {
    async_methods! {
        DataApi: sources(&self) -> Vec<DataApiSource>;
        DataApi: columns(&self, uuid: &str) -> Vec<ColumnTitle>;
        DataApi: query(&self, uuid: &str, query: &Pipeline) -> Answer;
    }

    /// Runs a query and writes its rows as CSV, like
    /// [`DataApi::query_csv`](crate::DataApi::query_csv).
    ///
    /// # Errors
    /// Returns the same errors, and an error if called from async code.
    pub fn query_csv(&self, uuid: &str, query: &Pipeline, output: &mut impl Write) -> Result<u64, Error> {
        let mut response = self.runtime.wait(self.inner.csv(uuid, query))?;
        let mut written = 0;
        // Written outside of the runtime, because the output may itself block on another runtime.
        while let Some(chunk) = self.runtime.wait(response.chunk())? {
            output.write_all(&chunk).map_err(unwritten)?;
            written += chunk.len() as u64;
        }
        output.flush().map_err(unwritten)?;
        Ok(written)
    }
}
