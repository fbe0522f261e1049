//! The HTTP API: routes, documents, and what every request passes through.
//!
//! Handlers extract, call one function, and map its answer. Errors are problem details (RFC 9457) from one type in
//! [`problem`]. The OpenAPI document is generated from the handlers, so it cannot drift from them.
//!
//! Paths hold ids of their kind (`Path<ProjectId>`), which the document tells as what they are, UUIDs. What every
//! operation answers with when it fails stands in [`document`] once.

#![expect(unused_qualifications, reason = "utoipa's derive reads the extractor's name as its own")]

mod agents;
mod approvals;
mod archives;
mod assets;
mod changes;
mod conversations;
mod docs;
mod errors;
mod extract;
mod files;
mod guard;
mod invoke;
mod list;
mod mcp;
mod me;
mod models;
mod older;
mod permission_rules;
mod permissions;
mod plugins;
pub mod problem;
mod projects;
mod resources;
#[expect(unused_qualifications, reason = "utoipa's derive reads the extractor's name as its own")]
mod results;
mod settings;
#[expect(unused_qualifications, reason = "utoipa's derive reads the extractor's name as its own")]
mod skills;
mod sse;
mod stream;
mod tool_choice;
mod tools;
mod usage;
mod warehouses;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{any, get};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa::openapi::{ContentBuilder, PathItem, Ref, ResponseBuilder};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::app::AppState;
use problem::Problem;

/// Largest request body: a message with a pasted file fits, a flood does not.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// Longest a request may take before it is answered with a problem; streams are not requests in this sense.
pub const REQUEST_TIME_LIMIT: Duration = Duration::from_secs(45);
/// Longest that a request about plugins may take: a large package is fetched, or compiled for the first time.
pub const PLUGIN_TIME_LIMIT: Duration = Duration::from_secs(180);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bricklayer",
        description = "An agent that works on a Databricks workspace through sandboxed plugins. Errors are problem \
                       details (RFC 9457)."
    ),
    components(schemas(problem::ProblemDetails, crate::events::WireEvent)),
    tags(
        (name = "service", description = "State, identity, prompt and tools."),
        (name = "workspace", description = "What the user can choose in their Databricks workspace."),
        (name = "plugins", description = "Plugins: looking at them, installing, giving powers, updating, removing."),
        (name = "projects", description = "Projects and their files."),
        (name = "skills", description = "Skills of a project: folders with a SKILL.md (agentskills.io)."),
        (name = "conversations", description = "Threads in a project."),
        (name = "results", description = "What tools produced, whole: docs/RESULTS.md."),
        (name = "turns", description = "Asking the agent, watching it, stopping it, answering it."),
        (name = "older", description = "Names that clients of the system before this one ask for."),
    )
)]
struct ApiDocument;

/// What answers everybody.
fn public_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(ApiDocument::openapi())
        .routes(routes!(me::get_health))
        .routes(routes!(me::get_liveness))
        .routes(routes!(me::get_readiness))
        .routes(routes!(older::health))
}

/// What answers users only, and knows which.
fn users_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(me::get_me))
        .routes(routes!(models::list_models))
        .routes(routes!(me::get_system_prompt))
        .routes(routes!(tools::list_tools))
        .routes(routes!(plugins::read::list_plugins, plugins::change::install_plugin))
        .routes(
            routes!(plugins::upload::inspect_plugin).layer(DefaultBodyLimit::max(plugins::upload::MAX_UPLOAD_BYTES)),
        )
        .routes(routes!(plugins::read::get_plugin, plugins::change::enable_plugin, plugins::change::remove_plugin))
        .routes(routes!(plugins::change::update_plugin))
        .routes(routes!(plugins::change::consent_plugin_update))
        .routes(routes!(plugins::change::reject_plugin_update))
        .routes(routes!(plugins::change::set_plugin_grants))
        .routes(routes!(plugins::change::switch_plugin))
        .routes(routes!(plugins::change::roll_back_plugin))
        .routes(routes!(plugins::read::list_plugin_audit))
        .routes(routes!(plugins::read::get_plugin_icon))
        .routes(routes!(plugins::read::get_plugin_readme))
        .routes(routes!(warehouses::list_warehouses))
        .routes(routes!(warehouses::list_clusters))
        .routes(routes!(warehouses::list_catalogs))
        .routes(routes!(warehouses::list_schemas))
        .routes(routes!(projects::list_projects, projects::create_project))
        .routes(routes!(projects::get_project, projects::update_project, projects::delete_project))
        .routes(routes!(tool_choice::get_tool_choice, tool_choice::set_tool_choice))
        .routes(routes!(permission_rules::get_permission_rules, permission_rules::set_permission_rules))
        .routes(routes!(skills::list_skills))
        .routes(routes!(skills::enable_skills))
        .routes(routes!(skills::change::reload_skills))
        .routes(routes!(skills::files::get_skill_tree))
        .routes(routes!(skills::files::get_skill_file, skills::files::write_skill_file))
        .routes(routes!(skills::change::upload_skill).layer(DefaultBodyLimit::max(skills::change::MAX_ARCHIVE_BYTES)))
        .routes(routes!(skills::change::remove_skill))
        .routes(routes!(agents::list_agents))
        .routes(routes!(resources::list_resources))
        .routes(routes!(resources::forget_resource))
        .routes(routes!(resources::remove_resource))
        .routes(routes!(files::list_files))
        .routes(routes!(files::get_file))
        .routes(routes!(archives::get_archive))
        .routes(routes!(tools::look))
        .routes(routes!(conversations::list_conversations, conversations::create_conversation))
        .routes(routes!(
            conversations::get_conversation,
            conversations::update_conversation,
            conversations::delete_conversation
        ))
        .routes(routes!(conversations::list_executions))
        .routes(routes!(usage::get_conversation_usage))
        .routes(routes!(usage::get_usage))
        .routes(routes!(permissions::revoke_permission))
        .routes(routes!(changes::follow_changes))
        .routes(routes!(invoke::invoke_agent))
        .routes(routes!(stream::follow_stream, stream::post_follow_stream))
        .routes(routes!(invoke::stop_stream))
        .routes(routes!(approvals::answer_approval))
        .routes(routes!(results::get_structured_result))
        .routes(routes!(results::table::list_results))
        .routes(routes!(results::table::get_result))
        .routes(routes!(results::table::get_result_rows))
        .routes(routes!(results::table::sample_result))
        .routes(routes!(results::table::get_result_cell))
        .routes(routes!(results::table::get_column_summary))
        .routes(routes!(results::table::list_distinct_values))
        .routes(routes!(results::table::get_column_histogram))
        .routes(routes!(results::aggregate::aggregate_result))
        .routes(routes!(results::changes::compare_results))
        .routes(routes!(results::numbers::check_numbers))
        .routes(routes!(results::rerun::run_result_again))
        .routes(routes!(results::files::download_result))
        .routes(routes!(results::files::get_result_content))
        .routes(routes!(older::user))
        .routes(routes!(older::me))
        .routes(routes!(older::prompt))
        .routes(routes!(older::create))
        .routes(routes!(older::conversation))
        .routes(routes!(older::invoke))
        .route(mcp::PATH, any(mcp::answer))
        .route(mcp::ALIAS, any(mcp::answer))
}

/// The OpenAPI document of this build.
#[must_use]
pub fn open_api() -> utoipa::openapi::OpenApi {
    document(public_routes().merge(users_routes()).split_for_parts().1)
}

/// Spells wildcard segments as OpenAPI does, and adds what every operation may answer with besides its own.
fn document(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    for (path, item) in &mut document.paths.paths {
        // Health says all that it answers itself.
        if path.starts_with(guard::HEALTH_PATH) {
            continue;
        }
        let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
        for operation in [get, put, post, delete, options, head, patch, trace].into_iter().flatten() {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDetails"))).build();
            let problem = ResponseBuilder::new().content("application/problem+json", content).build();
            operation.responses.responses.insert("default".to_owned(), problem.into());
        }
    }
    document
}

/// Everything that answers HTTP.
pub fn router(state: AppState) -> Router {
    let identify = axum::middleware::from_fn_with_state(state.clone(), guard::identify);
    let (api, described) = public_routes().merge(users_routes().route_layer(identify)).split_for_parts();
    let document = serde_json::to_value(document(described)).unwrap_or_default();
    let api = api
        .route("/openapi.json", get(move || std::future::ready(Json(document))))
        .merge(docs::router())
        .route("/api/{*rest}", any(unknown_route))
        .fallback(assets::serve)
        .method_not_allowed_fallback(method_not_allowed);
    let compression = CompressionLayer::new().compress_when(
        DefaultPredicate::new().and(NotForContentType::const_new("text/event-stream")).and(may_compress),
    );
    // Outermost first: the id must exist before anything can fail, and problems are written last.
    let layers = ServiceBuilder::new()
        .layer(axum::middleware::from_fn(guard::identify_and_write_problems))
        .layer(security_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(security_header(header::REFERRER_POLICY, "same-origin"))
        .layer(security_header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(security_header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(security_header(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(security_header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(compression)
        .layer(axum::middleware::from_fn_with_state(state.clone(), guard::check_origin))
        .layer(axum::middleware::from_fn(guard::limit_time))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    api.layer(layers).with_state(state)
}

/// Marks an answer that is sent as it is, so that its length is known before.
#[derive(Debug, Clone, Copy)]
struct Uncompressed;

fn may_compress(_: StatusCode, _: http::Version, _: &http::HeaderMap, extensions: &http::Extensions) -> bool {
    extensions.get::<Uncompressed>().is_none()
}

/// Nothing from elsewhere, no frames around us: what a model wrote is shown in this page, and it must not be able to
/// load or send anything.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

fn security_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

async fn unknown_route(uri: axum::extract::OriginalUri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown-route", format!("there is nothing at {}; see /docs", uri.path()))
}

async fn method_not_allowed(method: http::Method, uri: axum::extract::OriginalUri) -> Problem {
    let detail = format!("{} does not take {method}; see /docs", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}

/// A handler that panicked is our fault, and costs one request.
fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = message, "a request handler panicked");
    Problem::internal().into_response()
}
