//! What outlives a call, as typed values: a small cache or a place to remember where a long job stood.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Failure, LogLevel, Platform};

/// The plugin's key-value store in this project. Needs `state = true` in `plugin.toml`.
///
/// The store is a convenience: a host that cannot reach it, or a value of an older shape, reads as nothing kept.
#[derive(Debug, Clone, Copy)]
pub struct State<'a, P> {
    platform: &'a P,
}

/// A value and when it was kept.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    at: u64,
    value: T,
}

impl<'a, P: Platform> State<'a, P> {
    /// The store of a call.
    #[must_use]
    pub const fn new(platform: &'a P) -> Self {
        Self { platform }
    }

    /// The value under a key.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(&self.platform.state_get(key)?).ok()
    }

    /// Keeps a value as JSON, at most 65536 bytes of it.
    pub fn set(&self, key: &str, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.platform.state_set(key, &text),
            Err(error) => self.platform.log(LogLevel::Warn, &format!("{key} was not kept: {error}")),
        }
    }

    /// Forgets a value.
    pub fn forget(&self, key: &str) {
        self.platform.state_delete(key);
    }

    /// The value kept under a key within the last `max_age`, or what `make` makes, which is then kept.
    ///
    /// ```
    /// # use bricklayer_sdk::{State, Failure, Platform};
    /// # use std::time::Duration;
    /// # fn example(host: &impl Platform) -> Result<(), Failure> {
    /// let cities: Vec<String> = State::new(host).remember("cities", Duration::from_secs(600), || {
    ///     Ok(vec!["Köln".to_owned()])
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `make` answers; failures are not kept.
    pub fn remember<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        max_age: Duration,
        make: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let now = self.platform.unix_seconds();
        if let Some(Kept { at, value }) = self.get::<Kept<T>>(key)
            && now.saturating_sub(at) <= max_age.as_secs()
        {
            return Ok(value);
        }
        let value = make()?;
        let kept = Kept { at: now, value };
        self.set(key, &kept);
        Ok(kept.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Script;

    #[test]
    fn remembers_for_a_while() {
        let script = Script::new();
        let state = State::new(&script);
        let make = |value: u32| state.remember("n", Duration::from_secs(60), || Ok(value)).unwrap();
        assert_eq!(make(1), 1);
        assert_eq!(make(2), 1);
        script.sleep(Duration::from_secs(61));
        assert_eq!(make(3), 3);
        state.forget("n");
        assert_eq!(make(4), 4);
        script.state_set("n", "nonsense");
        assert_eq!(make(5), 5);
    }
}
