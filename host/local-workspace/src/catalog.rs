//! The catalog: what exists in the workspace, whose it is and who may do what with it.
//!
//! [`Catalog`] is what other areas ask, the SQL engine among them. Its REST interface is in `unity`, above the engine.

mod access;
mod change;
mod lineage;
mod model;
mod monitors;
pub(crate) mod names;
mod objects;
pub(crate) mod rights;
mod rows;
mod store;
mod tags;
mod volumes;

pub(crate) use self::{
    change::{Change, TableEdit},
    lineage::{MadeOf, Neighbour},
    model::{
        Audit, CatalogInfo, CatalogTree, FunctionInfo, Grant, HistoryEntry, Policy, SYSTEM_USER, SchemaInfo,
        SchemaTree, TableInfo, TableTree, TextLimit, Uses,
    },
    monitors::{MonitorInfo, Refresh},
    objects::{Edited, ObjectInfo},
    store::{Catalog, Inlined, Workspace, import},
    tags::{MAX_TAGS, Tagged, check_tag},
    volumes::VolumeInfo,
};
