//! The area's routes.

use axum::{
    Router,
    routing::{get, post},
};

use super::{
    api::{catalogs, functions, lineage, metastores, monitors, permissions, schemas, tables, tags, volumes},
    objects::{self, connections::Connection, sharing, storage},
    service::Unity,
};
use crate::http::Area;

pub(crate) fn area(unity: Unity) -> Area {
    let routes = Router::new()
        .route("/current-metastore-assignment", get(metastores::assignment))
        .route("/metastore_summary", get(metastores::summary))
        .route("/metastores", get(metastores::list))
        .route("/catalogs", get(catalogs::list).post(catalogs::create))
        .route("/catalogs/{name}", get(catalogs::get).patch(catalogs::update).delete(catalogs::delete))
        .route("/schemas", get(schemas::list).post(schemas::create))
        .route("/schemas/{name}", get(schemas::get).patch(schemas::update).delete(schemas::delete))
        .route("/tables", get(tables::list))
        .route("/table-summaries", get(tables::summaries))
        .route("/tables/{name}", get(tables::get).patch(tables::update).delete(tables::delete))
        .route("/tables/{name}/exists", get(tables::exists))
        .route("/functions", get(functions::list).post(functions::create))
        .route("/functions/{name}", get(functions::get).patch(functions::update).delete(functions::delete))
        .route("/volumes", get(volumes::list).post(volumes::create))
        .route("/volumes/{name}", get(volumes::get).patch(volumes::update).delete(volumes::delete))
        .route("/permissions/{kind}/{name}", get(permissions::get).patch(permissions::update))
        .route("/effective-permissions/{kind}/{name}", get(permissions::effective))
        .route(
            "/tables/{name}/monitor",
            get(monitors::get).post(monitors::create).put(monitors::update).delete(monitors::delete),
        )
        .route("/tables/{name}/monitor/refreshes", get(monitors::refreshes).post(monitors::refresh))
        .route("/tables/{name}/monitor/refreshes/{id}", get(monitors::get_refresh))
        .route("/entity-tag-assignments", post(tags::create))
        .route("/entity-tag-assignments/{kind}/{name}/tags", get(tags::list))
        .route(
            "/entity-tag-assignments/{kind}/{name}/tags/{key}",
            get(tags::get).patch(tags::update).delete(tags::delete),
        )
        .merge(objects::routes::<storage::StorageCredential>())
        .merge(objects::routes::<storage::ExternalLocation>())
        .merge(objects::routes::<Connection>())
        .merge(objects::routes::<sharing::Share>())
        .merge(objects::routes::<sharing::Recipient>())
        .merge(objects::routes::<sharing::Provider>())
        .route("/validate-storage-credentials", post(storage::validate))
        .route("/shares/{name}/permissions", get(sharing::permissions).patch(sharing::change_permissions))
        .route("/recipients/{name}/rotate-token", post(sharing::rotate))
        .route("/recipients/{name}/share-permissions", get(sharing::share_permissions))
        .route("/providers/{name}/shares", get(sharing::provider_shares));
    let closed = Router::new()
        .nest("/api/2.1/unity-catalog", routes)
        .route("/api/2.0/lineage-tracking/table-lineage", get(lineage::of_table))
        .with_state(unity);
    Area { closed, open: Router::new() }
}
