//! What the area knows.

use std::sync::Arc;

use super::users::Users;
use crate::config::Token;

/// The area's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(super) users: Arc<Users>,
    pub(super) workspace_id: u64,
}

impl Identity {
    pub(crate) fn new(tokens: &[Token], workspace_id: u64) -> Self {
        Self { users: Arc::new(Users::new(tokens)), workspace_id }
    }
}
