//! Starts `serenytics serve` as a child process.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod python;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Returns the command without the environment variables that would change its behavior.
pub fn serenytics() -> Command {
    without_own_environment(Command::new(env!("CARGO_BIN_EXE_serenytics")))
}

fn without_own_environment(mut command: Command) -> Command {
    let is_own = |name: &str| name.starts_with("SERENYTICS_") || name == "MALLOC_ARENA_MAX";
    for (name, _) in std::env::vars().filter(|(name, _)| is_own(name)) {
        command.env_remove(name);
    }
    command
}

/// Returns a value of `/proc/PID/status` in bytes.
#[cfg(target_os = "linux")]
pub fn memory(process: u32, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// A server that is killed when it is dropped.
pub struct Serving {
    pub url: String,
    child: Child,
    /// Reads the log: a full pipe would block the server.
    errors: Option<JoinHandle<Vec<u8>>>,
}

impl Serving {
    /// Starts a server on a free port and waits until it listens.
    pub fn start(folder: &Path, arguments: &[&str]) -> Serving {
        Serving::run(serenytics(), folder, arguments)
    }

    /// Like [`start`](Self::start), with environment variables.
    pub fn start_in(folder: &Path, arguments: &[&str], environment: &[(&str, &Path)]) -> Serving {
        let mut command = serenytics();
        command.envs(environment.iter().copied());
        Serving::run(command, folder, arguments)
    }

    /// Starts a server through another program, which receives the command line as arguments.
    pub fn start_by(program: &[&str], folder: &Path) -> Serving {
        let mut command = without_own_environment(Command::new(program[0]));
        command.args(&program[1..]).arg(env!("CARGO_BIN_EXE_serenytics"));
        Serving::run(command, folder, &["--api-key", "key"])
    }

    fn run(mut command: Command, folder: &Path, arguments: &[&str]) -> Serving {
        command.args(["serve", "--data"]).arg(folder).args(arguments);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            errors.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        child.stdout = Some(output.into_inner());
        let Some(url) = line.trim_end().strip_prefix("serenytics is listening on ") else {
            let errors = String::from_utf8(errors.join().unwrap());
            panic!("the server did not start: {line:?} {errors:?}");
        };
        Serving { url: url.to_owned(), child, errors: Some(errors) }
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the peak memory of the server in bytes.
    #[cfg(target_os = "linux")]
    pub fn peak_memory(&self) -> usize {
        memory(self.id(), "VmHWM")
    }

    /// Sends a signal, by its name for `kill`, and waits for the exit.
    pub fn stop(mut self, signal: &str) -> Output {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(30), "the server did not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut output = Output { status: self.child.wait().unwrap(), stdout: Vec::new(), stderr: Vec::new() };
        self.child.stdout.take().unwrap().read_to_end(&mut output.stdout).unwrap();
        output.stderr = self.errors.take().unwrap().join().unwrap();
        output
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // After `stop` it has exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
