//! DBC archives: zip files of notebooks as JSON. Layout: PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16.

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::{MAX_BYTES, Refused, digest, lines, model};
use crate::analysis::Format;
use crate::cell::{Notebook, language};

/// Notebooks of one archive.
const MAX_NOTEBOOKS: usize = 200;

/// Bytes of all notebooks of an archive together: what is packed can be a thousand times as much.
const MAX_UNPACKED_BYTES: usize = 4 * MAX_BYTES;

const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const CENTRAL_ENTRY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

/// Bytes of the fixed parts.
const LOCAL_HEADER_BYTES: usize = 30;
const CENTRAL_ENTRY_BYTES: usize = 46;

const STORED: usize = 0;
const DEFLATED: usize = 8;

pub(super) fn is(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL_HEADER) || bytes.starts_with(END)
}

/// The notebooks of an archive, in the order of their names.
pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Vec<Notebook>, Refused> {
    let mut entries: Vec<Entry> = entries(bytes)?.into_iter().filter(|entry| ending(&entry.name).is_some()).collect();
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    if entries.len() > MAX_NOTEBOOKS {
        return Err(Refused::TooLarge { what: "notebooks", found: entries.len(), most: MAX_NOTEBOOKS });
    }
    if entries.is_empty() {
        return Err(malformed("it holds no notebook"));
    }
    let mut left = MAX_UNPACKED_BYTES;
    let mut notebooks = Vec::new();
    for entry in entries {
        let unpacked = entry.unpack(bytes, left.min(MAX_BYTES))?;
        left -= unpacked.len().min(left);
        let text = String::from_utf8_lossy(&unpacked);
        let (language, cells) = model::read(&text)?;
        notebooks.push(Notebook {
            path: format!("{path}/{}", entry.name),
            format: Format::Dbc,
            language: Some(language),
            cells,
            lines: lines(&text),
            sha256: digest(&unpacked),
            widgets: Vec::new(),
            garbled: false,
        });
    }
    Ok(notebooks)
}

/// The language that the name of a notebook in an archive ends with.
fn ending(name: &str) -> Option<crate::analysis::Language> {
    name.rsplit_once('.').and_then(|(_, ending)| language(ending))
}

struct Entry {
    name: String,
    method: usize,
    packed: usize,
    at: usize,
}

impl Entry {
    fn unpack(&self, bytes: &[u8], most: usize) -> Result<Vec<u8>, Refused> {
        let header = bytes.get(self.at..).filter(|rest| rest.starts_with(LOCAL_HEADER));
        let header = header.ok_or_else(|| malformed("an entry is not where the list says"))?;
        let skipped = LOCAL_HEADER_BYTES + number(header, 26, 2)? + number(header, 28, 2)?;
        let data = header.get(skipped..).and_then(|rest| rest.get(..self.packed));
        let data = data.ok_or_else(|| malformed("an entry is cut off"))?;
        let too_large = || Refused::TooLarge { what: "bytes in an entry", found: most + 1, most };
        match self.method {
            STORED if data.len() <= most => Ok(data.to_vec()),
            STORED => Err(too_large()),
            DEFLATED => decompress_to_vec_with_limit(data, most).map_err(|error| match error.status {
                miniz_oxide::inflate::TINFLStatus::HasMoreOutput => too_large(),
                _ => malformed("an entry cannot be unpacked"),
            }),
            _ => Err(malformed("an entry is packed in a way that archives of notebooks are not")),
        }
    }
}

/// The entries of the list at the archive's end.
fn entries(bytes: &[u8]) -> Result<Vec<Entry>, Refused> {
    let end = bytes.windows(END.len()).rposition(|window| window == END);
    let end = bytes.get(end.ok_or_else(|| malformed("its end is missing"))?..).unwrap_or_default();
    let count = number(end, 10, 2)?;
    let mut at = number(end, 16, 4)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let entry = bytes.get(at..).filter(|rest| rest.starts_with(CENTRAL_ENTRY));
        let entry = entry.ok_or_else(|| malformed("its list of entries is broken"))?;
        let (name, extra, comment) = (number(entry, 28, 2)?, number(entry, 30, 2)?, number(entry, 32, 2)?);
        let text = entry.get(CENTRAL_ENTRY_BYTES..).and_then(|rest| rest.get(..name));
        let text = text.ok_or_else(|| malformed("its list of entries is cut off"))?;
        entries.push(Entry {
            name: String::from_utf8_lossy(text).into_owned(),
            method: number(entry, 10, 2)?,
            packed: number(entry, 20, 4)?,
            at: number(entry, 42, 4)?,
        });
        at += CENTRAL_ENTRY_BYTES + name + extra + comment;
    }
    Ok(entries)
}

fn number(bytes: &[u8], at: usize, size: usize) -> Result<usize, Refused> {
    let bytes = bytes.get(at..).and_then(|rest| rest.get(..size)).ok_or_else(|| malformed("it is cut off"))?;
    Ok(bytes.iter().rev().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
}

fn malformed(why: &str) -> Refused {
    Refused::Malformed { what: "archive", why: why.to_owned() }
}
