//! The bytes of a log on their way to the CSV reader: counted into lines, and bounded while a record lasts.
//! Needed because the CSV reader numbers lines before it skips blank ones and sees half of each `\r\n`, and
//! because a quote that is never closed would otherwise take the rest of the file into memory. It changes no
//! byte.

use std::collections::VecDeque;
use std::io::{self, Read};

pub(super) struct RawText<R> {
    input: R,
    record_bytes_max: usize,
    record_bytes_left: usize,
    bytes_read: u64,
    line: u64,
    is_line_start: bool,
    /// Where lines with something in them begin, from the current record on: byte and line number.
    line_starts: VecDeque<(u64, u64)>,
}

impl<R: Read> RawText<R> {
    pub(super) fn new(input: R, record_bytes_max: usize) -> RawText<R> {
        RawText {
            input,
            record_bytes_max,
            record_bytes_left: record_bytes_max,
            bytes_read: 0,
            line: 1,
            is_line_start: true,
            line_starts: VecDeque::new(),
        }
    }

    /// Gives leave to read one more record.
    pub(super) fn begin_record(&mut self) {
        self.record_bytes_left = self.record_bytes_max;
    }

    pub(super) fn is_record_too_long(&self) -> bool {
        self.record_bytes_left == 0
    }

    /// The line on which the record begins whose first byte, or a line end before it, is at `byte`. Earlier
    /// lines are forgotten.
    pub(super) fn line_at(&mut self, byte: u64) -> u64 {
        while self.line_starts.front().is_some_and(|(start, _)| *start < byte) {
            self.line_starts.pop_front();
        }
        self.line_starts.front().map_or(self.line, |(_, line)| *line)
    }

    fn count_lines(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.is_line_start = true;
                }
                b'\r' => {}
                _ if self.is_line_start => {
                    self.line_starts.push_back((self.bytes_read, self.line));
                    self.is_line_start = false;
                }
                _ => {}
            }
            self.bytes_read += 1;
        }
    }
}

impl<R: Read> Read for RawText<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.record_bytes_left == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a record has no end"));
        }
        let length = buffer.len().min(self.record_bytes_left);
        let count = self.input.read(&mut buffer[..length])?;
        self.record_bytes_left -= count;
        self.count_lines(&buffer[..count]);
        Ok(count)
    }
}
