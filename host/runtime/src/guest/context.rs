//! `context` of the contract: on whose behalf and where a call runs.

use std::sync::Arc;

use tokio::time::Instant;

use super::contract::wit::context as wit;
use super::{Frame, View};
use crate::CallContext;

/// What a guest may know about its call.
pub(super) struct ContextCtx {
    call: Arc<CallContext>,
    deadline: Instant,
}

impl ContextCtx {
    pub(super) fn new(frame: &Frame) -> Self {
        Self { call: Arc::clone(&frame.call), deadline: frame.deadline }
    }
}

impl wit::Host for View<'_, ContextCtx> {
    fn get(&mut self) -> wasmtime::Result<wit::CallContext> {
        self.count()?;
        let CallContext { caller, workspace, settings, .. } = &*self.own.call;
        let settings = settings.clone();
        let workspace_host = workspace.as_ref().and_then(|workspace| {
            let host = workspace.base_url.host_str()?;
            Some(workspace.base_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        });
        Ok(wit::CallContext {
            project: caller.project.to_string(),
            // A caller without a conversation has something else that ties its calls together.
            conversation: caller.site.thread().to_string(),
            user: Some(caller.user.to_string()),
            workspace_host,
            warehouse: settings.warehouse_id.map(Into::into),
            catalog: settings.default_catalog.map(Into::into),
            schema: settings.default_schema.map(Into::into),
            cluster: settings.cluster_id.map(Into::into),
            workspace_folder: settings.workspace_folder.map(Into::into),
            seconds_left: self.own.deadline.saturating_duration_since(Instant::now()).as_secs_f64(),
        })
    }
}
