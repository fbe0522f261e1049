//! Secrets: scopes, values, and who may do what with them.
//!
//! Rules: Secrets API 2.0 of the public REST reference. Values lie in the database of objects as they were given; what
//! guards them is the mode of its file, and the rights on their scope.

mod api;
mod model;
mod routes;
mod store;

pub(crate) use self::{
    routes::{SECTIONS, area},
    store::Secrets,
};
