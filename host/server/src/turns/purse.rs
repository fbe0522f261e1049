//! What may still be spent on models, by what was.

use std::sync::Arc;

use bricklayer_domain::{ConversationId, UserId};
use bricklayer_store::{Store, StoreError};

use crate::config::{SpendingConfig, UsedUp};

/// The budgets that look back beyond one turn.
#[derive(Debug, Clone)]
pub(super) struct Purse {
    store: Store,
    config: Arc<SpendingConfig>,
}

impl Purse {
    pub(super) const fn new(store: Store, config: Arc<SpendingConfig>) -> Self {
        Self { store, config }
    }

    /// Why a user may spend nothing more in a conversation, or in a new one; none while they may. The database is asked
    /// only where there is a budget.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn used_up(
        &self,
        user: &UserId,
        conversation: Option<ConversationId>,
    ) -> Result<Option<UsedUp>, StoreError> {
        if !self.config.looks_back() {
            return Ok(None);
        }
        let spent = self.store.spending(user, conversation).await?;
        Ok(self.config.used_up(&spent))
    }
}
