//! What the kernel says of a process.

use anyhow::{Context, Result};

/// Resident memory in KiB.
pub(crate) fn rss_kib(pid: u32) -> Result<u64> {
    memory(pid, "VmRSS:")
}

/// The most resident memory in KiB since this was asked last.
pub(crate) fn peak_kib(pid: u32) -> Result<u64> {
    let peak = memory(pid, "VmHWM:")?;
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5")?;
    Ok(peak)
}

fn memory(pid: u32, field: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("no {field}"))
}
