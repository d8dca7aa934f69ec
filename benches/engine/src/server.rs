//! The server in a process of its own, and its memory.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serenytics_local::Server;

/// The key of all requests.
pub const KEY: &str = "key";

/// Serves until the standard input ends.
pub async fn serve(data: PathBuf) {
    let server = Server::builder(data).api_key(KEY).start().await.unwrap();
    println!("{}", server.url());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    server.shutdown().await;
}

/// A started server.
pub struct Process {
    pub url: String,
    child: Child,
}

impl Process {
    pub fn start(data: &Path) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        // As many arenas as the command has.
        let processors = std::thread::available_parallelism().unwrap().get().max(2);
        command.env("MALLOC_ARENA_MAX", processors.to_string());
        command.arg("serve").arg(data).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Process { url: url.trim_end().to_owned(), child }
    }

    /// The memory that the server has, in MiB.
    pub fn memory(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most memory that the server had since it started, or since [`Process::forget_peak`], in MiB.
    pub fn peak(&self) -> f64 {
        self.status("VmHWM:")
    }

    /// Begins a new peak.
    pub fn forget_peak(&self) {
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
        // Its input ends, and it stops.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
