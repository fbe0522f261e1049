//! Floods and files: what takes more from the host than it gives.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use wasip2::cli::stdout::get_stdout;
use wasip2::clocks::monotonic_clock;

use crate::bricklayer::host::{context, log, state};

const MIB: usize = 1024 * 1024;

/// Bytes of a page of linear memory.
const PAGE: usize = 64 * 1024;

pub fn log_flood() {
    loop {
        log::write(log::Level::Info, "again\nand [31magain");
    }
}

pub fn state_flood() -> Result<(), String> {
    let mut index = 0u64;
    loop {
        state::set(&format!("key-{index}"), "value").map_err(|error| format!("key {index}: {error:?}"))?;
        index += 1;
    }
}

pub fn context_flood() {
    loop {
        std::hint::black_box(context::get());
    }
}

pub fn random_flood() {
    loop {
        std::hint::black_box(wasip2::random::random::get_random_bytes(4096));
    }
}

pub fn empty_writes() {
    let out = get_stdout();
    loop {
        let _ = out.blocking_write_and_flush(&[]);
    }
}

pub fn poll_flood() {
    loop {
        monotonic_clock::subscribe_duration(0).block();
    }
}

pub fn open_many(path: &str, count: u32) -> Result<u32, String> {
    let mut held = Vec::new();
    for index in 0..count {
        held.push(fs::File::open(path).map_err(|error| format!("file {index}: {error}"))?);
    }
    Ok(held.len() as u32)
}

pub fn dig(path: &str, depth: u32) -> Result<u32, String> {
    let mut folder = PathBuf::from(path);
    for level in 0..depth {
        folder.push("d");
        fs::create_dir(&folder).map_err(|error| format!("level {level}: {error}"))?;
    }
    fs::write(folder.join("bottom"), "bottom").map_err(|error| error.to_string())?;
    Ok(depth)
}

pub fn fill(path: &str, mib: u32) -> Result<u32, String> {
    let chunk = vec![7u8; MIB];
    let mut file = fs::File::create(path).map_err(|error| error.to_string())?;
    for index in 0..mib {
        file.write_all(&chunk).map_err(|error| format!("MiB {index}: {error}"))?;
    }
    Ok(mib)
}

pub fn stretch(path: &str, bytes: u64) -> Result<(), String> {
    let file = fs::File::create(path).map_err(|error| error.to_string())?;
    file.set_len(bytes).map_err(|error| error.to_string())
}

/// Straight from the host's page to here: an allocator would hand out what it had cleared itself.
pub fn scan(mib: u32, mark: u8) -> u32 {
    let before = core::arch::wasm32::memory_grow(0, mib as usize * MIB / PAGE);
    assert_ne!(before, usize::MAX, "no memory");
    // SAFETY: the pages were just grown and nobody else knows of them.
    let fresh = unsafe { std::slice::from_raw_parts_mut((before * PAGE) as *mut u8, mib as usize * MIB) };
    let found = fresh.iter().filter(|byte| **byte != 0).count();
    fresh.fill(mark);
    std::hint::black_box(fresh);
    found as u32
}
