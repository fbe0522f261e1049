//! A skill in a ZIP archive, as people send one: read from its central directory (APPNOTE.TXT 4.3.12), with every size
//! bounded before and while it is unpacked. Links, devices, encrypted entries, paths that climb, names that come twice
//! and ZIP64 are refused; nothing is written here.

use std::collections::BTreeSet;
use std::io::Read as _;

use flate2::read::DeflateDecoder;

use crate::error::SkillError;
use crate::folder::{FilePath, is_skipped};
use crate::front_matter;
use crate::limits::SkillLimits;
use crate::skill::SKILL_FILES;
use crate::store::check;
use crate::validate::{is_skill_name, problems};

/// Bytes of an archive: what packs worse than one to one is no skill.
pub const MAX_ARCHIVE_BYTES: usize = 8 << 20;

/// Entries that are neither files of a skill nor folders of it, such as those a Mac adds, for each file that is allowed.
const ENTRIES_PER_FILE: usize = 4;

/// A skill that came in an archive and keeps the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedSkill {
    /// Its name.
    pub name: String,
    /// Its files, sorted by path.
    pub contents: Vec<(FilePath, Vec<u8>)>,
}

/// Reads the one skill that an archive holds, at its top or in one folder.
///
/// # Errors
/// [`SkillError`], in words for whoever sent it.
pub fn unpack(bytes: &[u8], limits: &SkillLimits) -> Result<PackedSkill, SkillError> {
    if bytes.len() > MAX_ARCHIVE_BYTES {
        return Err(SkillError::TooLarge { what: "the archive".into(), most: MAX_ARCHIVE_BYTES as u64, unit: "bytes" });
    }
    let files = files(bytes, limits)?;
    let is_skill_file = |path: &FilePath| SKILL_FILES.contains(&path.split().1);
    let found: Vec<&FilePath> = files.iter().map(|(path, _)| path).filter(|path| is_skill_file(path)).collect();
    let shortest = found.iter().map(|path| path.depth()).min().ok_or_else(|| bad("it holds no SKILL.md"))?;
    let mut top = found.into_iter().filter(|path| path.depth() == shortest);
    let (Some(skill_file), None) = (top.next(), top.next()) else {
        return Err(bad("it holds more than one skill; send one at a time"));
    };
    let prefix = skill_file.as_str().strip_suffix(skill_file.split().1).unwrap_or_default().to_owned();
    let folder = prefix.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let skill_file = skill_file.split().1.to_owned();
    let mut contents = Vec::with_capacity(files.len());
    for (path, content) in files {
        // What lies beside the skill's folder is not the skill's.
        if let Some(inner) = path.as_str().strip_prefix(&prefix) {
            contents.push((FilePath::parse(inner)?, content));
        }
    }
    contents.sort_by(|(a, _), (b, _)| a.cmp(b));
    let text = contents.iter().find(|(path, _)| path.as_str() == skill_file).map(|(_, content)| content);
    let text = text.and_then(|content| std::str::from_utf8(content).ok());
    let text = text.ok_or_else(|| SkillError::NotText(skill_file.clone()))?;
    let said = front_matter::split(text).and_then(|(front, _)| front_matter::parse(front).ok()?.name);
    let said = said.map(|name| name.trim().to_owned()).unwrap_or_default();
    let found = problems(text, if folder.is_empty() { &said } else { &folder });
    if !found.is_empty() {
        return Err(SkillError::Invalid(found));
    }
    // Its own spelling is not its normal form when it holds letters that have several.
    if !is_skill_name(&said) {
        return Err(SkillError::Invalid(vec![format!("its name `{said}` is not in its normal form")]));
    }
    check(&said, &contents, limits)?;
    Ok(PackedSkill { name: said, contents })
}

fn bad(reason: impl Into<String>) -> SkillError {
    SkillError::BadArchive(reason.into())
}

/// The regular files of an archive.
fn files(bytes: &[u8], limits: &SkillLimits) -> Result<Vec<(FilePath, Vec<u8>)>, SkillError> {
    let directory = Directory::find(bytes)?;
    if directory.entries > limits.files.saturating_mul(ENTRIES_PER_FILE) {
        return Err(SkillError::TooLarge { what: "the archive".into(), most: limits.files as u64, unit: "files" });
    }
    let mut rest = directory.bytes;
    let mut left = limits.skill_bytes;
    let (mut names, mut folders) = (BTreeSet::new(), BTreeSet::new());
    let mut files = Vec::new();
    for _ in 0..directory.entries {
        let entry = Entry::read(&mut rest)?;
        let Some(path) = entry.path()? else { continue };
        if !names.insert(path.as_str().to_lowercase()) {
            return Err(bad(format!("`{path}` comes twice")));
        }
        if files.len() >= limits.files {
            return Err(SkillError::TooLarge { what: "the archive".into(), most: limits.files as u64, unit: "files" });
        }
        let parts: Vec<&str> = path.split().0.collect();
        (1..=parts.len()).filter_map(|count| parts.get(..count)).for_each(|parts| {
            folders.insert(parts.join("/").to_lowercase());
        });
        let most = limits.file_bytes.min(left);
        let content = entry.unpack(bytes, &path, most)?;
        left = left.saturating_sub(content.len() as u64);
        files.push((path, content));
    }
    match names.intersection(&folders).next() {
        Some(both) => Err(bad(format!("`{both}` is a file and a folder"))),
        None => Ok(files),
    }
}

/// The central directory: the list of what an archive holds.
struct Directory<'a> {
    entries: usize,
    bytes: &'a [u8],
}

impl<'a> Directory<'a> {
    fn find(bytes: &'a [u8]) -> Result<Self, SkillError> {
        /// The record at the archive's end, without its comment.
        const END_BYTES: usize = 22;
        /// Longest comment behind it.
        const MAX_COMMENT: usize = 65_535;
        const SIGNATURE: &[u8] = b"PK\x05\x06";
        let from = bytes.len().saturating_sub(END_BYTES.saturating_add(MAX_COMMENT));
        let tail = bytes.get(from..).unwrap_or_default();
        let place = tail.windows(SIGNATURE.len()).rposition(|window| window == SIGNATURE);
        let mut end = place.and_then(|place| tail.get(place..)).ok_or_else(|| bad("it is no ZIP archive"))?;
        let end = &mut end;
        take(end, 4)?;
        let (disk, directory_disk, here, entries) = (u16(end)?, u16(end)?, u16(end)?, u16(end)?);
        let (size, offset) = (u32(end)?, u32(end)?);
        if disk != 0 || directory_disk != 0 || here != entries {
            return Err(bad("it is in several parts"));
        }
        if entries == u16::MAX || size == u32::MAX || offset == u32::MAX {
            return Err(bad("it is in the ZIP64 format"));
        }
        let range = usize::try_from(offset).ok().zip(usize::try_from(size).ok());
        let range = range.and_then(|(from, size)| Some(from..from.checked_add(size)?));
        let bytes = range.and_then(|range| bytes.get(range)).ok_or_else(|| bad("its list of files is cut"))?;
        Ok(Self { entries: usize::from(entries), bytes })
    }
}

/// One line of the central directory.
struct Entry<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    unpacked: u32,
    name: &'a [u8],
    /// Type and mode of the file when it was packed on Unix.
    mode: u32,
    offset: u32,
}

impl<'a> Entry<'a> {
    fn read(rest: &mut &'a [u8]) -> Result<Self, SkillError> {
        if take(rest, 4)? != b"PK\x01\x02" {
            return Err(bad("its list of files is broken"));
        }
        let (_made_by, _needed, flags, method) = (u16(rest)?, u16(rest)?, u16(rest)?, u16(rest)?);
        let (_time, _date, crc, packed, unpacked) = (u16(rest)?, u16(rest)?, u32(rest)?, u32(rest)?, u32(rest)?);
        let (name, extra, comment) = (u16(rest)?, u16(rest)?, u16(rest)?);
        let (_disk, _internal, external, offset) = (u16(rest)?, u16(rest)?, u32(rest)?, u32(rest)?);
        let name = take(rest, usize::from(name))?;
        take(rest, usize::from(extra))?;
        take(rest, usize::from(comment))?;
        Ok(Self { flags, method, crc, packed, unpacked, name, mode: external >> 16, offset })
    }

    /// Where the file goes; none for what is no file of a skill: folders, and what systems add.
    fn path(&self) -> Result<Option<FilePath>, SkillError> {
        /// The part of a mode that says the kind of file, and what regular files and folders have there.
        const KIND: u32 = 0o170_000;
        const REGULAR: u32 = 0o100_000;
        const FOLDER: u32 = 0o040_000;
        let name = std::str::from_utf8(self.name).map_err(|_| bad("it holds a name that is not UTF-8"))?;
        if name.starts_with('/') || name.contains(['\\', ':']) || name.split('/').any(|part| matches!(part, "." | ".."))
        {
            return Err(SkillError::BadPath(name.to_owned()));
        }
        if !matches!(self.mode & KIND, 0 | REGULAR | FOLDER) {
            return Err(bad(format!("`{name}` is a link or a device")));
        }
        if name.ends_with('/') || name.split('/').any(is_skipped) {
            return Ok(None);
        }
        FilePath::parse(name).map(Some)
    }

    fn unpack(&self, archive: &[u8], path: &FilePath, most: u64) -> Result<Vec<u8>, SkillError> {
        if self.flags & 1 != 0 {
            return Err(bad(format!("`{path}` is encrypted")));
        }
        let too_large = || SkillError::TooLarge { what: format!("`{path}` unpacked"), most, unit: "bytes" };
        if u64::from(self.unpacked) > most {
            return Err(too_large());
        }
        let cut = || bad(format!("`{path}` is cut"));
        let mut local = usize::try_from(self.offset).ok().and_then(|from| archive.get(from..)).ok_or_else(cut)?;
        let local = &mut local;
        if take(local, 4)? != b"PK\x03\x04" {
            return Err(bad(format!("`{path}` is not where the list says")));
        }
        take(local, 22)?;
        let (name, extra) = (u16(local)?, u16(local)?);
        if take(local, usize::from(name))? != self.name {
            return Err(bad(format!("`{path}` has two names")));
        }
        take(local, usize::from(extra))?;
        let packed = usize::try_from(self.packed).ok().and_then(|size| local.get(..size)).ok_or_else(cut)?;
        let mut content = Vec::new();
        let read = match self.method {
            0 => packed.take(most.saturating_add(1)).read_to_end(&mut content),
            8 => DeflateDecoder::new(packed).take(most.saturating_add(1)).read_to_end(&mut content),
            other => return Err(bad(format!("`{path}` is packed in a way that is not read here ({other})"))),
        };
        read.map_err(|_| bad(format!("`{path}` cannot be unpacked")))?;
        if content.len() as u64 > most {
            return Err(too_large());
        }
        if content.len() as u64 != u64::from(self.unpacked) || crc32fast::hash(&content) != self.crc {
            return Err(bad(format!("`{path}` is not what the list says")));
        }
        Ok(content)
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], SkillError> {
    let (taken, after) = rest.split_at_checked(count).ok_or_else(|| bad("it is cut"))?;
    *rest = after;
    Ok(taken)
}

fn u16(rest: &mut &[u8]) -> Result<u16, SkillError> {
    let bytes = take(rest, 2)?.try_into().map_err(|_| bad("it is cut"))?;
    Ok(u16::from_le_bytes(bytes))
}

fn u32(rest: &mut &[u8]) -> Result<u32, SkillError> {
    let bytes = take(rest, 4)?.try_into().map_err(|_| bad("it is cut"))?;
    Ok(u32::from_le_bytes(bytes))
}
