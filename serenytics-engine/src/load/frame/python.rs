//! Reads each data frame in a new Python process, with resource limits and without the server's
//! secrets.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::base::{Context, Error};

/// The Python script. It is embedded, so that the program does not need a separate file.
const SCRIPT: &str = include_str!("read_pickle.py");

/// The maximum length of a line of Python's output. The script writes shorter lines.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;

/// The environment variables that Python may need to start. All others are withheld, since they may
/// be secrets.
const VARIABLES: [&str; 7] =
    ["PATH", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYENV_ROOT", "PYENV_VERSION", "SYSTEMROOT"];

/// How many bytes at the end of Python's error output a message shows.
const SHOWN_STDERR: u64 = 2000;

const FAILED: &str = "the data frame could not be read";

/// The Python interpreter for data frames, and the limits of one reading.
#[derive(Debug, Clone)]
pub struct Python {
    /// The interpreter: a path, or a name to search in `PATH`.
    pub program: PathBuf,
    /// How many bytes of memory a reading may use, including Python itself.
    pub memory: u64,
    /// How long a reading may take.
    pub time: Duration,
}

impl Default for Python {
    fn default() -> Python {
        Python { program: PathBuf::from("python3"), memory: 4 << 30, time: Duration::from_secs(10 * 60) }
    }
}

/// Selects what the script prints.
#[derive(Debug, Clone, Copy)]
pub(super) enum PythonRequest {
    /// The columns.
    Header,
    /// The columns, and the cells of those whose type must be inferred.
    Untyped,
    /// The columns and all cells.
    Rows,
}

/// A column of a data frame.
#[derive(Debug, Deserialize)]
pub(super) struct FrameColumn {
    pub(super) name: String,
    /// The name of its type. `None` if it must be inferred from the cells.
    #[serde(rename = "type")]
    pub(super) type_name: Option<String>,
}

/// One line of the script's output.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PythonReply {
    /// The columns. They come first.
    Columns(Vec<FrameColumn>),
    /// The cells of some rows: one list per column.
    Cells(Vec<Vec<Value>>),
    /// The number of rows. It comes last.
    End(u64),
    /// The reason why the script stopped.
    Error(String),
}

impl Python {
    /// Starts reading a data frame.
    pub(super) fn read(&self, file: &File, request: PythonRequest) -> Result<Reading, Error> {
        let mut input = file.try_clone().context(FAILED)?;
        input.seek(SeekFrom::Start(0)).context(FAILED)?;
        let stderr = tempfile::tempfile().context(FAILED)?;
        let request = match request {
            PythonRequest::Header => "header",
            PythonRequest::Untyped => "untyped",
            PythonRequest::Rows => "rows",
        };
        let mut command = Command::new(&self.program);
        command.args(["-I", "-c", SCRIPT]).args([&self.memory.to_string(), &self.time.as_secs().to_string(), request]);
        command.env_clear().envs(VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        // Some libraries start one thread per processor, and each thread uses memory.
        command.envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1"), ("MKL_NUM_THREADS", "1")]);
        command.stdin(input).stdout(Stdio::piped()).stderr(stderr.try_clone().context(FAILED)?);
        let mut child = command.spawn().map_err(|error| self.not_started(&error))?;
        let output = child.stdout.take().ok_or_else(|| Error::failed(FAILED, "Python has no output"))?;
        Ok(Reading { python: self.clone(), child, output: BufReader::with_capacity(256 * 1024, output), stderr })
    }

    fn not_started(&self, error: &std::io::Error) -> Error {
        let program = self.program.display();
        let why = if error.kind() == ErrorKind::NotFound { "not found".to_owned() } else { error.to_string() };
        Error::rejected(format!(
            "the file is a pandas pickle, and the server's Python, {program}, could not be started ({why}): start the \
             server with --python PATH of one that has pandas, or send the rows as a .csv or .csv.gz file \
             (reload_data_from_file) or by batch"
        ))
    }
}

/// A running Python process that reads a data frame. It is killed on drop.
pub(super) struct Reading {
    python: Python,
    child: Child,
    output: BufReader<ChildStdout>,
    stderr: File,
}

impl Reading {
    /// Returns the next line of output. A [`PythonReply::Error`] is returned as an error.
    pub(super) fn next(&mut self) -> Result<PythonReply, Error> {
        let mut line = Vec::new();
        self.output.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line).context(FAILED)?;
        if line.last() != Some(&b'\n') {
            return Err(self.early_end(line.len() as u64));
        }
        match serde_json::from_slice(&line).context(FAILED)? {
            PythonReply::Error(message) => Err(Error::rejected(message)),
            reply => Ok(reply),
        }
    }

    /// Returns the columns, which are the first line.
    pub(super) fn columns(&mut self) -> Result<Vec<FrameColumn>, Error> {
        match self.next()? {
            PythonReply::Columns(columns) => Ok(columns),
            _ => Err(Error::failed(FAILED, "the rows came before the columns")),
        }
    }

    /// Returns the error for an output that ended too early.
    fn early_end(&mut self, length: u64) -> Error {
        if length >= MAX_LINE_BYTES {
            return Error::rejected("a row of the data frame is too long");
        }
        let status = match self.child.wait() {
            Ok(status) => status,
            Err(error) => return Error::failed(FAILED, error),
        };
        if is_out_of_time(status) {
            let seconds = self.python.time.as_secs();
            return Error::rejected(format!("reading the data frame exceeded the limit of {seconds} seconds"));
        }
        let mut shown = Vec::new();
        let start = self.stderr.seek(SeekFrom::End(0)).unwrap_or_default().saturating_sub(SHOWN_STDERR);
        let read = self.stderr.seek(SeekFrom::Start(start));
        if read.and_then(|_| self.stderr.by_ref().take(SHOWN_STDERR).read_to_end(&mut shown)).is_err() {
            shown.clear();
        }
        let shown = String::from_utf8_lossy(&shown);
        Error::rejected(format!(
            "the data frame could not be read: {} ended too early ({status}): {}",
            self.python.program.display(),
            shown.trim()
        ))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // The process has ended already if everything was read.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns true if a time limit that the script sets ended the process.
#[cfg(unix)]
fn is_out_of_time(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;

    // SIGALRM and SIGXCPU, on Linux and macOS.
    const ALARM: i32 = 14;
    const PROCESSOR_TIME: i32 = 24;
    matches!(status.signal(), Some(ALARM | PROCESSOR_TIME))
}

#[cfg(not(unix))]
fn is_out_of_time(_status: ExitStatus) -> bool {
    false
}
