//! The app behind its address, from the first answer to the last.

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::api;
use crate::app::App;
use crate::front::Front;
use crate::lifecycle::Shutdown;

impl App {
    /// Answers HTTP on `listener` until the lifecycle's soft token fires, then leaves in order: streams say goodbye,
    /// turns come to a safe point, leases are released, the database is closed. At most 10 seconds.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> Shutdown {
        let front = Front::start(listener, self.lifecycle());
        self.serve_behind(front).await
    }

    /// Lets an address that answers already lead to the server.
    pub fn open(self: &Arc<Self>, front: &Front) {
        front.open(api::router(Arc::clone(self)));
    }

    /// The same behind an address that answers already.
    pub async fn serve_behind(self: Arc<Self>, front: Front) -> Shutdown {
        let lifecycle = self.lifecycle().clone();
        let soft = lifecycle.soft().clone();
        self.open(&front);
        self.open_socket();
        tokio::select! {
            () = lifecycle.hard().cancelled() => {}
            () = soft.cancelled() => {}
        }
        self.leave().await
    }

    /// Leaves, when it was told to: streams say goodbye, turns come to a safe point, leases are released, the database is
    /// closed.
    pub(crate) async fn leave(&self) -> Shutdown {
        let lifecycle = self.lifecycle();
        let runtime = Arc::clone(self.plugins().runtime());
        let owed = async {
            // At once, so that nobody waits for turns that were dropped here.
            self.turns().release().await;
            runtime.drain().await;
        };
        let shutdown = lifecycle.shutdown_after(owed).await;
        self.turns().release().await;
        self.store().close().await;
        self.let_go();
        shutdown
    }
}
