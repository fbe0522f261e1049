//! Starting a plugin without using it: what would fail at the first call fails before anybody relies on it.

use std::sync::Arc;

use bricklayer_domain::{ConversationId, ProjectId, TurnId, TurnSettings, UserId};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::call::Target;
use crate::tally::Tally;
use crate::{CallContext, Grants, LoadError, MemoryState, NoAudit, Plugin, PowerKind, Powers, Runtime};

/// The name of the person on whose behalf nothing is done.
const NOBODY: &str = "nobody";

impl Runtime {
    /// Instantiates a plugin in a sandbox of its own and leaves it: its start functions run, no tool is called, and it
    /// has no HTTP, files or state. Of what it asks for it gets the memory and CPU time only, without which a large
    /// interpreter would not come up.
    ///
    /// # Errors
    /// [`LoadError::Start`] with the reason.
    pub async fn dry_run(&self, plugin: &Arc<Plugin>) -> Result<(), LoadError> {
        let asked = plugin.manifest().requests();
        let limits: Powers = asked.iter().filter(|power| power.kind() == PowerKind::Limit).cloned().collect();
        let ctx = CallContext {
            user: UserId::parse(NOBODY).map_err(|error| LoadError::Start(error.to_string()))?,
            project: ProjectId::new(),
            conversation: ConversationId::new(),
            turn: TurnId::new(),
            tool_call: None,
            project_dir: None,
            workspace: None,
            settings: TurnSettings::default(),
            grants: Arc::new(Grants::from_powers(&limits)),
            state: Arc::new(MemoryState::default()),
            progress: Arc::new(|_| {}),
            cancel: CancellationToken::new(),
            audit: Arc::new(NoAudit),
            handover: None,
        };
        let tally = Tally::new(&ctx, plugin, "(start)", &Value::Null);
        match self.run(plugin, Target::Start, Vec::new(), ctx, tally).await.failure {
            None => Ok(()),
            Some(failure) => Err(LoadError::Start(failure.message)),
        }
    }
}
