//! Archives: what is taken in, and every way in which one is refused.

use std::io::Write as _;

use bricklayer_skills::{SkillError, SkillLimits, unpack};
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::support::skill;

/// An entry of a ZIP archive, with everything that can be wrong about it.
#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    content: Vec<u8>,
    method: u16,
    flags: u16,
    mode: u32,
    said_bytes: Option<u32>,
    local_name: Option<Vec<u8>>,
}

fn entry(name: &str, content: impl AsRef<[u8]>) -> Entry {
    let content = content.as_ref().to_vec();
    let name = name.as_bytes().to_vec();
    Entry { name, content, method: 8, flags: 0, mode: 0o100_644, said_bytes: None, local_name: None }
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let packed = match entry.method {
            8 => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
                encoder.write_all(&entry.content).unwrap();
                encoder.finish().unwrap()
            }
            _ => entry.content.clone(),
        };
        let unpacked = entry.said_bytes.unwrap_or(entry.content.len() as u32);
        let shared = |into: &mut Vec<u8>, name: &[u8]| {
            for value in [20, entry.flags, entry.method, 0, 0] {
                into.extend(u16::to_le_bytes(value));
            }
            for value in [crc32fast::hash(&entry.content), packed.len() as u32, unpacked] {
                into.extend(value.to_le_bytes());
            }
            into.extend((name.len() as u16).to_le_bytes());
            into.extend(0_u16.to_le_bytes());
        };
        let offset = bytes.len() as u32;
        let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
        bytes.extend(b"PK\x03\x04");
        shared(&mut bytes, local_name);
        bytes.extend(local_name);
        bytes.extend(&packed);
        directory.extend(b"PK\x01\x02");
        directory.extend(0x031e_u16.to_le_bytes());
        shared(&mut directory, &entry.name);
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
    }
    let offset = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([(entries.len() as u16).to_le_bytes(), (entries.len() as u16).to_le_bytes()].concat());
    bytes.extend([(directory.len() as u32).to_le_bytes(), offset.to_le_bytes()].concat());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}

fn one() -> Entry {
    entry("one/SKILL.md", skill("one", ""))
}

#[track_caller]
fn refused(entries: &[Entry], says: &str) {
    let error = unpack(&archive(entries), &SkillLimits::default()).unwrap_err();
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn a_skill_is_taken_in_from_the_top_or_from_a_folder() {
    let limits = SkillLimits::default();
    let names = |entries: &[Entry]| {
        let packed = unpack(&archive(entries), &limits).unwrap();
        (packed.name, packed.contents.into_iter().map(|(path, _)| path.to_string()).collect::<Vec<_>>())
    };
    let folder = Entry { mode: 0o040_755, ..entry("one/", "") };
    let stored = Entry { method: 0, ..entry("one/references/a.md", "a") };
    let mac = entry("__MACOSX/one/._SKILL.md", "x");
    let beside = entry("README.md", "x");
    let expect = ("one".to_owned(), vec!["SKILL.md".to_owned(), "references/a.md".to_owned()]);
    assert_eq!(names(&[folder, one(), stored, mac, beside]), expect);
    assert_eq!(names(&[entry("SKILL.md", skill("one", "")), entry("references/a.md", "a")]), expect);
    assert_eq!(names(&[entry("repo-1/skills/one/SKILL.md", skill("one", "")), entry("repo-1/x", "")]).0, "one");
}

#[test]
fn what_is_no_archive_of_one_valid_skill_is_refused() {
    refused(&[], "no SKILL.md");
    refused(&[entry("one/README.md", "x")], "no SKILL.md");
    refused(&[one(), entry("two/SKILL.md", skill("two", ""))], "more than one skill");
    refused(&[entry("two/SKILL.md", skill("one", ""))], "not its folder's");
    refused(&[entry("SKILL.md", "---\nname: one\n---\n")], "it has no description");
    refused(&[entry("SKILL.md", b"\xff\xfe")], "not a text file");
    for bytes in [&b""[..], b"PK\x05\x06", b"not an archive", &archive(&[one()])[..40]] {
        assert!(matches!(unpack(bytes, &SkillLimits::default()), Err(SkillError::BadArchive(_))), "{bytes:?}");
    }
}

#[test]
fn paths_links_and_doubles_are_refused() {
    for name in ["../SKILL.md", "one/../../x", "/etc/passwd", "one/./x", "C:/x", "one\\x"] {
        refused(&[one(), entry(name, "x")], "is no path inside a skill");
    }
    refused(&[one(), Entry { mode: 0o120_777, ..entry("one/link", "/etc/passwd") }], "is a link or a device");
    refused(&[one(), Entry { mode: 0o010_644, ..entry("one/pipe", "") }], "is a link or a device");
    refused(&[one(), one()], "comes twice");
    refused(&[one(), entry("one/skill.MD", "x")], "comes twice");
    refused(&[one(), entry("one/a", "x"), entry("one/a/b", "x")], "is a file and a folder");
    refused(&[one(), Entry { name: b"one/\xff".to_vec(), ..entry("", "x") }], "not UTF-8");
    refused(&[one(), Entry { local_name: Some(b"one/b".to_vec()), ..entry("one/a", "x") }], "has two names");
    refused(&[one(), Entry { flags: 1, ..entry("one/a", "x") }], "is encrypted");
    refused(&[one(), Entry { method: 12, ..entry("one/a", "x") }], "not read here");
}

#[test]
fn bombs_and_floods_are_refused() {
    let zeros = vec![0; 2 << 20];
    refused(&[one(), entry("one/bomb", &zeros)], "more than 262144 bytes");
    // It lies about its size.
    refused(&[one(), Entry { said_bytes: Some(10), ..entry("one/bomb", &zeros) }], "more than 262144 bytes");
    refused(&[one(), Entry { said_bytes: Some(10), ..entry("one/a", "x") }], "is not what the list says");
    let many: Vec<_> = (0..201).map(|n| entry(&format!("one/{n}"), "x")).chain([one()]).collect();
    refused(&many, "more than 200 files");
    let flood: Vec<_> = (0..801).map(|n| entry(&format!("one/.{n}"), "x")).chain([one()]).collect();
    refused(&flood, "more than 200 files");
    let heavy: Vec<_> = (0..40).map(|n| entry(&format!("one/{n}"), vec![0; 250 << 10])).chain([one()]).collect();
    refused(&heavy, "bytes");
    refused(&[one(), entry("one/a/b/c/d/e", "x")], "more than 4 folders");
    let large = vec![0; (8 << 20) + 1];
    assert!(matches!(unpack(&large, &SkillLimits::default()), Err(SkillError::TooLarge { .. })));
}

#[test]
fn no_damage_makes_it_panic() {
    let whole = archive(&[one(), entry("one/references/a.md", "some text that packs")]);
    for cut in 0..whole.len() {
        let _ = unpack(&whole[..cut], &SkillLimits::default());
    }
    for place in 0..whole.len() {
        for value in [0x00, 0xff, 0x50] {
            let mut damaged = whole.clone();
            damaged[place] = value;
            let _ = unpack(&damaged, &SkillLimits::default());
        }
    }
}
