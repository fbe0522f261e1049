//! Memory and tables of one call, summed: wasmtime's own limits count each memory by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

use crate::Limits;
use crate::failure::LimitHit;

/// Most core instances, memories and tables that one component may consist of: an interpreter has about 14 instances.
pub(crate) const MAX_CORE_INSTANCES: u32 = 60;
pub(crate) const MAX_MEMORIES: u32 = 8;
pub(crate) const MAX_TABLES: u32 = 16;

/// The sums so far.
#[derive(Debug)]
pub(crate) struct CallLimiter {
    memory_max: usize,
    memory: usize,
    memory_last: usize,
    /// The largest sum so far, read when the store is gone.
    memory_peak: Arc<AtomicUsize>,
    tables_max: usize,
    tables: usize,
    tables_last: usize,
}

impl CallLimiter {
    pub(crate) fn new(limits: &Limits, memory_peak: Arc<AtomicUsize>) -> Self {
        Self {
            memory_max: limits.memory_bytes,
            memory: 0,
            memory_last: 0,
            memory_peak,
            tables_max: limits.table_elements,
            tables: 0,
            tables_last: 0,
        }
    }
}

impl ResourceLimiter for CallLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // The module's own maximum: an ordinary failure that the guest expects.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let growth = desired.saturating_sub(current);
        let sum = self.memory.saturating_add(growth);
        if sum > self.memory_max {
            return Err(LimitHit::Memory.into());
        }
        self.memory = sum;
        self.memory_last = growth;
        self.memory_peak.fetch_max(sum, Ordering::Relaxed);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory = self.memory.saturating_sub(std::mem::take(&mut self.memory_last));
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let growth = desired.saturating_sub(current);
        let sum = self.tables.saturating_add(growth);
        if sum > self.tables_max {
            return Err(LimitHit::Table.into());
        }
        self.tables = sum;
        self.tables_last = growth;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.tables = self.tables.saturating_sub(std::mem::take(&mut self.tables_last));
        Ok(())
    }

    fn instances(&self) -> usize {
        MAX_CORE_INSTANCES as usize
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES as usize
    }

    fn tables(&self) -> usize {
        MAX_TABLES as usize
    }
}
