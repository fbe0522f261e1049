//! Places where a debug build can be told to die, so that tests kill it at every write.
//!
//! With `BRICKLAYER_CRASH_AT=<point>` in the environment the process aborts when it reaches that point: no destructor
//! runs and nothing is flushed, as with `kill -9`. Release builds hold none of this.

/// Every point of this crate, as `store.<change>.<step>`; a step is reached right before its write, `record`
/// before the audit record, `commit` right before the commit and `committed` right after it.
pub const POINTS: &[&str] = &[
    "store.stage.packages",
    "store.stage.pieces",
    "store.stage.complete",
    "store.stage.committed",
    "store.install.generation",
    "store.install.packages",
    "store.install.installations",
    "store.install.versions",
    "store.install.state",
    "store.install.grants",
    "store.install.record",
    "store.install.commit",
    "store.install.committed",
    "store.activate.generation",
    "store.activate.packages",
    "store.activate.installations",
    "store.activate.drop_versions",
    "store.activate.keep_previous",
    "store.activate.versions",
    "store.activate.grants",
    "store.activate.drop_packages",
    "store.activate.record",
    "store.activate.commit",
    "store.activate.committed",
    "store.pending.generation",
    "store.pending.packages",
    "store.pending.installations",
    "store.pending.drop_versions",
    "store.pending.versions",
    "store.pending.drop_packages",
    "store.pending.record",
    "store.pending.commit",
    "store.pending.committed",
    "store.roll_back.generation",
    "store.roll_back.installations",
    "store.roll_back.drop_versions",
    "store.roll_back.versions",
    "store.roll_back.drop_packages",
    "store.roll_back.record",
    "store.roll_back.commit",
    "store.roll_back.committed",
    "store.grants.generation",
    "store.grants.installations",
    "store.grants.drop_grants",
    "store.grants.grants",
    "store.grants.record",
    "store.grants.commit",
    "store.grants.committed",
    "store.enabled.generation",
    "store.enabled.installations",
    "store.enabled.record",
    "store.enabled.commit",
    "store.enabled.committed",
    "store.switch.generation",
    "store.switch.drop_switches",
    "store.switch.switches",
    "store.switch.record",
    "store.switch.commit",
    "store.switch.committed",
    "store.remove.generation",
    "store.remove.state",
    "store.remove.installations",
    "store.remove.drop_packages",
    "store.remove.record",
    "store.remove.commit",
    "store.remove.committed",
    "store.add_result.usage",
    "store.add_result.results",
    "store.add_result.pieces",
    "store.add_result.commit",
    "store.add_result.committed",
    "store.append_result.usage",
    "store.append_result.results",
    "store.append_result.pieces",
    "store.append_result.commit",
    "store.append_result.committed",
];

/// Dies here when the environment asks for it.
pub fn reach(point: &str) {
    #[cfg(debug_assertions)]
    if CRASH_AT.as_deref() == Some(point) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = point;
}

/// One step of a change of this crate.
pub(crate) fn step(change: &str, step: &str) {
    #[cfg(debug_assertions)]
    {
        let point = format!("store.{change}.{step}");
        debug_assert!(POINTS.contains(&point.as_str()), "{point} is missing in the list");
        reach(&point);
    }
    #[cfg(not(debug_assertions))]
    let _ = (change, step);
}

#[cfg(debug_assertions)]
static CRASH_AT: std::sync::LazyLock<Option<String>> =
    std::sync::LazyLock::new(|| std::env::var("BRICKLAYER_CRASH_AT").ok());
