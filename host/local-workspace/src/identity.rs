//! Who calls, who else there is, and which workspace answers.

mod auth;
mod directory;
mod discovery;
mod oauth;
mod routes;
mod scim;
mod state;
mod tokens;

pub(crate) use self::{
    auth::{Caller, require_token},
    directory::{EVERYBODY, covers, user_id},
    routes::area,
    state::Identity,
};
