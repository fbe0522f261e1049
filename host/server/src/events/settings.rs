//! The settings of a turn as answers and events tell them.

use bricklayer_domain::{TurnSettings, with_turn_settings};
use serde::Serialize;
use utoipa::ToSchema;

use super::Mode;

macro_rules! told_settings {
    ({} $($(#[$doc:meta])* $name:ident;)*) => {
        /// What the user chose for a turn. Absent means: the agent chooses.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
        #[schema(default)]
        pub struct Settings {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<String>,
            )*
            /// How much runs unasked; the operator's default when absent.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub permission_mode: Option<Mode>,
        }

        impl From<TurnSettings> for Settings {
            fn from(settings: TurnSettings) -> Self {
                let TurnSettings { $($name,)* permission_mode } = settings;
                Self { $($name: $name.map(Into::into),)* permission_mode: permission_mode.map(Into::into) }
            }
        }
    };
}

with_turn_settings!(told_settings! {});
