//! The interactive page of the API at `/docs`: our own few files, because it must work without a network and under the
//! content security policy of everything else.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;

use crate::app::AppState;

pub(super) fn router() -> utoipa_axum::router::OpenApiRouter<AppState> {
    let file = |content_type: &'static str, text: &'static str| {
        get(move || {
            std::future::ready(
                ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], text).into_response(),
            )
        })
    };
    Router::new()
        .route("/docs", file("text/html; charset=utf-8", include_str!("docs/index.html")))
        .route("/docs/docs.js", file("text/javascript; charset=utf-8", include_str!("docs/docs.js")))
        .route("/docs/docs.css", file("text/css; charset=utf-8", include_str!("docs/docs.css")))
        .into()
}
