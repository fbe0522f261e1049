//! Unity Catalog: what is known of catalogs, schemas, tables and functions beside their data, and its REST interface.

pub(crate) mod api {
    pub(crate) mod unity;
    pub(crate) mod unity_write;
}
mod metastore;
mod state;

pub(crate) use self::{
    metastore::Metastore,
    state::{Audit, CatalogInfo, FunctionInfo, Grant, SchemaInfo, State, TableInfo, WarehouseInfo},
};
