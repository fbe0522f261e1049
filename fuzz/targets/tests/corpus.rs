//! The deterministic part of fuzzing, run by every `cargo test`: the committed corpus and a fixed number of mutations of
//! it, by a generator with a fixed seed. No clock, no chance.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests assert")]

use std::path::{Path, PathBuf};

use bricklayer_fuzz::TARGETS;

#[path = "../examples/seeds/component.rs"]
mod component;

/// Mutations of each seed; `BRICKLAYER_FUZZ_ROUNDS` sets another number for a long run by hand.
const ROUNDS: u64 = 400;

/// Pieces that mean something to one of the readers.
const WORDS: [&str; 24] = [
    "**",
    "*",
    "{id}",
    "/",
    "//",
    "..",
    "%2f",
    ";",
    " as-caller",
    "GET ",
    "https://",
    "workspace",
    "memory:",
    "MiB",
    "cpu:",
    "state",
    "\n\n",
    "[grants]\n",
    "[tools.x]\n",
    "= \"",
    "\u{202e}",
    "\0asm",
    "bricklayer-",
    "99999999999",
];

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(target)
}

/// Text files as they are; WIT files as the component that a compiler would make of them, packed.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(corpus(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| component::seed(path)).collect()
}

/// Marsaglia's xorshift: the same numbers on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

fn mutate(seed: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        match chance.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(chance.below(256)).unwrap(),
            2 => drop(bytes.drain(at..bytes.len().min(at + 1 + chance.below(16)))),
            3 => drop(bytes.splice(at..at, WORDS[chance.below(WORDS.len())].bytes())),
            4 => {
                let from = chance.below(other.len() + 1);
                let to = other.len().min(from + chance.below(64));
                drop(bytes.splice(at..at, other[from..to].iter().copied()));
            }
            5 => {
                let end = bytes.len().min(at + chance.below(32));
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

#[test]
fn every_target_holds_its_properties() {
    let rounds = std::env::var("BRICKLAYER_FUZZ_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "no corpus for {name}");
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
        for seed in &seeds {
            target(seed);
            for _ in 0..rounds {
                let other = &seeds[chance.below(seeds.len())];
                target(&mutate(seed, other, &mut chance));
            }
        }
    }
}

/// A corpus that nobody runs, or a target without one, is a mistake.
#[test]
fn every_corpus_has_its_target() {
    for entry in std::fs::read_dir(corpus("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if cfg!(not(feature = "values")) && name == "values" {
            continue;
        }
        assert!(TARGETS.iter().any(|(target, _)| *target == name), "no target for the corpus {name}");
    }
}

/// The seeds reach what they are for: some manifests, packages and ids are taken.
#[test]
fn seeds_are_taken() {
    let taken = |target: &str, takes: fn(&[u8]) -> bool| seeds(target).iter().filter(|seed| takes(seed)).count();
    assert!(taken("manifest", |seed| bricklayer_package::Manifest::parse(&String::from_utf8_lossy(seed)).is_ok()) >= 3);
    assert!(taken("package", |seed| bricklayer_package::read(seed).is_ok()) >= 2);
    let ids =
        |seed: &[u8]| String::from_utf8_lossy(seed).lines().any(|line| bricklayer_package::Power::parse(line).is_ok());
    assert!(taken("powers", ids) >= 2);
}
