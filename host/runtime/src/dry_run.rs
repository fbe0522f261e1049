//! Starting a plugin without using it: what would fail at the first call fails before anybody relies on it.

use std::sync::Arc;

use bricklayer_domain::{CallSite, Caller, ProjectId, UserId};

use crate::tally::Tally;
use crate::{CallContext, Grants, LoadError, Plugin, PowerKind, Powers, Runtime};

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
        let user = UserId::parse(NOBODY).map_err(|error| LoadError::Start(error.to_string()))?;
        let caller = Caller::new(user, ProjectId::new(), CallSite::Host);
        let ctx = CallContext { grants: Arc::new(Grants::from_powers(&limits)), ..CallContext::new(caller) };
        let tally =
            Tally::new(plugin.profile().identity("(start)", &ctx.caller), Arc::clone(&ctx.audit), Arc::from(""));
        match self.enter(plugin, None, ctx, tally).await.failure {
            None => Ok(()),
            Some(failure) => Err(LoadError::Start(failure.message)),
        }
    }
}
