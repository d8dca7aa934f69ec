//! What a script writes: read to its end, and kept up to a limit.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

/// How many bytes are kept of the beginning, and as many of the end, where the reason of a failure stands.
const HALF: usize = 512 * 1024;

/// Bytes in their order, of which a part in the middle may be left out.
#[derive(Debug, Default)]
pub(super) struct Output {
    beginning: Vec<u8>,
    end: VecDeque<u8>,
    left_out: u64,
}

impl Output {
    fn add(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(HALF - self.beginning.len()));
        self.beginning.extend_from_slice(first);
        self.end.extend(rest);
        let surplus = self.end.len().saturating_sub(HALF);
        self.end.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// The text, in which every byte that is no UTF-8 is a replacement character.
    pub(super) fn text(&self) -> String {
        let end: Vec<u8> = self.end.iter().copied().collect();
        if self.left_out == 0 {
            let whole = [self.beginning.as_slice(), &end].concat();
            return without_nul(&String::from_utf8_lossy(&whole));
        }
        let (beginning, end) = (String::from_utf8_lossy(&self.beginning), String::from_utf8_lossy(&end));
        without_nul(&format!("{beginning}\n[{} bytes are left out here]\n{end}", self.left_out))
    }
}

/// Databases end a text at a NUL.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Reads a pipe to its end. What was read is there at any time.
pub(super) async fn read(mut pipe: impl AsyncRead + Unpin, output: Arc<Mutex<Output>>) {
    let mut buffer = vec![0; 16 * 1024];
    // A pipe that breaks has ended.
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        output.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_what_is_long_is_left_out_and_told() {
        let mut output = Output::default();
        output.add(b"begin");
        for _ in 0..100 {
            output.add(&[b'x'; 20_000]);
        }
        output.add(b"end");
        let text = output.text();
        assert!(text.starts_with("beginxx") && text.ends_with("xxend"), "{}", text.len());
        let left_out = 5 + 2_000_000 + 3 - 2 * HALF;
        assert!(text.contains(&format!("\n[{left_out} bytes are left out here]\n")));
        assert!(text.len() < 2 * HALF + 60);
    }

    #[test]
    fn what_is_short_is_whole() {
        let mut output = Output::default();
        for byte in "é\0".as_bytes() {
            output.add(&[*byte]);
        }
        output.add(&[0xff]);
        assert_eq!(output.text(), "é\u{fffd}\u{fffd}");
    }
}
