//! What a user chooses for a turn, told once.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::PermissionMode;

/// Longest setting, in characters; ids and names are far shorter, workspace paths reach this.
pub const MAX_SETTING_CHARS: usize = 500;

/// Why a text is no setting; reads on after the field's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// Too long.
    #[error("must have at most {MAX_SETTING_CHARS} characters")]
    TooLong,
    /// It would break lines.
    #[error("must not hold control characters")]
    ControlCharacters,
}

/// What was chosen: an id, a name or a path, checked when it came. What the database holds was, and is not again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TurnSetting(String);

impl TurnSetting {
    /// Empty means absent.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn parse(text: &str) -> Result<Option<Self>, SettingError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text.chars().count() > MAX_SETTING_CHARS {
            return Err(SettingError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(SettingError::ControlCharacters);
        }
        Ok(Some(Self(text.to_owned())))
    }
}

impl Deref for TurnSetting {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<TurnSetting> for String {
    fn from(setting: TurnSetting) -> Self {
        setting.0
    }
}

/// Gives all settings that are texts to a macro, after what else it is given in braces: for each its documentation, its
/// name and a semicolon. A further setting is a line here.
#[macro_export]
macro_rules! with_turn_settings {
    ($then:ident! $given:tt) => {
        $then! { $given
            /// SQL warehouse for statements.
            warehouse_id;
            /// Catalog for unqualified names.
            default_catalog;
            /// Schema for unqualified names.
            default_schema;
            /// Cluster for code.
            cluster_id;
            /// Folder in the workspace for what is uploaded.
            workspace_folder;
            /// Model id.
            model;
        }
    };
}

macro_rules! turn_settings {
    ({} $($(#[$doc:meta])* $name:ident;)*) => {
        /// What the user chose for a turn; remembered by its conversation. Absent means: the agent chooses.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct TurnSettings {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<TurnSetting>,
            )*
            /// How much runs unasked; the operator's default when absent.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub permission_mode: Option<PermissionMode>,
        }
    };
}

with_turn_settings!(turn_settings! {});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_trimmed_and_bounded() {
        let parsed = |text: &str| TurnSetting::parse(text).map(|setting| setting.map(String::from));
        assert_eq!(parsed("  a b "), Ok(Some("a b".to_owned())));
        assert_eq!(parsed(" \n"), Ok(None));
        assert_eq!(parsed(&"é".repeat(MAX_SETTING_CHARS)).map(|setting| setting.is_some()), Ok(true));
        assert_eq!(parsed(&"é".repeat(MAX_SETTING_CHARS + 1)), Err(SettingError::TooLong));
        assert_eq!(parsed("a\u{7f}b"), Err(SettingError::ControlCharacters));
    }
}
