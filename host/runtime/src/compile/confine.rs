//! The walls around the child, which it builds itself before it reads a byte of a component: no files, no network, no
//! other programs and processes. What it needs it holds already: its code, its three streams, memory and threads.
//!
//! Two layers, each enough for most of it: Landlock takes away files and connections, a system-call filter takes away
//! the calls themselves. A call that is taken away fails with "not permitted"; nothing ends by it, so that a library
//! that looks for a file out of habit does without.

use std::fmt;

/// Which walls stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Walls {
    /// Landlock, as far as the kernel has it.
    pub(super) landlock: bool,
    /// The filter of system calls.
    pub(super) filter: bool,
}

impl Walls {
    pub(super) const fn whole(self) -> bool {
        self.landlock && self.filter
    }

    pub(super) const fn encode(self) -> u64 {
        self.landlock as u64 | (self.filter as u64) << 1
    }

    pub(super) const fn decode(bits: u64) -> Self {
        Self { landlock: bits & 1 != 0, filter: bits & 2 != 0 }
    }
}

impl fmt::Display for Walls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.landlock, self.filter) {
            (true, true) => "Landlock and a system-call filter",
            (true, false) => "Landlock alone",
            (false, true) => "a system-call filter alone",
            (false, false) => "neither Landlock nor a system-call filter",
        })
    }
}

/// Builds the walls that this system has. Must come before there is a second thread.
pub(super) fn wall_in() -> Walls {
    Walls { landlock: system::landlock(), filter: system::filter() }
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod system {
    use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetStatus, Scope};
    use seccompiler::{BpfProgram, TargetArch, apply_filter_all_threads, compile_from_json};

    /// The newest version of Landlock that is asked for; of an older kernel's what it has.
    const LANDLOCK: ABI = ABI::V6;

    /// Calls that are taken away altogether.
    const FORBIDDEN: &[&str] = &[
        // Files by their names.
        "openat",
        "openat2",
        "open_by_handle_at",
        "name_to_handle_at",
        "readlinkat",
        "faccessat",
        "faccessat2",
        "statx",
        "mkdirat",
        "mknodat",
        "unlinkat",
        "linkat",
        "symlinkat",
        "renameat2",
        "fchmodat",
        "fchownat",
        "utimensat",
        "truncate",
        "chdir",
        "fchdir",
        "chroot",
        "pivot_root",
        "mount",
        "umount2",
        "statfs",
        "setxattr",
        "lsetxattr",
        "getxattr",
        "lgetxattr",
        "listxattr",
        "removexattr",
        "lremovexattr",
        "inotify_init1",
        "fanotify_init",
        "memfd_create",
        "swapon",
        "swapoff",
        "quotactl",
        "acct",
        // The network, and sockets of the machine.
        "socket",
        "socketpair",
        "bind",
        "connect",
        "listen",
        "accept",
        "accept4",
        "sendto",
        "recvfrom",
        "sendmsg",
        "recvmsg",
        "sendmmsg",
        "recvmmsg",
        "getsockopt",
        "setsockopt",
        "shutdown",
        // Other programs and processes, and what is shared with them.
        "execve",
        "execveat",
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "process_madvise",
        "kcmp",
        "kill",
        "tkill",
        "rt_sigqueueinfo",
        "rt_tgsigqueueinfo",
        "pidfd_open",
        "pidfd_getfd",
        "pidfd_send_signal",
        "unshare",
        "setns",
        "shmget",
        "shmat",
        "shmctl",
        "msgget",
        "msgsnd",
        "msgrcv",
        "semget",
        "semop",
        "mq_open",
        "mq_unlink",
        "prlimit64",
        "setpriority",
        "ioprio_set",
        "sched_setaffinity",
        "sched_setscheduler",
        "sched_setparam",
        "sched_setattr",
        "migrate_pages",
        "move_pages",
        // Ways around a filter, and into the kernel.
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "io_setup",
        "bpf",
        "perf_event_open",
        "userfaultfd",
        "add_key",
        "request_key",
        "keyctl",
        "init_module",
        "finit_module",
        "delete_module",
        "kexec_load",
        "reboot",
        "sethostname",
        "setdomainname",
        "clock_settime",
        "settimeofday",
        "adjtimex",
        "syslog",
        "personality",
        "ioctl",
        "vhangup",
        "nfsservctl",
        "lookup_dcookie",
        // Other users' rights.
        "setuid",
        "setgid",
        "setreuid",
        "setregid",
        "setresuid",
        "setresgid",
        "setfsuid",
        "setfsgid",
        "setgroups",
        "capset",
    ];

    /// Older spellings, which newer architectures never had.
    const OLD_X86_64: &[&str] = &[
        "open",
        "creat",
        "readlink",
        "access",
        "stat",
        "lstat",
        "newfstatat",
        "mkdir",
        "mknod",
        "rmdir",
        "unlink",
        "link",
        "symlink",
        "rename",
        "renameat",
        "chmod",
        "chown",
        "lchown",
        "utime",
        "utimes",
        "futimesat",
        "fork",
        "vfork",
        "inotify_init",
        "modify_ldt",
        "iopl",
        "ioperm",
        "uselib",
        "ustat",
        "sysfs",
    ];
    const OLD_AARCH64: &[&str] = &["newfstatat", "renameat"];

    /// A new process that is no thread of this one (`CLONE_THREAD` is not set).
    const NO_THREAD: &str = r#"{"index": 0, "type": "qword", "op": {"masked_eq": 65536}, "val": 0}"#;
    /// Memory that can be executed (`PROT_EXEC`): this process makes code and runs none of it.
    const EXECUTABLE: &str = r#"{"index": 2, "type": "qword", "op": {"masked_eq": 4}, "val": 4}"#;

    /// The error "not permitted".
    const EPERM: u32 = 1;
    /// The error "no such call", which makes the C library take the older one, whose arguments a filter can read.
    const ENOSYS: u32 = 38;

    pub(super) fn landlock() -> bool {
        let ruled = Ruleset::default()
            .handle_access(AccessFs::from_all(LANDLOCK))
            .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
            .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
            .and_then(|rules| rules.create())
            .and_then(|rules| rules.restrict_self());
        // An older kernel enforces what it knows; files are in its first version.
        ruled.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
    }

    pub(super) fn filter() -> bool {
        let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else { return false };
        let Some(filters) = filters(arch) else { return false };
        filters.iter().all(|filter| apply_filter_all_threads(filter).is_ok())
    }

    /// The filters of an architecture; none when it does not know one of the names.
    fn filters(arch: TargetArch) -> Option<[BpfProgram; 2]> {
        let old = match arch {
            TargetArch::x86_64 => OLD_X86_64,
            TargetArch::aarch64 => OLD_AARCH64,
            TargetArch::riscv64 => return None,
        };
        let forbidden = FORBIDDEN.iter().chain(old).map(|name| format!(r#"{{"syscall": "{name}"}}"#));
        // Signals to other processes; to itself it sends one when it aborts.
        let others = format!(r#"{{"index": 0, "type": "dword", "op": "ne", "val": {}}}"#, std::process::id());
        let some = [("clone", NO_THREAD), ("mmap", EXECUTABLE), ("mprotect", EXECUTABLE), ("tgkill", others.as_str())]
            .map(|(name, when)| format!(r#"{{"syscall": "{name}", "args": [{when}]}}"#));
        let refused: Vec<String> = forbidden.chain(some).collect();
        Some([compiled(arch, EPERM, &refused)?, compiled(arch, ENOSYS, &[r#"{"syscall": "clone3"}"#.to_owned()])?])
    }

    fn compiled(arch: TargetArch, error: u32, calls: &[String]) -> Option<BpfProgram> {
        let calls = calls.join(", ");
        let json = format!(
            r#"{{"w": {{"mismatch_action": "allow", "match_action": {{"errno": {error}}}, "filter": [{calls}]}}}}"#
        );
        compile_from_json(json.as_bytes(), arch).ok()?.remove("w")
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn each_architecture_knows_the_names() {
            for arch in [TargetArch::x86_64, TargetArch::aarch64] {
                assert!(filters(arch).is_some(), "{arch:?}");
            }
        }
    }
}

/// Other systems have their own ways, and none of them here yet.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod system {
    pub(super) const fn landlock() -> bool {
        false
    }

    pub(super) const fn filter() -> bool {
        false
    }
}
