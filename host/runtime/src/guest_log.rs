//! A guest's own words in the host's log: what it writes by the contract's `log`, and what it prints. Bounded lines, and
//! so many of each kind in a call; nothing in them that a terminal would act on.

use bricklayer_domain::cut;
use tracing::Level;

use crate::CallIdentity;

/// Lines of a call that are kept, of what it logs and of what it prints, as `wit/host.wit` states it.
const MAX_LINES: u32 = 256;

/// Longest line, in bytes.
pub(crate) const MAX_LINE_BYTES: usize = 2048;

/// Where guests' lines go; filters name it.
const TARGET: &str = "bricklayer_plugin";

/// The lines of one call that may still come.
#[derive(Debug)]
pub(crate) struct LinesLeft(u32);

impl Default for LinesLeft {
    fn default() -> Self {
        Self(MAX_LINES)
    }
}

impl LinesLeft {
    /// Writes a line, unless there have been enough; says once that there have.
    pub(crate) fn write(&mut self, who: &CallIdentity, level: Level, message: &str) {
        let Some(left) = self.0.checked_sub(1) else { return };
        self.0 = left;
        let message: String =
            cut(message, MAX_LINE_BYTES).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let turn = who.caller.site.turn();
        let span = tracing::info_span!(
            "plugin", plugin.name = %who.plugin, tool = who.tool, turn.id = turn.map(tracing::field::display)
        );
        let _entered = span.enter();
        match level {
            Level::ERROR => tracing::error!(target: TARGET, "{message}"),
            Level::WARN => tracing::warn!(target: TARGET, "{message}"),
            Level::INFO => tracing::info!(target: TARGET, "{message}"),
            _ => tracing::debug!(target: TARGET, "{message}"),
        }
        if left == 0 {
            tracing::warn!("further log lines of this call are dropped");
        }
    }
}

/// Whether anybody would see what a guest prints.
pub(crate) fn prints_are_seen() -> bool {
    tracing::enabled!(target: TARGET, Level::DEBUG)
}
