//! Packs the table of fields: a component carries it, and every host holds the component.
//!
//! Byte pairs: the most frequent pair of bytes becomes one byte that the text does not have, again and again. What is packed
//! is the pairs, their number first, and then the text; `fields/table.rs` unpacks it in a few lines.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, io};

/// Bytes that stand for pairs: those that ASCII does not have.
const FIRST_PAIR: u8 = 0x80;

/// A pair that is rarer costs as much as it saves.
const MIN_COUNT: usize = 4;

fn main() -> io::Result<()> {
    let mut text = String::new();
    // What is mixed in stands in the second part.
    for file in ["src/fields/service.txt", "src/fields/bundle.txt"] {
        println!("cargo:rerun-if-changed={file}");
        for line in fs::read_to_string(file)?.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            text.push_str(line);
            text.push('\n');
        }
    }
    if !text.is_ascii() {
        return Err(io::Error::other("the table of fields is not ASCII"));
    }
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?;
    fs::write(Path::new(&out).join("fields.bin"), packed(text.into_bytes()))
}

fn packed(mut text: Vec<u8>) -> Vec<u8> {
    let mut pairs = Vec::new();
    for code in FIRST_PAIR..=u8::MAX {
        let mut counts: BTreeMap<[u8; 2], usize> = BTreeMap::new();
        for pair in text.windows(2) {
            if let [a, b] = *pair {
                *counts.entry([a, b]).or_default() += 1;
            }
        }
        let Some((pair, _)) =
            counts.into_iter().filter(|(_, count)| *count >= MIN_COUNT).max_by_key(|(_, count)| *count)
        else {
            break;
        };
        text = replaced(&text, pair, code);
        pairs.push(pair);
    }
    let count = u8::try_from(pairs.len()).unwrap_or_default();
    [vec![count], pairs.concat(), text].concat()
}

fn replaced(text: &[u8], pair: [u8; 2], code: u8) -> Vec<u8> {
    let mut shorter = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = match rest.strip_prefix(&pair) {
            Some(after) => {
                shorter.push(code);
                after
            }
            None => {
                shorter.push(*first);
                after
            }
        };
    }
    shorter
}
