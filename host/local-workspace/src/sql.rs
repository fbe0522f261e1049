//! SQL: the language, the engine, statements and warehouses, and their REST interface.

pub(crate) mod api {
    pub(crate) mod history;
    pub(crate) mod links;
    pub(crate) mod statements;
    pub(crate) mod warehouses;
}
pub(crate) mod engine;
pub(crate) mod language;
pub(crate) mod statements;
pub(crate) mod warehouses;
