//! How results are kept: the settings under `results`.

use std::ops::RangeInclusive;

use bricklayer_results::ResultsSettings;
use bricklayer_store::ResultLimits;

use super::{ConfigError, Layers};

/// Rows are counted with 32 bits where they are sorted; this leaves room.
const MAX_ROWS: u64 = 1_000_000_000;
const MAX_MIB: u64 = 1_000_000;

/// How much results may take, and how long they stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResultsConfig {
    /// What they may take in the database.
    pub limits: ResultLimits,
    /// How they are kept and read.
    pub settings: ResultsSettings,
}

impl ResultsConfig {
    pub(super) fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let (limits, settings) = (ResultLimits::default(), ResultsSettings::default());
        let bytes = |key, usual: u64| Ok(number(layers, key, usual >> 20, 1..=MAX_MIB)? << 20);
        let memory = |key, usual: usize| Ok(usize::try_from(bytes(key, usual as u64)?).unwrap_or(usize::MAX));
        let days = number(layers, "results.retention_days", 0, 0..=36_500)?;
        Ok(Self {
            limits: ResultLimits {
                result_bytes: bytes("results.result_mib", limits.result_bytes)?,
                result_rows: number(layers, "results.result_rows", limits.result_rows, 1..=MAX_ROWS)?,
                conversation_bytes: bytes("results.conversation_mib", limits.conversation_bytes)?,
                user_bytes: bytes("results.user_mib", limits.user_bytes)?,
            },
            settings: ResultsSettings {
                retention_days: u32::try_from(days).ok().filter(|days| *days > 0),
                view_cache_bytes: memory("results.view_cache_mib", settings.view_cache_bytes)?,
                column_cache_bytes: memory("results.column_cache_mib", settings.column_cache_bytes)?,
                sort_bytes: memory("results.sort_mib", settings.sort_bytes)?,
            },
        })
    }
}

fn number(layers: &Layers, key: &str, usual: u64, range: RangeInclusive<u64>) -> Result<u64, ConfigError> {
    let Some(value) = layers.get(key) else { return Ok(usual) };
    let (first, last) = (range.start(), range.end());
    let wrong = || layers.wrong(key, &format!("must be a whole number between {first} and {last}"));
    value.text.parse().ok().filter(|number| range.contains(number)).ok_or_else(wrong)
}
