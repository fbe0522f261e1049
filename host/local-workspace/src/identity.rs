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
    auth::{Caller, bearer, invalid_token, require_token, unauthenticated},
    directory::{EVERYBODY, covers, user_id},
    routes::area,
    state::Identity,
    tokens::same,
};
