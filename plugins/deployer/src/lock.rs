//! The lock of a bundle: a file in its state folder that says who deploys.

use serde_json::{Value, json};

/// The file's name.
pub const LOCK_FILE: &str = "deploy.lock";

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// What tells this taking of the lock from others.
    pub id: String,
    /// When it was taken, as RFC 3339.
    pub since: String,
    /// Whether it was taken from somebody else.
    pub is_forced: bool,
    /// Who took it.
    pub user: String,
}

impl Lock {
    /// Reads the file; what is missing in it is empty.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_forced = value.get("IsForced").and_then(Value::as_bool).unwrap_or_default();
        Self { id: text("ID"), since: text("AcquisitionTime"), is_forced, user: text("User") }
    }

    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let file = json!({"ID": self.id, "AcquisitionTime": self.since, "IsForced": self.is_forced, "User": self.user});
        file.to_string().into_bytes()
    }

    /// Who holds it and since when, and what to do.
    #[must_use]
    pub fn held(&self) -> String {
        let named = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        format!(
            "the bundle is being deployed: {} holds its lock since {}{}. Wait for that deploy, or take the lock with force_lock if it was cut off",
            named(&self.user, "somebody"),
            named(&self.since, "a time that is not known"),
            if self.is_forced { ", taken by force" } else { "" }
        )
    }
}

/// Whether a deploy takes the lock: what the bundle says, otherwise unless the target is one person's own.
#[must_use]
pub(crate) fn is_used(said: Option<bool>, is_development: bool) -> bool {
    said.unwrap_or(!is_development)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_named() {
        let lock = Lock {
            id: "i".to_owned(),
            since: "2026-01-02T03:04:05Z".to_owned(),
            is_forced: true,
            user: "ann@x.y".to_owned(),
        };
        assert_eq!(Lock::from_json(&serde_json::from_slice(&lock.to_bytes()).unwrap()), lock);
        let held = lock.held();
        assert!(
            held.contains("ann@x.y") && held.contains("2026-01-02T03:04:05Z") && held.contains("by force"),
            "{held}"
        );
        assert!(Lock::from_json(&json!([])).held().contains("somebody"));
    }

    #[test]
    fn targets_of_one_person_are_not_locked() {
        for (said, development, expect) in
            [(None, true, false), (None, false, true), (Some(true), true, true), (Some(false), false, false)]
        {
            assert_eq!(is_used(said, development), expect);
        }
    }
}
