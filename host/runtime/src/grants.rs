//! Everything that a plugin can be allowed, on one screen. Nothing is allowed by default.

use bricklayer_package::{FilesGrant, HttpRule, Manifest, Method, PathPattern, Power, Powers, PreviewRequests};

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

    /// What of this is for looking: the folder to read, and of the requests those that only ask: by GET, by HEAD, and by
    /// POST those that the plugin's author names for it. State stays; whoever looks is given one that is forgotten.
    #[must_use]
    pub fn to_look(&self, previews: &PreviewRequests) -> Self {
        let rule = |from: &HttpRule, methods: Vec<Method>, paths: Vec<PathPattern>| HttpRule {
            audience: from.audience.clone(),
            methods,
            paths,
            credential: from.credential,
        };
        let asks = |allowed: &HttpRule| {
            let methods = allowed.methods.iter().copied().filter(|method| matches!(method, Method::Get | Method::Head));
            rule(allowed, methods.collect(), allowed.paths.clone())
        };
        let queries = |allowed: &HttpRule| {
            let methods = allowed.methods.iter().copied().filter(|method| *method == Method::Post);
            let paths = allowed.paths.iter().filter(|path| previews.posts.contains(path));
            rule(allowed, methods.collect(), paths.cloned().collect())
        };
        let http = self.http.iter().flat_map(|allowed| [asks(allowed), queries(allowed)]);
        Self {
            http: http.filter(|rule| !rule.methods.is_empty() && !rule.paths.is_empty()).collect(),
            files: if self.files == FilesGrant::None { FilesGrant::None } else { FilesGrant::Read },
            ..self.clone()
        }
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
