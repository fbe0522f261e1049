//! The walls around a program, which it builds itself before it becomes the program: Landlock leaves it its files and no
//! connection, a filter of system calls takes away other processes, sockets, and what only the machine's owner may do. A
//! call that is taken away fails with "not permitted"; nothing ends by it.

use std::path::PathBuf;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use seccompiler::{BpfProgram, TargetArch, apply_filter_all_threads, compile_from_json};

/// The newest version of Landlock that is asked for; of an older kernel's what it has.
const LANDLOCK: ABI = ABI::V6;

/// Calls that are taken away: other processes, connections, and what only the machine's owner may do.
const FORBIDDEN: &[&str] = &[
    "socket",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "tkill",
    "rt_sigqueueinfo",
    "unshare",
    "setns",
    "chroot",
    "pivot_root",
    "mount",
    "umount2",
    "mknodat",
    "open_by_handle_at",
    "name_to_handle_at",
    "fanotify_init",
    "swapon",
    "swapoff",
    "quotactl",
    "acct",
    "shmget",
    "shmat",
    "msgget",
    "semget",
    "mq_open",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
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
    "setrlimit",
];

/// Older spellings, which newer architectures never had.
const OLD_X86_64: &[&str] = &["fork", "vfork", "mknod", "iopl", "ioperm", "modify_ldt"];

/// A new process that is no thread of this one (`CLONE_THREAD` is not set).
const NO_THREAD: &str = r#"{"index": 0, "type": "qword", "op": {"masked_eq": 65536}, "val": 0}"#;
/// New bounds, and not only a look at them.
const NEW_BOUNDS: &str = r#"{"index": 2, "type": "qword", "op": "ne", "val": 0}"#;

/// The error "not permitted".
const EPERM: u32 = 1;
/// The error "no such call", which makes the C library take the older one, whose arguments a filter can read.
const ENOSYS: u32 = 38;

/// Leaves the program its files; whether the kernel has that wall.
pub(super) fn files(read: &[PathBuf], write: &[PathBuf]) -> bool {
    let ruled = || -> Result<RulesetCreated, RulesetError> {
        let reading = AccessFs::from_read(LANDLOCK);
        let all = AccessFs::from_all(LANDLOCK);
        let devices = ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"];
        Ruleset::default()
            .handle_access(AccessFs::from_all(LANDLOCK))?
            .handle_access(AccessNet::from_all(LANDLOCK))?
            .scope(Scope::from_all(LANDLOCK))?
            .create()?
            .add_rules(path_beneath_rules(read, reading))?
            .add_rules(path_beneath_rules(write, all))?
            .add_rules(path_beneath_rules(devices, AccessFs::from_file(LANDLOCK)))
    };
    let enforced = ruled().and_then(RulesetCreated::restrict_self);
    enforced.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

/// Takes calls away; whether the kernel let it.
pub(super) fn calls() -> bool {
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else { return false };
    filters(arch).is_some_and(|filters| filters.iter().all(|filter| apply_filter_all_threads(filter).is_ok()))
}

/// The filters of an architecture; none when it does not know one of the names.
fn filters(arch: TargetArch) -> Option<[BpfProgram; 2]> {
    let old = if matches!(arch, TargetArch::x86_64) { OLD_X86_64 } else { &[] };
    let forbidden = FORBIDDEN.iter().chain(old).map(|name| format!(r#"{{"syscall": "{name}"}}"#));
    // Signals to itself stay: a program ends itself by them.
    let others = format!(r#"{{"index": 0, "type": "dword", "op": "ne", "val": {}}}"#, std::process::id());
    let some = [("clone", NO_THREAD), ("prlimit64", NEW_BOUNDS), ("kill", &others), ("tgkill", &others)]
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
