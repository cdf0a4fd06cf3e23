//! Numbers and texts as bytes, and back: the alphabet of a saved state.
//!
//! Numbers are variable-length (LEB128), texts carry their length. Reading never trusts a length: it is bounded
//! before memory is asked for. Not here: what is saved (`write`, `read`), checksums (whoever keeps the bytes).

use std::io::Read;

use super::RestoreError;

/// The longest piece of bytes in a saved state: a subject of as many events as anyone will ever send.
const PIECE_BYTES_MAX: u64 = 1 << 30;

pub(in crate::engine) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(&number.to_le_bytes());
}

pub(in crate::engine) fn put_mask(out: &mut Vec<u8>, mask: u128) {
    out.extend_from_slice(&mask.to_le_bytes());
}

pub(in crate::engine) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what the functions above wrote.
pub(in crate::engine) struct Source<'r> {
    input: &'r mut dyn Read,
    buffer: Vec<u8>,
    /// What of the buffer has been read.
    start: usize,
}

/// Bytes asked of the input at a time.
const BUFFER_BYTES: usize = 1 << 18;

impl<'r> Source<'r> {
    pub(in crate::engine) fn new(input: &'r mut dyn Read) -> Source<'r> {
        Source { input, buffer: Vec::new(), start: 0 }
    }

    /// Reads what is in memory already.
    pub(in crate::engine) fn of(bytes: Vec<u8>, nothing: &'r mut std::io::Empty) -> Source<'r> {
        Source { input: nothing, buffer: bytes, start: 0 }
    }

    /// What is in the buffer and was not read.
    pub(in crate::engine) fn unread(mut self) -> Vec<u8> {
        self.buffer.split_off(self.start)
    }

    /// Has at least `count` unread bytes in the buffer.
    fn fill(&mut self, count: usize) -> Result<(), RestoreError> {
        if self.buffer.len() - self.start >= count {
            return Ok(());
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        while self.buffer.len() < count {
            let held = self.buffer.len();
            self.buffer.resize(held + BUFFER_BYTES.max(count - held), 0);
            let read = self.input.read(&mut self.buffer[held..])?;
            self.buffer.truncate(held + read);
            if read == 0 {
                return Err(RestoreError::Torn("it ends in the middle"));
            }
        }
        Ok(())
    }

    pub(in crate::engine) fn array<const N: usize>(&mut self) -> Result<[u8; N], RestoreError> {
        self.fill(N)?;
        let mut array = [0; N];
        array.copy_from_slice(&self.buffer[self.start..self.start + N]);
        self.start += N;
        Ok(array)
    }

    pub(in crate::engine) fn byte(&mut self) -> Result<u8, RestoreError> {
        Ok(self.array::<1>()?[0])
    }

    pub(in crate::engine) fn number(&mut self) -> Result<u64, RestoreError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(RestoreError::Torn("a number has no end"))
    }

    pub(in crate::engine) fn small(&mut self) -> Result<u32, RestoreError> {
        u32::try_from(self.number()?).map_err(|_| RestoreError::Torn("a number is too large"))
    }

    pub(in crate::engine) fn place(&mut self) -> Result<usize, RestoreError> {
        usize::try_from(self.number()?).map_err(|_| RestoreError::Torn("a number is too large"))
    }

    pub(in crate::engine) fn signed(&mut self) -> Result<i64, RestoreError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub(in crate::engine) fn mask(&mut self) -> Result<u128, RestoreError> {
        Ok(u128::from_le_bytes(self.array()?))
    }

    /// A piece of bytes, until the next call.
    pub(in crate::engine) fn bytes(&mut self) -> Result<&[u8], RestoreError> {
        let length = self.number()?;
        if length > PIECE_BYTES_MAX {
            return Err(RestoreError::Torn("a length is beyond all bounds"));
        }
        let length = usize::try_from(length).map_err(|_| RestoreError::Torn("a length is too large"))?;
        self.fill(length)?;
        let start = self.start;
        self.start += length;
        Ok(&self.buffer[start..start + length])
    }

    pub(in crate::engine) fn text(&mut self) -> Result<String, RestoreError> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| RestoreError::Torn("a text is not UTF-8"))
    }
}
