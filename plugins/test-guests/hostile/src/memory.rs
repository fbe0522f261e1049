//! Looking through the guest's own memory, freed parts and stack included.

/// What hides the needle, so that looking for it does not put it into memory.
const MASK: u8 = 85;

/// How often the needle stands in memory.
pub fn count(masked: &[u8]) -> u32 {
    let pages = core::arch::wasm32::memory_size(0);
    // SAFETY: every byte of linear memory may be read, and nothing writes to it while this runs. The very first is left
    // out because no slice begins at null.
    let memory = unsafe { std::slice::from_raw_parts(std::ptr::without_provenance(1), pages * 65_536 - 1) };
    let mut found = 0;
    for window in memory.windows(masked.len()) {
        if window.iter().zip(masked).all(|(byte, masked)| byte ^ MASK == *masked) {
            found += 1;
        }
    }
    found
}
