//! `log` of the contract: lines for the operator.

use std::sync::Arc;

use tracing::Level;

use super::contract::wit::log as wit;
use super::{Frame, View};
use crate::audit::CallIdentity;
use crate::guest_log::LinesLeft;

/// Who writes, and how much more.
pub(super) struct LogCtx {
    who: Arc<CallIdentity>,
    lines: LinesLeft,
}

impl LogCtx {
    pub(super) fn new(frame: &Frame) -> Self {
        Self { who: Arc::clone(&frame.tally.identity), lines: LinesLeft::default() }
    }
}

impl wit::Host for View<'_, LogCtx> {
    fn write(&mut self, level: wit::Level, message: String) -> wasmtime::Result<()> {
        self.count()?;
        let level = match level {
            wit::Level::Debug => Level::DEBUG,
            wit::Level::Info => Level::INFO,
            wit::Level::Warn => Level::WARN,
            wit::Level::Error => Level::ERROR,
        };
        self.own.lines.write(&self.own.who, level, &message);
        Ok(())
    }
}
