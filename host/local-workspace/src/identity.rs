//! Who calls, and which workspace answers.

mod auth;
mod discovery;
mod me;
mod routes;
mod state;
mod users;

pub(crate) use self::{
    auth::{Caller, require_token},
    routes::area,
    state::Identity,
    users::user_id,
};
