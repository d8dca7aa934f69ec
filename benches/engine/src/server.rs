//! Runs the server in a separate process and reads its memory use.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serenytics_local::Server;

/// The API key of all requests.
pub const KEY: &str = "key";

/// Serves until standard input is closed.
pub async fn serve(data: PathBuf, cache_memory: usize) {
    let server = Server::builder(data).api_key(KEY).cache_memory(cache_memory).start().await.unwrap();
    println!("{}", server.url());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    server.shutdown().await;
}

/// A running server process. Dropping it stops the server.
pub struct Process {
    pub url: String,
    child: Child,
}

impl Process {
    /// Starts a server without a result cache: the benchmarks repeat their queries to measure them.
    pub fn start(data: &Path) -> Process {
        Process::start_with_cache(data, 0)
    }

    pub fn start_with_cache(data: &Path, cache_memory: usize) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        // The same number of allocator arenas as `serenytics serve`.
        let processors = std::thread::available_parallelism().unwrap().get().max(2);
        command.env("MALLOC_ARENA_MAX", processors.to_string());
        command.arg("serve").arg(data).arg(cache_memory.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Process { url: url.trim_end().to_owned(), child }
    }

    /// Returns the memory that the server uses now, in MiB.
    pub fn memory(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// Returns the peak memory since the start, or since [`Process::reset_peak`], in MiB.
    pub fn peak(&self) -> f64 {
        self.status("VmHWM:")
    }

    /// Resets the peak to the current use.
    pub fn reset_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    fn status(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        value.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The server stops when its input is closed.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
