//! What a component needs from its host, and what of it no Bricklayer host offers.
//!
//! The list is that of the runtime's linker: WASI 0.2 without exceptions (sockets link and are denied when used, since
//! compilers import them unasked), `wasi:http` for outgoing requests, and the contract in its released versions. The
//! linker has the last word; this says it earlier, in words, and without compiling.

use wit_parser::{InterfaceId, Resolve, TypeDefKind, World, WorldItem};

/// The package that holds the host's own interfaces.
const CONTRACT: &str = "bricklayer:host";

/// The released versions of the contract that this host speaks, oldest first. Released versions only grow.
pub const CONTRACT_VERSIONS: [&str; 5] = ["0.1.0", "0.1.1", "0.1.2", "0.1.3", "0.1.4"];

/// The interfaces of the contract and the version that each came with.
const CONTRACT_INTERFACES: [(&str, &str); 12] = [
    ("progress", "0.1.0"),
    ("log", "0.1.0"),
    ("state", "0.1.0"),
    ("context", "0.1.0"),
    ("cleanup", "0.1.0"),
    ("errors", "0.1.0"),
    ("review", "0.1.0"),
    ("http", "0.1.1"),
    ("continuation", "0.1.2"),
    ("operations", "0.1.2"),
    ("results", "0.1.3"),
    ("previews", "0.1.4"),
];

/// The interfaces of WASI 0.2 that hosts offer.
const WASI: [(&str, &[&str]); 7] = [
    (
        "wasi:cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
    ),
    ("wasi:clocks", &["monotonic-clock", "wall-clock"]),
    ("wasi:filesystem", &["preopens", "types"]),
    ("wasi:http", &["outgoing-handler", "types"]),
    ("wasi:io", &["error", "poll", "streams"]),
    ("wasi:random", &["insecure", "insecure-seed", "random"]),
    (
        "wasi:sockets",
        &["instance-network", "ip-name-lookup", "network", "tcp", "tcp-create-socket", "udp", "udp-create-socket"],
    ),
];

/// An import for which a component would be refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefusedImport {
    /// As the component names it: `acme:secret/door@1.0.0`.
    pub import: String,
    /// Why, and what to do.
    pub reason: String,
}

impl std::fmt::Display for RefusedImport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.import, self.reason)
    }
}

/// What a component needs from its host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Imports {
    /// Every import's name, ordered.
    pub(crate) names: Vec<String>,
    /// Those that no host offers, ordered.
    pub(crate) refused: Vec<RefusedImport>,
    /// The newest version of the contract that it was built against.
    pub(crate) contract: Option<String>,
}

/// Reads the imports of a world, and the version of what it exports to the host.
pub(crate) fn of(resolve: &Resolve, world: &World) -> Imports {
    let mut found = Imports::default();
    let mut newest = None;
    for (key, item) in &world.imports {
        let import = resolve.name_world_key(key);
        let reason = match item {
            WorldItem::Type { .. } => continue,
            WorldItem::Function(_) => {
                Some("a host offers interfaces and no single functions; build without it".to_owned())
            }
            // Types alone need nobody behind them.
            WorldItem::Interface { id, .. } if !has_behaviour(resolve, *id) => None,
            WorldItem::Interface { .. } => refusal(&import),
        };
        newest = newest.max(contract_version(&import));
        found.names.push(import.clone());
        found.refused.extend(reason.map(|reason| RefusedImport { import, reason }));
    }
    for (key, item) in &world.exports {
        let export = resolve.name_world_key(key);
        if let (WorldItem::Interface { .. }, Some(version)) = (item, contract_version(&export)) {
            newest = newest.max(Some(version));
            found.refused.extend(refusal(&export).map(|reason| RefusedImport { import: export, reason }));
        }
    }
    found.contract = newest.map(|(major, minor, patch)| format!("{major}.{minor}.{patch}"));
    found.names.sort();
    found.refused.sort();
    found
}

/// Whether an interface needs an implementation: it has functions or resources.
fn has_behaviour(resolve: &Resolve, id: InterfaceId) -> bool {
    let Some(interface) = resolve.interfaces.get(id) else { return true };
    let resource = |id: &wit_parser::TypeId| {
        resolve.types.get(*id).is_some_and(|found| matches!(found.kind, TypeDefKind::Resource))
    };
    !interface.functions.is_empty() || interface.types.values().any(resource)
}

/// Why no host offers an interface, when none does.
fn refusal(import: &str) -> Option<String> {
    let (name, version) = import.split_once('@').unwrap_or((import, ""));
    let Some((package, interface)) = name.split_once('/') else {
        return Some("no host offers it; build without it, or compose with a component that has it".to_owned());
    };
    if package == CONTRACT {
        return contract_refusal(interface, version);
    }
    let Some((_, offered)) = WASI.iter().find(|(own, _)| *own == package) else {
        return Some("no host offers it; build without it, or compose with a component that has it".to_owned());
    };
    match numbers(version) {
        Some((0, 2, _)) if offered.contains(&interface) => None,
        Some((0, 2, _)) => Some("this host does not offer that part of WASI 0.2; build without it".to_owned()),
        _ => Some(format!("this host offers WASI 0.2 and not {version}; build for the target wasm32-wasip2")),
    }
}

fn contract_refusal(interface: &str, version: &str) -> Option<String> {
    let newest = CONTRACT_VERSIONS.last().copied().unwrap_or_default();
    if !CONTRACT_VERSIONS.contains(&version) {
        let spoken = spoken();
        let is_newer = numbers(version) > numbers(newest);
        let way_out = if is_newer { "update Bricklayer, or rebuild the plugin" } else { "rebuild the plugin" };
        return Some(format!(
            "the plugin was built against version {version} of {CONTRACT}, and this host speaks {spoken}; {way_out} \
             against {CONTRACT}@{newest}"
        ));
    }
    match CONTRACT_INTERFACES.iter().find(|(name, _)| *name == interface) {
        Some((_, since)) if numbers(since) <= numbers(version) => None,
        Some((_, since)) => Some(format!("it came with {CONTRACT}@{since}; rebuild the plugin against that version")),
        None => {
            Some(format!("{CONTRACT}@{version} has no such interface; rebuild the plugin against {CONTRACT}@{newest}"))
        }
    }
}

/// The versions as a sentence lists them.
fn spoken() -> String {
    match CONTRACT_VERSIONS.as_slice() {
        [older @ .., newest] if !older.is_empty() => format!("{} and {newest}", older.join(", ")),
        all => all.join(""),
    }
}

type Version = (u64, u64, u64);

fn contract_version(name: &str) -> Option<Version> {
    let (name, version) = name.split_once('@')?;
    (name.split('/').next() == Some(CONTRACT)).then(|| numbers(version))?
}

/// The three numbers of a released version; none for drafts.
fn numbers(version: &str) -> Option<Version> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let numbers = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(import: &str, says: &str) {
        let reason = refusal(import).unwrap_or_default();
        assert!(reason.contains(says) && (says.is_empty() == reason.is_empty()), "{import}: {reason}");
    }

    #[test]
    fn what_hosts_offer_is_taken_and_the_rest_has_a_way_out() {
        for offered in [
            "wasi:cli/stdout@0.2.0",
            "wasi:cli/terminal-stderr@0.2.12",
            "wasi:sockets/tcp@0.2.3",
            "wasi:http/outgoing-handler@0.2.4",
            "bricklayer:host/state@0.1.0",
            "bricklayer:host/state@0.1.1",
            "bricklayer:host/http@0.1.1",
            "bricklayer:host/continuation@0.1.2",
            "bricklayer:host/results@0.1.3",
            "bricklayer:host/previews@0.1.4",
        ] {
            check(offered, "");
        }
        check("wasi:cli/stdout@0.3.0", "this host offers WASI 0.2 and not 0.3.0");
        check("wasi:cli/stdout@0.2.0-rc-2023-11-10", "wasm32-wasip2");
        check("wasi:http/incoming-handler@0.2.0", "build without it");
        check("wasi:keyvalue/store@0.2.0", "no host offers it");
        check("acme:secret/door", "no host offers it");
        check("bricklayer:host/http@0.1.0", "it came with bricklayer:host@0.1.1");
        check("bricklayer:host/teleport@0.1.0", "no such interface");
        let newer = "built against version 0.2.0 of bricklayer:host, and this host speaks 0.1.0, 0.1.1, 0.1.2, 0.1.3 and 0.1.4; update Bricklayer";
        check("bricklayer:host/log@0.2.0", newer);
        check(
            "bricklayer:host/log@0.0.9",
            "speaks 0.1.0, 0.1.1, 0.1.2, 0.1.3 and 0.1.4; rebuild the plugin against bricklayer:host@0.1.4",
        );
        check("bricklayer:host/log", "rebuild the plugin");
    }

    #[test]
    fn the_list_is_that_of_the_contract() {
        let wit = include_str!("../../../wit/host.wit");
        let newest = CONTRACT_VERSIONS.last().unwrap();
        assert!(wit.contains(&format!("package {CONTRACT}@{newest};")));
        let mut written: Vec<&str> =
            wit.lines().filter_map(|line| line.strip_prefix("interface ")?.strip_suffix(" {")).collect();
        let mut listed: Vec<&str> = CONTRACT_INTERFACES.iter().map(|(name, _)| *name).collect();
        written.sort_unstable();
        listed.sort_unstable();
        assert_eq!(written, listed);
    }
}
