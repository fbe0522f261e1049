//! The area's routes.

use axum::{Router, routing::get};

use super::{discovery, me, state::Identity};
use crate::http::Area;

pub(crate) fn area(identity: Identity) -> Area {
    let closed = Router::new().route("/api/2.0/preview/scim/v2/Me", get(me::me));
    let open = Router::new().route("/.well-known/databricks-config", get(discovery::config));
    Area { closed, open: open.with_state(identity) }
}
