//! The settings of a turn on the wire: as answers and events tell them, and as requests bring them.

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

/// A type that is read from a request and has, beside fields of its own, the settings of a turn. `each` is what every
/// setting has as an attribute. The method `settings` takes them out, checked.
macro_rules! asked_settings {
    (
        {
            each: [$($each:tt)*]
            $(#[$meta:meta])*
            $vis:vis struct $type:ident { $($before:tt)* }
            $($after:tt)*
        }
        $($(#[$doc:meta])* $name:ident;)*
    ) => {
        $(#[$meta])*
        $vis struct $type {
            $($before)*
            $(
                $(#[$doc])*
                $($each)*
                $name: Option<String>,
            )*
            $($after)*
        }

        impl $type {
            /// The settings, but for the permission mode.
            fn settings(&mut self) -> Result<bricklayer_domain::TurnSettings, $crate::api::problem::Problem> {
                Ok(bricklayer_domain::TurnSettings {
                    $($name: $crate::api::extract::setting(stringify!($name), self.$name.take())?,)*
                    permission_mode: None,
                })
            }
        }
    };
}

pub(crate) use asked_settings;
