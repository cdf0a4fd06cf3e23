//! Records with a checksum at their end, and reading their fields one after the other.
//!
//! It exists because each small record on disk (seal, ledger, set-aside message, snapshot header) has the same
//! need: that a record which is not exactly what was written is never read as one.
//!
//! It deliberately has no field names, tags or options: a record that changes gets a new version byte.

/// The bytes of a CRC-32.
pub(crate) const CHECKSUM_BYTES: usize = 4;

/// Ends a record with the CRC-32 of `context` and itself. The context is where the record belongs; it is not
/// stored, so a record found in another place does not fit.
pub(crate) fn with_checksum(context: u64, mut record: Vec<u8>) -> Vec<u8> {
    let checksum = checksum_of(context, &[&record]);
    record.extend_from_slice(&checksum.to_le_bytes());
    record
}

/// The record without its checksum; `None` when the two do not fit.
pub(crate) fn checked(context: u64, stored: &[u8]) -> Option<&[u8]> {
    let (record, checksum) = stored.split_last_chunk::<CHECKSUM_BYTES>()?;
    (u32::from_le_bytes(*checksum) == checksum_of(context, &[record])).then_some(record)
}

/// The CRC-32 of a context and some parts.
pub(crate) fn checksum_of(context: u64, parts: &[&[u8]]) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&context.to_le_bytes());
    for part in parts {
        checksum.update(part);
    }
    checksum.finalize()
}

/// Writes a whole number in seven bits a byte, the lowest first: small ones, which most are, take one byte.
pub(crate) fn put_varint(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    into.push(number.to_le_bytes()[0]);
}

/// Reads the fields of a record in the order they were written.
#[derive(Debug)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_le_bytes)
    }

    /// A whole number as [`put_varint`] wrote it; `None` also when it does not fit.
    pub(crate) fn varint(&mut self) -> Option<u64> {
        // Most are below 128, and a reader of a block asks four times for each of a thousand entries.
        if let Some((&byte, rest)) = self.0.split_first()
            && byte < 0x80
        {
            self.0 = rest;
            return Some(u64::from(byte));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let digits = u64::from(byte & 0x7F);
            number |= digits << shift;
            if byte < 0x80 {
                return (number >> shift == digits).then_some(number);
            }
        }
        None
    }

    /// The next `count` bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// `Some` when every byte was read.
    pub(crate) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
