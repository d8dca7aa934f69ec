//! The output of a script: read completely, and stored up to a limit.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

/// Number of bytes stored of the beginning, and of the end, which usually has the reason of a failure.
const HALF: usize = 512 * 1024;

/// The output in order. If it is too long, the middle is omitted.
#[derive(Debug, Default)]
pub(super) struct Output {
    beginning: Vec<u8>,
    end: VecDeque<u8>,
    omitted: u64,
}

impl Output {
    fn add(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(HALF - self.beginning.len()));
        self.beginning.extend_from_slice(first);
        self.end.extend(rest);
        let surplus = self.end.len().saturating_sub(HALF);
        self.end.drain(..surplus);
        self.omitted += surplus as u64;
    }

    /// Returns the output as a string. Invalid UTF-8 becomes replacement characters.
    pub(super) fn text(&self) -> String {
        let end: Vec<u8> = self.end.iter().copied().collect();
        if self.omitted == 0 {
            let whole = [self.beginning.as_slice(), &end].concat();
            return without_nul(&String::from_utf8_lossy(&whole));
        }
        let (beginning, end) = (String::from_utf8_lossy(&self.beginning), String::from_utf8_lossy(&end));
        without_nul(&format!("{beginning}\n[{} bytes omitted]\n{end}", self.omitted))
    }
}

/// Replaces NUL characters, at which databases end a string.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Reads a pipe to its end. The output so far is available at any time.
pub(super) async fn read(mut pipe: impl AsyncRead + Unpin, output: Arc<Mutex<Output>>) {
    let mut buffer = vec![0; 16 * 1024];
    // A broken pipe counts as its end.
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        output.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_output_omits_its_middle() {
        let mut output = Output::default();
        output.add(b"begin");
        for _ in 0..100 {
            output.add(&[b'x'; 20_000]);
        }
        output.add(b"end");
        let text = output.text();
        assert!(text.starts_with("beginxx") && text.ends_with("xxend"), "{}", text.len());
        let omitted = 5 + 2_000_000 + 3 - 2 * HALF;
        assert!(text.contains(&format!("\n[{omitted} bytes omitted]\n")));
        assert!(text.len() < 2 * HALF + 60);
    }

    #[test]
    fn short_output_is_complete() {
        let mut output = Output::default();
        for byte in "é\0".as_bytes() {
            output.add(&[*byte]);
        }
        output.add(&[0xff]);
        assert_eq!(output.text(), "é\u{fffd}\u{fffd}");
    }
}
