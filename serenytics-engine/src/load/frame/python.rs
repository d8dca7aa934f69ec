//! Python: a process of its own for each reading of a data frame, with limits and without the server's secrets.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::base::{Context, Error};

/// What Python runs. It is given as text, so that it is there wherever the program is.
const SCRIPT: &str = include_str!("read_pickle.py");

/// The longest line that is taken from Python; the script makes shorter ones.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// The variables that a Python may need to find itself. Others, which may be secrets, are not given to it.
const VARIABLES: [&str; 7] =
    ["PATH", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYENV_ROOT", "PYENV_VERSION", "SYSTEMROOT"];

/// How much of what a failed Python complained about is told.
const COMPLAINT: u64 = 2000;

const FAILED: &str = "the data frame could not be read";

/// The Python that reads data frames, and what each of them may take.
#[derive(Debug, Clone)]
pub struct Python {
    /// The interpreter; a name is looked for in `PATH`.
    pub program: PathBuf,
    /// How many bytes of memory a data frame may take, Python's own among them.
    pub memory: u64,
    /// How long reading one may take.
    pub time: Duration,
}

impl Default for Python {
    fn default() -> Python {
        Python { program: PathBuf::from("python3"), memory: 4 << 30, time: Duration::from_secs(10 * 60) }
    }
}

/// What is asked of a data frame.
#[derive(Debug, Clone, Copy)]
pub(super) enum PythonRequest {
    /// Its columns.
    Header,
    /// Its columns, and the cells of those whose type the cells decide.
    Texts,
    /// Its columns and all cells.
    Rows,
}

/// A column of a data frame.
#[derive(Debug, Deserialize)]
pub(super) struct FrameColumn {
    pub(super) name: String,
    /// The name of its type; none if the cells decide.
    #[serde(rename = "type")]
    pub(super) type_name: Option<String>,
}

/// One line of what the script says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PythonReply {
    /// The columns, which come first.
    Columns(Vec<FrameColumn>),
    /// The cells of some rows, a list a column.
    Cells(Vec<Vec<Value>>),
    /// The number of rows, when everything was said.
    End(u64),
    /// Why there is nothing more.
    Error(String),
}

impl Python {
    /// Begins to read a data frame.
    pub(super) fn read(&self, file: &File, asked: PythonRequest) -> Result<Reading, Error> {
        let mut input = file.try_clone().context(FAILED)?;
        input.seek(SeekFrom::Start(0)).context(FAILED)?;
        let complaints = tempfile::tempfile().context(FAILED)?;
        let asked = match asked {
            PythonRequest::Header => "header",
            PythonRequest::Texts => "texts",
            PythonRequest::Rows => "rows",
        };
        let mut command = Command::new(&self.program);
        command.args(["-I", "-c", SCRIPT]).args([&self.memory.to_string(), &self.time.as_secs().to_string(), asked]);
        command.env_clear().envs(VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        // Libraries that begin a thread for each processor take memory for each of them.
        command.envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1"), ("MKL_NUM_THREADS", "1")]);
        command.stdin(input).stdout(Stdio::piped()).stderr(complaints.try_clone().context(FAILED)?);
        let mut child = command.spawn().map_err(|error| self.not_started(&error))?;
        let output = child.stdout.take().ok_or_else(|| Error::failed(FAILED, "Python has no output"))?;
        Ok(Reading { python: self.clone(), child, output: BufReader::with_capacity(256 * 1024, output), complaints })
    }

    fn not_started(&self, error: &std::io::Error) -> Error {
        let program = self.program.display();
        let why = if error.kind() == ErrorKind::NotFound { "there is none".to_owned() } else { error.to_string() };
        Error::rejected(format!(
            "the file is a pandas pickle, and the server's Python, {program}, could not be started ({why}): start the \
             server with --python PATH of one that has pandas, or send the rows as a .csv or .csv.gz file \
             (reload_data_from_file) or by batch"
        ))
    }
}

/// A Python that reads a data frame. It ends when this is dropped.
pub(super) struct Reading {
    python: Python,
    child: Child,
    output: BufReader<ChildStdout>,
    complaints: File,
}

impl Reading {
    /// What is said next, which is never an error: those end the reading here.
    pub(super) fn next(&mut self) -> Result<PythonReply, Error> {
        let mut line = Vec::new();
        self.output.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).context(FAILED)?;
        if line.last() != Some(&b'\n') {
            return Err(self.broken_off(line.len() as u64));
        }
        match serde_json::from_slice(&line).context(FAILED)? {
            PythonReply::Error(message) => Err(Error::rejected(message)),
            said => Ok(said),
        }
    }

    /// The columns, which are said first.
    pub(super) fn columns(&mut self) -> Result<Vec<FrameColumn>, Error> {
        match self.next()? {
            PythonReply::Columns(columns) => Ok(columns),
            _ => Err(Error::failed(FAILED, "the rows came before the columns")),
        }
    }

    /// Why the output ended in the middle.
    fn broken_off(&mut self, length: u64) -> Error {
        if length >= LONGEST_LINE {
            return Error::rejected("a row of the data frame is too long");
        }
        let status = match self.child.wait() {
            Ok(status) => status,
            Err(error) => return Error::failed(FAILED, error),
        };
        if is_out_of_time(status) {
            let seconds = self.python.time.as_secs();
            return Error::rejected(format!(
                "reading the data frame took longer than the {seconds} seconds it may take"
            ));
        }
        let mut complaint = Vec::new();
        let start = self.complaints.seek(SeekFrom::End(0)).unwrap_or_default().saturating_sub(COMPLAINT);
        let read = self.complaints.seek(SeekFrom::Start(start));
        if read.and_then(|_| self.complaints.by_ref().take(COMPLAINT).read_to_end(&mut complaint)).is_err() {
            complaint.clear();
        }
        let complaint = String::from_utf8_lossy(&complaint);
        Error::rejected(format!(
            "the data frame could not be read: {} ended, {status}, before it was done: {}",
            self.python.program.display(),
            complaint.trim()
        ))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // It has ended already when everything was read.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a process was ended by one of the clocks that the script sets.
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
