//! One client over a stream of bytes: standard input and output, or a socket. A message is a line (specification,
//! "Transports").

use std::sync::Arc;

use rmcp::serve_server;
use rmcp::service::QuitReason;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::door::Door;
use crate::handler::McpHandler;
use crate::http::MAX_MESSAGE_BYTES;
use crate::shared::Sealer;

/// Answers a client until its stream ends.
///
/// # Errors
/// When it does not begin as the protocol says, or the task that answers it was lost.
pub async fn serve<R, W>(
    door: Arc<dyn Door>,
    sealer: Sealer,
    read: R,
    write: W,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let transport = AsyncRwTransport::new_server(read, write).with_max_line_length(MAX_MESSAGE_BYTES);
    let running = match serve_server(McpHandler::of(door, sealer), transport).await {
        Ok(running) => running,
        // A client that looked and left.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match running.waiting().await? {
        QuitReason::JoinError(error) => Err(error.into()),
        _ => Ok(()),
    }
}
