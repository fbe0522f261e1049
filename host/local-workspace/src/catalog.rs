//! Unity Catalog: what exists in the workspace, whose it is and who may do what with it.
//!
//! [`Catalog`] is what other areas ask. The REST interface stands above the SQL engine, which knows the tables' columns
//! and carries out changes as the SQL statements that mean the same.

mod api {
    pub(super) mod catalogs;
    pub(super) mod functions;
    pub(super) mod metastores;
    pub(super) mod permissions;
    pub(super) mod schemas;
    pub(super) mod tables;
    pub(super) mod volumes;
}
mod change;
mod model;
pub(crate) mod names;
mod path;
mod routes;
mod service;
mod store;

pub(crate) use self::{
    change::{Change, TableEdit},
    model::{
        Audit, CatalogInfo, CatalogTree, FunctionInfo, Grant, HistoryEntry, SYSTEM_USER, SchemaInfo, SchemaTree,
        TableInfo, TableTree, TextLimit,
    },
    routes::area,
    service::Unity,
    store::{Catalog, Workspace, import},
};
