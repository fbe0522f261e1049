//! The catalog: what exists in the workspace, whose it is and who may do what with it.
//!
//! [`Catalog`] is what other areas ask, the SQL engine among them. Its REST interface is in `unity`, above the engine.

mod access;
mod change;
mod model;
pub(crate) mod names;
pub(crate) mod rights;
mod store;
mod volumes;

pub(crate) use self::{
    change::{Change, TableEdit},
    model::{
        Audit, CatalogInfo, CatalogTree, FunctionInfo, Grant, HistoryEntry, SYSTEM_USER, SchemaInfo, SchemaTree,
        TableInfo, TableTree, TextLimit,
    },
    store::{Catalog, Workspace, import},
    volumes::VolumeInfo,
};
