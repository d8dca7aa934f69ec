//! Runs one job with this client and measures it. Each job has its own process.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serenytics::prelude::*;

use crate::Outcome;
use crate::data;
use crate::measured::{Measured, usage};
use crate::server::KEY;

/// The columns of the storage.
#[derive(Source)]
#[source(name = "bench")]
pub(crate) struct Bench {
    pub(crate) id: i64,
    pub(crate) country: String,
    pub(crate) product: String,
    pub(crate) revenue: f64,
    pub(crate) quantity: i64,
    pub(crate) sold_at: DateTime,
}

/// A row of the storage.
#[derive(Row)]
#[allow(dead_code, reason = "only reading it is measured")]
pub(crate) struct Sale {
    id: i64,
    country: String,
    product: String,
    revenue: f64,
    quantity: i64,
    sold_at: DateTime,
}

/// Returns the query for all rows.
pub(crate) fn all_rows() -> Query<Sale> {
    query! { from Bench select id, country, product, revenue, quantity, sold_at into Sale }
}

/// Runs a job in a new process.
pub(crate) fn run_in_process(job: &str, url: &str, file: &Path) -> Outcome<Measured> {
    let output = Command::new(std::env::current_exe()?).args(["job", job, url]).arg(file).output()?;
    if !output.status.success() {
        return Err(format!("the job {job} failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Runs a job in this process.
pub(crate) fn run(job: &str, url: &str, file: &Path) -> Outcome<Measured> {
    let client = Client::builder().url(url).api_key(KEY).build()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let source = client.get_or_create_storage("bench").await?;
        let given = if job == "load-rows" { data::read(file)? } else { Vec::new() };
        let (processor, idle) = usage()?;
        let begun = Instant::now();
        let rows = match job {
            "fetch" => client.fetch(&all_rows()).await?.len() as u64,
            "load-file" => {
                source.reload_from_csv(file).send().await?;
                source.row_count().await?
            }
            "load-rows" => {
                source.reload(given).send().await?;
                source.row_count().await?
            }
            "stream" => {
                let mut rows = client.stream(&all_rows()).await?;
                let mut count = 0;
                while let Some(row) = rows.try_next().await? {
                    std::hint::black_box(row);
                    count += 1;
                }
                count
            }
            other => return Err(format!("unknown job: {other:?}").into()),
        };
        let (after, peak) = usage()?;
        Ok(Measured { rows, wall: begun.elapsed().as_secs_f64(), processor: after - processor, peak, idle })
    })
}
