//! Everything that a plugin can be allowed, on one screen. Nothing is allowed by default.

use bricklayer_package::{FilesGrant, HttpRule, Manifest, Power, Powers};

/// The powers given to a plugin for one call. What it asked for is in its [`Manifest`]; what it gets is decided by
/// the user or operator, and is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Outgoing HTTP: a request passes when one rule allows it.
    pub http: Vec<HttpRule>,
    /// The project's folder as `/project`.
    pub files: FilesGrant,
    /// The key-value store of the project and the plugin.
    pub state: bool,
    /// Memory of a call in MiB, when it may be more than the host's default.
    pub memory_mib: Option<u32>,
    /// Processor time of a call in seconds, when it may be more than the host's default.
    pub cpu_seconds: Option<u32>,
    /// What a call carries in GiB, when it may be more than the host's default.
    pub transfer_gib: Option<u32>,
}

impl Grants {
    /// Everything that the manifest asks for.
    #[must_use]
    pub fn from_request(manifest: &Manifest) -> Self {
        Self::from_powers(&manifest.requests())
    }

    /// What these powers allow: the ones that count for a call, [`Powers::effective`].
    #[must_use]
    pub fn from_powers(powers: &Powers) -> Self {
        let memory = |power: &Power| if let Power::Memory { mib } = power { Some(*mib) } else { None };
        let cpu = |power: &Power| if let Power::Cpu { seconds } = power { Some(*seconds) } else { None };
        let transfer = |power: &Power| if let Power::Transfer { gib } = power { Some(*gib) } else { None };
        Self {
            http: powers.http_rules(),
            files: powers.files(),
            state: powers.state(),
            memory_mib: powers.iter().filter_map(memory).max(),
            cpu_seconds: powers.iter().filter_map(cpu).max(),
            transfer_gib: powers.iter().filter_map(transfer).max(),
        }
    }
}
