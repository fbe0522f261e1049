//! SQL: the language, the engine, statements and warehouses.

mod api {
    mod error;
    pub(super) mod history;
    pub(super) mod links;
    pub(super) mod queries;
    pub(super) mod statements;
    pub(super) mod warehouses;
}
pub(crate) mod engine;
pub(crate) mod language;
mod links;
mod queries;
mod routes;
pub(crate) mod script;
pub(crate) mod session;
mod state;
mod statements;
pub(crate) mod warehouses;

pub(crate) use self::{
    routes::{SECTIONS, area},
    state::Sql,
};
