//! The area's routes.

use axum::{
    Router,
    routing::{get, post},
};

use super::{
    Files,
    api::{dbfs, fs, workspace, workspace_files},
};
use crate::http::{
    Area,
    section::{Of, Section, text, time},
};

/// What the page shows of files: the workspace's with its notebooks, and those of volumes.
pub(crate) const SECTIONS: &[Section] = &[
    OBJECTS,
    Section { id: "volume", title: "A volume", path: "/api/2.0/fs/directories/Volumes/{1}/{2}/{3}", ..FOLDER },
    FOLDER,
];

const FOLDER: Section = Section {
    id: "folder",
    title: "A folder of a volume",
    path: "/api/2.0/fs/directories/{}",
    list: "contents",
    columns: &[text("Path", "/path"), text("Bytes", "/file_size"), time("Changed", "/last_modified")],
    of: None,
    opens: Some(("folder", "/path")),
    link: None,
};

const OBJECTS: Section = Section {
    id: "objects",
    title: "Files and notebooks",
    path: "/api/2.0/workspace/list?path={}",
    list: "objects",
    columns: &[
        text("Path", "/path"),
        text("Type", "/object_type"),
        text("Language", "/language"),
        text("Bytes", "/size"),
    ],
    of: Some(Of::Home),
    opens: Some(("objects", "/path")),
    link: None,
};

pub(crate) fn area(files: Files) -> Area {
    let in_volumes = Router::new()
        .route(
            "/files/{*path}",
            get(fs::download).head(fs::file_status).put(fs::upload).delete(fs::delete_file).post(fs::action),
        )
        .route(
            "/directories/{*path}",
            get(fs::list).head(fs::folder_status).put(fs::make_folder).delete(fs::delete_folder),
        );
    let in_dbfs = Router::new()
        .route("/get-status", get(dbfs::status))
        .route("/list", get(dbfs::list))
        .route("/read", get(dbfs::read))
        .route("/mkdirs", post(dbfs::make_folders))
        .route("/delete", post(dbfs::delete))
        .route("/move", post(dbfs::rename))
        .route("/create", post(dbfs::create))
        .route("/add-block", post(dbfs::add_block))
        .route("/close", post(dbfs::close))
        .route("/put", post(dbfs::put));
    let in_workspace = Router::new()
        .route("/get-status", get(workspace::status))
        .route("/list", get(workspace::list))
        .route("/mkdirs", post(workspace::make_folders))
        .route("/delete", post(workspace::delete))
        .route("/import", post(workspace::import))
        .route("/export", get(workspace::export));
    let closed = Router::new()
        .nest("/api/2.0/fs", in_volumes)
        .nest("/api/2.0/dbfs", in_dbfs)
        .nest("/api/2.0/workspace", in_workspace)
        .route("/api/2.0/workspace-files/import-file/{*path}", post(workspace_files::import))
        .route("/api/2.0/workspace-files/{*path}", get(workspace_files::download))
        .with_state(files);
    Area { closed, open: Router::new() }
}
