//! What the area knows.

use std::{sync::Arc, time::Duration};

use super::{directory::Directory, tokens::Tokens};
use crate::config::Config;

/// The area's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(super) directory: Arc<Directory>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) workspace_id: u64,
}

impl Identity {
    pub(crate) fn new(config: &Config, workspace_id: u64) -> Self {
        let Config { tokens, service_principals, .. } = config;
        let lifetime = Duration::from_secs(config.oauth_token_seconds);
        Self {
            directory: Arc::new(Directory::new(tokens, service_principals)),
            tokens: Arc::new(Tokens::new(tokens, service_principals, lifetime)),
            workspace_id,
        }
    }
}
