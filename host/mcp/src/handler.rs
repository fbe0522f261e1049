//! What a client asks for, and who answers it.

#![expect(deprecated, reason = "clients of revision 2025-11-25 set log levels and hear logs as it says")]

use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{
    ArgumentInfo, CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
    CompletionInfo, CustomRequest, CustomResult, Extensions, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, Implementation, InitializeRequestParams, InitializeResult, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams, Prompt,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Reference, Resource, ServerCapabilities,
    ServerConfig, SetLevelRequestParams, SubscriptionFilter, Tool,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::call::is_modern;
use crate::door::{Door, Opened, failed};
use crate::library::Completing;
use crate::page::page;
use crate::shared::{Sealer, Shared};
use crate::{call, changes, malformed, shown, tools};

/// Answers one client: of one session, or of one request where there are no sessions.
pub struct McpHandler {
    /// The client's door, where it is not brought by each request.
    door: Option<Arc<dyn Door>>,
    shared: Shared,
    /// The changes of tools since the client's session began.
    changes: Mutex<Option<watch::Receiver<u64>>>,
    /// Watches what the client is told of; ends with the client.
    watching: Mutex<JoinSet<()>>,
}

impl std::fmt::Debug for McpHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("McpHandler").finish_non_exhaustive()
    }
}

impl McpHandler {
    /// For a client whose door is the same to its end.
    #[must_use]
    pub fn of(door: Arc<dyn Door>, sealer: Sealer) -> Self {
        Self { door: Some(door), ..Self::by_request(sealer) }
    }

    /// For a client that brings its door with each request.
    pub(crate) fn by_request(sealer: Sealer) -> Self {
        Self { door: None, shared: Shared::new(sealer), changes: Mutex::default(), watching: Mutex::default() }
    }

    /// The door that came with a request, else the client's own.
    fn door(&self, extensions: &Extensions) -> Result<Arc<dyn Door>, ErrorData> {
        let with_request = extensions.get::<http::request::Parts>();
        let brought = with_request.and_then(|parts| parts.extensions.get::<Opened>()).map(|opened| &opened.0);
        brought.or(self.door.as_ref()).map(Arc::clone).ok_or_else(|| {
            tracing::error!("an MCP request came without its user");
            ErrorData::internal_error("the host does not know whose request this is", None)
        })
    }
}

const INSTRUCTIONS: &str = "Tools that work on a Databricks workspace (names begin with mcp__databricks__) and in a \
    project folder of the host (Read, Write, Edit, Glob, Grep); further plugins bring their own. Paths are those of the \
    project folder. Calls that share or destroy are put to the user first. Work that goes on after its call is an \
    operation: check_operation_status tells how it stands.";

/// What is listed by pages, for one user in one project.
macro_rules! listed {
    ($list:ident, $all:expr, $request:expr, $key:expr) => {{
        let cursor = $request.and_then(|request| request.cursor);
        let (page, next) = page($all, cursor.as_deref(), $key)?;
        let mut list = $list::with_all_items(page);
        list.next_cursor = next;
        list.cache_scope = Some(CacheScope::Private);
        Ok(list)
    }};
}

impl ServerHandler for McpHandler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .enable_logging()
            .build();
        let implementation = Implementation::new("bricklayer", env!("CARGO_PKG_VERSION")).with_title("Bricklayer");
        ServerConfig::new(capabilities).with_server_info(implementation).with_instructions(INSTRUCTIONS)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let changes = self.door(&context.extensions)?.tool_changes();
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner) = Some(changes);
        context.peer.set_peer_info(request.clone());
        self.negotiate_initialize(&request)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let gate = self.door(&context.extensions)?.gate().await.map_err(failed)?;
        // Clients have their own ways to find a tool among many.
        let search = gate.offer().search().map(|search| &search.name);
        let listed = gate.list().iter().filter(|spec| Some(&spec.name) != search);
        let all: Vec<Tool> = listed.map(|spec| tools::tool(spec)).collect();
        listed!(ListToolsResult, all, request, |tool: &Tool| &tool.name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let door = self.door(&context.extensions)?;
        let Ok(_place) = self.shared.calls.try_acquire() else {
            let message = "this client has as many calls under way as it may; wait for some of them";
            return Err(ErrorData::invalid_request(message, None));
        };
        call::call(&self.shared, &*door, request, context).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let all = self.door(&context.extensions)?.resources().await.map_err(failed)?;
        let all: Vec<Resource> = all.into_iter().map(shown::resource).collect();
        listed!(ListResourcesResult, all, request, |resource: &Resource| &resource.uri)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let all: Vec<_> = self.door(&context.extensions)?.resource_forms().iter().map(shown::form).collect();
        listed!(ListResourceTemplatesResult, all, request, |form: &rmcp::model::ResourceTemplate| &form.uri_template)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let contents = self.door(&context.extensions)?.read(&request.uri).await.map_err(|error| {
            let told = failed(error);
            ErrorData { data: Some(json!({"uri": request.uri})), ..told }
        })?;
        let mut result = ReadResourceResult::new(contents.into_iter().map(shown::content).collect());
        result.cache_scope = Some(CacheScope::Private);
        Ok(result.into())
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let all = self.door(&context.extensions)?.prompts().await.map_err(failed)?;
        let all: Vec<Prompt> = all.into_iter().map(shown::prompt).collect();
        listed!(ListPromptsResult, all, request, |prompt: &Prompt| &prompt.name)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let parts = self.door(&context.extensions)?.prompt(&request.name, &arguments).await.map_err(failed)?;
        Ok(GetPromptResult::new(parts.into_iter().map(shown::part).collect()).into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let door = self.door(&context.extensions)?;
        let of = match &request.r#ref {
            Reference::Prompt(prompt) => Completing::Prompt(&prompt.name),
            Reference::Resource(form) => Completing::Form(&form.uri),
            other => {
                let message = format!("nothing is completed for {}", other.reference_type());
                return Err(ErrorData::invalid_params(message, None));
            }
        };
        let ArgumentInfo { name, value, .. } = &request.argument;
        let mut values = door.complete(of, name, value).await.map_err(failed)?;
        let total = u32::try_from(values.len()).ok();
        let more = values.len() > CompletionInfo::MAX_VALUES;
        values.truncate(CompletionInfo::MAX_VALUES);
        let info = CompletionInfo::with_pagination(values, total, more);
        Ok(CompleteResult::new(info.map_err(|error| ErrorData::internal_error(error, None))?))
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if is_modern(&context) {
            return Err(malformed::no_method("logging/setLevel"));
        }
        self.shared.level.set(request.level);
        Ok(())
    }

    /// Of sessions: begins to watch what the client was told of.
    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let Ok(door) = self.door(&context.extensions) else { return };
        let Some(changes) = self.changes.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let peer = context.peer;
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        // Once, however often a client says that it is there.
        watching.spawn(changes::watch(door, changes, async move || peer.notify_tool_list_changed().await.is_ok()));
    }

    fn accepted_subscription_filter(&self, _requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let door = self.door(&context.request_context().extensions)?;
        let (changes, sink) = (door.tool_changes(), context.sink().clone());
        tokio::select! {
            () = context.cancelled() => {}
            () = changes::watch(door, changes, async move || sink.notify_tool_list_changed().await.is_ok()) => {}
        }
        Ok(())
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Err(malformed::told(request, is_modern(&context)))
    }
}
