//! Unity Catalog's REST interface.
//!
//! It stands above the SQL engine, which knows the tables' columns and carries out changes as the SQL statements that
//! mean the same; what exists it asks the catalog.

mod api {
    pub(super) mod catalogs;
    pub(super) mod functions;
    pub(super) mod lineage;
    pub(super) mod metastores;
    pub(super) mod monitors;
    pub(super) mod permissions;
    pub(super) mod schemas;
    pub(super) mod tables;
    pub(super) mod tags;
    pub(super) mod volumes;
}
mod objects;
mod path;
mod routes;
mod sections;
mod service;

pub(crate) use self::{routes::area, sections::SECTIONS, service::Unity};
