//! A ZIP archive written as it goes: entries are compressed and handed on before they are whole.
//!
//! Sizes and checksums follow each entry (APPNOTE 6.3.10, bit 3), so that nothing has to be gone back to. Entries and
//! archives of up to 4 GiB, which rows are bounded to. Not here: what the entries mean.

use std::io::Write;

use crc32fast::Hasher;
use flate2::Compression;
use flate2::write::DeflateEncoder;

/// 1980-01-01 00:00, the first moment a ZIP can tell: archives of the same content have the same bytes.
const MADE_ON: u16 = 0x0021;
/// Names are UTF-8; sizes follow.
const FLAGS: u16 = 0x0808;
const DEFLATED: u16 = 8;
const VERSION: u16 = 20;

/// An entry that is whole.
#[derive(Debug)]
struct Known {
    name: &'static str,
    begins_at: u32,
    crc: u32,
    packed: u32,
    plain: u32,
}

/// An entry on its way.
#[derive(Debug)]
struct Open {
    name: &'static str,
    begins_at: u32,
    crc: Hasher,
    plain: u32,
    packed: u32,
    encoder: DeflateEncoder<Vec<u8>>,
}

/// An archive on its way: what is written is taken out with [`Zip::taken`].
#[derive(Debug, Default)]
pub(super) struct Zip {
    out: Vec<u8>,
    written: u32,
    known: Vec<Known>,
    open: Option<Open>,
}

impl Zip {
    /// Begins an entry; what was begun before is ended.
    pub(super) fn begin(&mut self, name: &'static str) {
        self.end();
        let begins_at = self.written;
        let mut head = Vec::with_capacity(30 + name.len());
        head.extend(0x0403_4b50_u32.to_le_bytes());
        for number in [VERSION, FLAGS, DEFLATED, 0, MADE_ON] {
            head.extend(number.to_le_bytes());
        }
        head.extend([0; 12]);
        head.extend(length(name).to_le_bytes());
        head.extend(0_u16.to_le_bytes());
        head.extend(name.as_bytes());
        self.put(&head);
        let encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        self.open = Some(Open { name, begins_at, crc: Hasher::new(), plain: 0, packed: 0, encoder });
    }

    /// More of the entry that was begun.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let Some(open) = &mut self.open else { return };
        open.crc.update(bytes);
        open.plain += size(bytes);
        // Writing to memory cannot fail.
        let _ = open.encoder.write_all(bytes);
        let packed = std::mem::take(open.encoder.get_mut());
        open.packed += size(&packed);
        self.put(&packed);
    }

    /// What has been written since it was last asked.
    pub(super) fn taken(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// The end of the archive: its directory.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.end();
        let (begins_at, count) = (self.written, u16::try_from(self.known.len()).unwrap_or(u16::MAX));
        for entry in std::mem::take(&mut self.known) {
            let mut line = Vec::with_capacity(46 + entry.name.len());
            line.extend(0x0201_4b50_u32.to_le_bytes());
            for number in [VERSION, VERSION, FLAGS, DEFLATED, 0, MADE_ON] {
                line.extend(number.to_le_bytes());
            }
            for number in [entry.crc, entry.packed, entry.plain] {
                line.extend(number.to_le_bytes());
            }
            line.extend(length(entry.name).to_le_bytes());
            line.extend([0; 12]);
            line.extend(entry.begins_at.to_le_bytes());
            line.extend(entry.name.as_bytes());
            self.put(&line);
        }
        let mut end = Vec::with_capacity(22);
        end.extend(0x0605_4b50_u32.to_le_bytes());
        end.extend([0; 4]);
        end.extend(count.to_le_bytes());
        end.extend(count.to_le_bytes());
        end.extend((self.written - begins_at).to_le_bytes());
        end.extend(begins_at.to_le_bytes());
        end.extend([0; 2]);
        self.put(&end);
        self.out
    }

    fn end(&mut self) {
        let Some(Open { name, begins_at, crc, plain, packed, encoder }) = self.open.take() else { return };
        // Writing to memory cannot fail.
        let rest = encoder.finish().unwrap_or_default();
        let (crc, packed) = (crc.finalize(), packed + size(&rest));
        self.put(&rest);
        for number in [0x0807_4b50, crc, packed, plain] {
            self.put(&number.to_le_bytes());
        }
        self.known.push(Known { name, begins_at, crc, packed, plain });
    }

    fn put(&mut self, bytes: &[u8]) {
        self.written += size(bytes);
        self.out.extend_from_slice(bytes);
    }
}

/// Rows are bounded so that this never comes near 4 GiB.
fn size(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn length(name: &str) -> u16 {
    u16::try_from(name.len()).unwrap_or(u16::MAX)
}
