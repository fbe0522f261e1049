//! What the system holds this process to: its memory, and that it ends with its parent.

/// Bounds the memory of this process. The engine's own limit counts its buffers only, and a value that a function makes
/// is none of these. One allocation beyond all bounds is refused by the system; a process that stays beyond its share,
/// or has used up what the system gives it, ends, and whoever supervises it starts it again: nothing else gives memory
/// back that is in pieces.
pub(crate) fn bound_memory(mib: u64) {
    #[cfg(target_os = "linux")]
    linux::bound(mib.saturating_mul(1 << 20));
    #[cfg(not(target_os = "linux"))]
    let _ = mib;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// How often the memory in use is looked at; a thread fills some 100 MiB in that time.
    const INTERVAL: Duration = Duration::from_millis(100);
    /// Looks in a row that may find more than the share: a statement that fails gives its memory back.
    const MOST_LOOKS: u32 = 20;
    /// Addresses for each byte of the share. Allocators keep addresses whose memory they gave back.
    const ADDRESSES: u64 = 4;

    pub(super) fn bound(bytes: u64) {
        let before = getrlimit(Resource::Data);
        // Never more than whoever started this process allows.
        let addresses = bytes.saturating_mul(ADDRESSES);
        let addresses = before.maximum.map_or(addresses, |most| addresses.min(most));
        if let Err(error) = setrlimit(Resource::Data, Rlimit { current: Some(addresses), maximum: before.maximum }) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the memory of this process cannot be bounded");
        }
        std::thread::spawn(move || watch(bytes, addresses));
    }

    fn watch(bytes: u64, addresses: u64) {
        let mut looks = 0;
        loop {
            std::thread::sleep(INTERVAL);
            let Some((resident, data)) = used() else { return };
            looks = if resident > bytes { looks + 1 } else { 0 };
            let is_used_up = data > addresses / 10 * 9;
            if looks >= MOST_LOOKS || resident > bytes / 2 * 3 || is_used_up {
                let (mib, most) = (resident >> 20, bytes >> 20);
                tracing::error!("statements need more memory than this process may have: {mib} MiB of {most}; it ends");
                // Not a clean end: that would need memory, and the files are written so that a crash loses nothing.
                std::process::abort();
            }
        }
    }

    /// Bytes in memory, and bytes of addresses that can be written to.
    fn used() -> Option<(u64, u64)> {
        let text = std::fs::read_to_string("/proc/self/status").ok()?;
        let kib = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
        };
        Some((kib("VmRSS")? << 10, kib("VmData")? << 10))
    }
}

/// Ends when the parent has died. The end of standard input says so on every system; this says so even where another
/// process holds the other end of that open.
pub(crate) fn parent_died() -> impl Future<Output = ()> {
    #[cfg(target_os = "linux")]
    let told = {
        use rustix::process::{Signal, getppid, set_parent_process_death_signal};
        use tokio::signal::unix::{SignalKind, signal};
        let parent = getppid();
        let signals = signal(SignalKind::user_defined2());
        let asked = set_parent_process_death_signal(Some(Signal::USR2));
        (parent, signals.ok().filter(|_| asked.is_ok()))
    };
    async move {
        #[cfg(target_os = "linux")]
        if let (parent, Some(mut signals)) = told {
            // The signal also comes when only the thread that started this process ends.
            while signals.recv().await.is_some() {
                if rustix::process::getppid() != parent {
                    return;
                }
            }
        }
        std::future::pending().await
    }
}
