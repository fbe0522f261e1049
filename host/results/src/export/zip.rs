//! A ZIP archive that is written as it is sent: sizes and checksums follow each file. Without ZIP64, so an archive and
//! each of its files end below 4 GiB.
//!
//! Source: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.4.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// What follows when sizes come after the data, and that names are UTF-8.
const FLAGS: u16 = 1 << 3 | 1 << 11;
const DEFLATE: u16 = 8;
const VERSION: u16 = 20;
/// The first of January 1980: the same rows make the same file.
const DATE: u16 = 1 << 5 | 1;

struct Entry {
    name: String,
    offset: u32,
    checksum: u32,
    packed: u32,
    size: u32,
}

/// The archive; what is done is in the encoder's buffer until it is taken.
pub(super) struct Zip {
    entries: Vec<Entry>,
    open: Option<Open>,
    done: Vec<u8>,
    /// Bytes that were given away.
    taken: u64,
}

struct Open {
    name: String,
    offset: u64,
    checksum: crc32fast::Hasher,
    size: u64,
    packed: u64,
    encoder: DeflateEncoder<Vec<u8>>,
}

fn too_large() -> io::Error {
    io::Error::other("it would have more than 4 GiB")
}

fn short(number: u64) -> io::Result<u32> {
    u32::try_from(number).map_err(|_| too_large())
}

impl Zip {
    pub(super) fn new() -> Self {
        Self { entries: Vec::new(), open: None, done: Vec::new(), taken: 0 }
    }

    /// Begins a file, after the one before is ended.
    pub(super) fn start(&mut self, name: &str) -> io::Result<()> {
        self.end()?;
        let offset = self.taken + self.done.len() as u64;
        self.done.extend_from_slice(&0x0403_4b50_u32.to_le_bytes());
        for half in [VERSION, FLAGS, DEFLATE, 0, DATE] {
            self.done.extend_from_slice(&half.to_le_bytes());
        }
        self.done.extend_from_slice(&[0; 12]);
        self.name(name)?;
        self.done.extend_from_slice(&0_u16.to_le_bytes());
        self.done.extend_from_slice(name.as_bytes());
        // Fast: most of the time goes into packing.
        let encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let checksum = crc32fast::Hasher::new();
        self.open = Some(Open { name: name.to_owned(), offset, checksum, size: 0, packed: 0, encoder });
        Ok(())
    }

    /// The length of a name.
    fn name(&mut self, name: &str) -> io::Result<()> {
        let length = u16::try_from(name.len()).map_err(|_| io::Error::other("a name is too long"))?;
        self.done.extend_from_slice(&length.to_le_bytes());
        Ok(())
    }

    /// More of the file that was begun.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Err(io::Error::other("no file was begun")) };
        open.checksum.update(bytes);
        open.size += bytes.len() as u64;
        open.encoder.write_all(bytes)?;
        let packed = open.encoder.get_mut();
        open.packed += packed.len() as u64;
        self.done.append(packed);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let mut rest = open.encoder.finish()?;
        let packed = short(open.packed + rest.len() as u64)?;
        self.done.append(&mut rest);
        let entry = Entry {
            name: open.name,
            offset: short(open.offset)?,
            checksum: open.checksum.finalize(),
            packed,
            size: short(open.size)?,
        };
        for word in [0x0807_4b50, entry.checksum, entry.packed, entry.size] {
            self.done.extend_from_slice(&word.to_le_bytes());
        }
        self.entries.push(entry);
        Ok(())
    }

    /// The archive's end.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.end()?;
        let start = short(self.taken + self.done.len() as u64)?;
        let entries = std::mem::take(&mut self.entries);
        for entry in &entries {
            self.done.extend_from_slice(&0x0201_4b50_u32.to_le_bytes());
            for half in [VERSION, VERSION, FLAGS, DEFLATE, 0, DATE] {
                self.done.extend_from_slice(&half.to_le_bytes());
            }
            for word in [entry.checksum, entry.packed, entry.size] {
                self.done.extend_from_slice(&word.to_le_bytes());
            }
            self.name(&entry.name)?;
            // No extra field, comment, disk or attributes.
            self.done.extend_from_slice(&[0; 12]);
            self.done.extend_from_slice(&entry.offset.to_le_bytes());
            self.done.extend_from_slice(entry.name.as_bytes());
        }
        let size = short(self.taken + self.done.len() as u64)? - start;
        let count = u16::try_from(entries.len()).map_err(|_| too_large())?;
        self.done.extend_from_slice(&0x0605_4b50_u32.to_le_bytes());
        for half in [0, 0, count, count] {
            self.done.extend_from_slice(&half.to_le_bytes());
        }
        for word in [size, start] {
            self.done.extend_from_slice(&word.to_le_bytes());
        }
        self.done.extend_from_slice(&0_u16.to_le_bytes());
        Ok(())
    }

    /// Gives away what is done.
    pub(super) fn take(&mut self, out: &mut Vec<u8>) {
        self.taken += self.done.len() as u64;
        out.append(&mut self.done);
    }
}
