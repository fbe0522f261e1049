//! The settings of a turn as requests bring them.

use bricklayer_domain::TurnSetting;

use super::problem::Problem;

/// A setting of a turn, checked; empty means absent.
pub(super) fn setting(field: &'static str, value: Option<String>) -> Result<Option<TurnSetting>, Problem> {
    let parsed = value.as_deref().map(TurnSetting::parse).transpose();
    parsed.map(Option::flatten).map_err(|error| Problem::field(field, error.to_string()))
}

/// A type that is read from a request and has, beside fields of its own, the settings of a turn. `in_body`, `all()` or
/// `any()`, says whether it is a body's. The method `settings` takes them out, checked.
macro_rules! asked_settings {
    (
        {
            in_body: $in_body:meta,
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
                #[cfg_attr($in_body, schema(max_length = 500))]
                $name: Option<String>,
            )*
            $($after)*
        }

        impl $type {
            /// The settings, but for the permission mode.
            fn settings(&mut self) -> Result<bricklayer_domain::TurnSettings, $crate::api::problem::Problem> {
                Ok(bricklayer_domain::TurnSettings {
                    $($name: $crate::api::settings::setting(stringify!($name), self.$name.take())?,)*
                    permission_mode: None,
                })
            }
        }
    };
}

pub(super) use asked_settings;
