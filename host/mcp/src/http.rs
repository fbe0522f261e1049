//! The endpoint over streamable HTTP (specification, "Transports"): whose a request is was found out before; here it
//! gets its session, its project and its door, and the transport does the rest.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use bricklayer_domain::{McpSessionId, ProjectId, UserId, chain};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full, LengthLimitError, Limited};
use rmcp::ErrorData;
use rmcp::model::JsonRpcError;
use rmcp::transport::streamable_http_server::session::SessionManager as _;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use crate::door::{Door, DoorError, Opened};
use crate::handler::McpHandler;
use crate::message::head;
use crate::records::{OfNobody, OfUser, SessionRecords};
use crate::sessions::{SessionLimits, Sessions, session_id};
use crate::shared::Sealer;

/// Largest message: a file to write fits, a flood does not.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// Names a session (specification, "Session Management").
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// Names the project that a client works in; `project` in the address says the same.
const PROJECT: HeaderName = HeaderName::from_static("x-bricklayer-project");

/// Seconds after which a client may look whether there is room for its session.
const ROOM_RETRY: HeaderValue = HeaderValue::from_static("30");

/// A user of the endpoint, as one request brought them.
#[async_trait]
pub trait Guest: Send + Sync + 'static {
    /// Who.
    fn user(&self) -> &UserId;

    /// The project that they ask for, when it is theirs; without one the project that their clients share.
    ///
    /// # Errors
    /// [`DoorError`].
    async fn project(&self, asked: Option<ProjectId>) -> Result<ProjectId, DoorError>;

    /// Their door there. The project is theirs.
    fn enter(&self, project: ProjectId, session: McpSessionId) -> Arc<dyn Door>;
}

/// What the endpoint answers.
pub type McpResponse = Response<BoxBody<Bytes, Infallible>>;

/// The endpoint; cheap to clone.
#[derive(Clone)]
pub struct McpEndpoint {
    service: StreamableHttpService<McpHandler, Sessions>,
    sessions: Arc<Sessions>,
    records: Arc<dyn SessionRecords>,
}

impl std::fmt::Debug for McpEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("McpEndpoint").finish_non_exhaustive()
    }
}

impl McpEndpoint {
    /// An endpoint whose sessions and streams end when `leaving` fires.
    #[must_use]
    pub fn new(
        limits: SessionLimits,
        records: Arc<dyn SessionRecords>,
        sealer: Sealer,
        leaving: CancellationToken,
    ) -> Self {
        let sessions = Arc::new(Sessions::new(limits));
        let mut config = StreamableHttpServerConfig::default()
            // Host and Origin are checked before anybody gets here, with the names that the operator gave.
            .disable_allowed_hosts()
            .with_max_request_body_bytes(MAX_MESSAGE_BYTES)
            .with_cancellation_token(leaving);
        config.session_store = Some(Arc::new(OfNobody));
        let service = StreamableHttpService::new(
            move || Ok(McpHandler::by_request(sealer.clone())),
            Arc::clone(&sessions),
            config,
        );
        Self { service, sessions, records }
    }

    /// Answers one request of a user.
    pub async fn answer<B>(&self, request: Request<B>, guest: &dyn Guest) -> McpResponse
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.try_answer(request, guest).await.unwrap_or_else(|refused| *refused)
    }

    async fn try_answer<B>(&self, request: Request<B>, guest: &dyn Guest) -> Result<McpResponse, Box<McpResponse>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (mut parts, body) = request.into_parts();
        let (bytes, begins) = if parts.method == Method::POST {
            let bytes = read(body).await?;
            let head = head(&bytes).map_err(|error| refusal(StatusCode::BAD_REQUEST, error))?;
            (bytes, head.method.as_deref() == Some("initialize"))
        } else {
            (Bytes::new(), false)
        };
        let is_json = parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"application/json"));
        let user = guest.user();
        let session = session_of(&parts)?;
        if session.is_none() && parts.method != Method::POST {
            return Err(needs_session());
        }
        let asked = project_of(&parts)?;
        let project = match session {
            // Who begins a session cannot choose its id: the one that is named here is not even looked for.
            Some(id) if !begins => self.project_of_session(id, asked, user).await?,
            _ => {
                if begins {
                    parts.headers.remove(&SESSION);
                    self.sessions.make_room(user).await.map_err(|_| no_room())?;
                }
                guest.project(asked).await.map_err(|error| closed(&error))?
            }
        };
        // Calls without a session are told apart by their project.
        let site = session.filter(|_| !begins).unwrap_or_else(|| McpSessionId::from_uuid(project.as_uuid()));
        parts.extensions.insert(Opened(guest.enter(project, site)));
        let mut service = self.service.clone();
        let records = OfUser { records: Arc::clone(&self.records), user: user.clone(), project };
        service.config.session_store = Some(Arc::new(records));
        let body = if bytes.is_empty() { Empty::new().boxed() } else { Full::new(bytes).boxed() };
        let response = service.handle(Request::from_parts(parts, body)).await;
        let held = match session.filter(|_| !begins) {
            Some(id) => self.sessions.has_session(&session_id(id)).await.unwrap_or(false).then_some(id),
            None => response.headers().get(&SESSION).and_then(|id| id.to_str().ok()?.parse().ok()),
        };
        if let Some(id) = held {
            self.sessions.own(id, user, project);
        }
        // It is JSON, so it was the message that the transport could not read.
        if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE && is_json {
            let message =
                "the message is no request, notification or answer of the protocol; look at `id` and `params`";
            return Err(refusal(StatusCode::BAD_REQUEST, ErrorData::invalid_request(message, None)));
        }
        Ok(response)
    }

    /// The project of a session of this user's, held here or kept.
    async fn project_of_session(
        &self,
        id: McpSessionId,
        asked: Option<ProjectId>,
        user: &UserId,
    ) -> Result<ProjectId, Box<McpResponse>> {
        let held = self.sessions.project_of(id, user).map_err(|_| no_session())?;
        let project = match held {
            Some(project) => project,
            None => {
                let kept = self.records.find(user, id).await.map_err(|error| closed(&DoorError::Failed(error)))?;
                let kept = kept.ok_or_else(no_session)?;
                self.sessions.make_room(user).await.map_err(|_| no_room())?;
                kept.project
            }
        };
        if asked.is_some_and(|asked| asked != project) {
            let message =
                "this session works in another project than `project` names; begin a new session for that one";
            return Err(refusal(StatusCode::BAD_REQUEST, ErrorData::invalid_request(message, None)));
        }
        Ok(project)
    }
}

async fn read<B>(body: B) -> Result<Bytes, Box<McpResponse>>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, MAX_MESSAGE_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("the message is larger than {MAX_MESSAGE_BYTES} bytes; send less at once");
            Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, ErrorData::invalid_request(message, None)))
        }
        Err(_) => {
            let error = ErrorData::parse_error("the message ended before it was complete", None);
            Err(refusal(StatusCode::BAD_REQUEST, error))
        }
    }
}

fn session_of(parts: &Parts) -> Result<Option<McpSessionId>, Box<McpResponse>> {
    let mut named = parts.headers.get_all(&SESSION).iter();
    let Some(first) = named.next() else { return Ok(None) };
    // What cannot be an id names no session; of two, nobody knows which is meant.
    let id = first.to_str().ok().and_then(|text| text.parse().ok());
    id.filter(|_| named.next().is_none()).map(Some).ok_or_else(no_session)
}

fn project_of(parts: &Parts) -> Result<Option<ProjectId>, Box<McpResponse>> {
    let header = parts.headers.get(&PROJECT).map(|value| value.to_str().unwrap_or_default());
    let query = parts.uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("project="));
    let Some(text) = header.or(query) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let message = "`project` must be a project's id, as its page's address has it";
        refusal(StatusCode::BAD_REQUEST, ErrorData::invalid_request(message, None))
    })
}

fn refusal(status: StatusCode, error: ErrorData) -> Box<McpResponse> {
    let body = serde_json::to_vec(&JsonRpcError::new(None, error)).unwrap_or_default();
    let mut response = Response::new(Full::new(Bytes::from(body)).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Box::new(response)
}

fn no_session() -> Box<McpResponse> {
    let message = "there is no such session; begin a new one with `initialize`";
    refusal(StatusCode::NOT_FOUND, ErrorData::invalid_request(message, None))
}

/// Only messages come without one: they may begin it, or be of a revision that has none.
fn needs_session() -> Box<McpResponse> {
    let message = "this needs a session; send `initialize` first, or messages by POST";
    let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, ErrorData::invalid_request(message, None));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

fn no_room() -> Box<McpResponse> {
    let message = "this host holds as many sessions as it may; try again later";
    let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, ErrorData::internal_error(message, None));
    response.headers_mut().insert(header::RETRY_AFTER, ROOM_RETRY);
    response
}

fn closed(error: &DoorError) -> Box<McpResponse> {
    match error {
        DoorError::NotFound(_) => refusal(StatusCode::NOT_FOUND, ErrorData::invalid_request(error.to_string(), None)),
        DoorError::Wrong(_) => refusal(StatusCode::BAD_REQUEST, ErrorData::invalid_request(error.to_string(), None)),
        DoorError::Failed(_) => {
            tracing::error!(error = chain(error), "an MCP request failed");
            refusal(StatusCode::INTERNAL_SERVER_ERROR, ErrorData::internal_error(error.to_string(), None))
        }
    }
}
