//! The area's routes.

use axum::{Router, routing::get};

use super::{
    api::{catalogs, functions, metastores, permissions, schemas, tables, volumes},
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
        .route("/effective-permissions/{kind}/{name}", get(permissions::effective));
    let closed = Router::new().nest("/api/2.1/unity-catalog", routes).with_state(unity);
    Area { closed, open: Router::new() }
}
