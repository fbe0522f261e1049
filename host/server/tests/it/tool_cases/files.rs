//! Cases of the family `files`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound, PermissionDenied};
use serde_json::{Value, json};

use super::{Case, Stage, answered, fails, works};

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let (owner, stranger) = (&stage.owner, &stage.stranger);
    let home = format!("/Users/{}", owner.user);
    for (user, name) in [(owner, "v"), (stranger, "closed")] {
        let body = json!({"catalog_name": "main", "schema_name": "default", "name": name, "volume_type": "MANAGED"});
        user.post("/api/2.1/unity-catalog/volumes", body).await;
    }
    owner.write("a.txt", "one\n");
    owner.write("app/b.txt", "two\n");
    stranger.write("a.txt", "one\n");
    let volume = |path: &str| format!("/Volumes/main/default/v{path}");
    let at = |path: String| json!({"path": path});
    let both = |from: (&str, &str), to: (&str, String)| -> Value {
        let mut input = json!({});
        input[from.0] = json!(from.1);
        input[to.0] = json!(to.1);
        input["overwrite"] = json!(true);
        input
    };
    // The real one has pages of a thousand files.
    let page = |n: u32, more: Value| {
        let mut body = json!({"contents": [{"path": volume(&format!("/in/{n}.txt")), "name": format!("{n}.txt"),
            "is_directory": false, "file_size": 1}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        answered("GET", "/api/2.0/fs/directories/**", &body)
    };
    let there = format!("{home}/a.txt");
    vec![
        works("upload_file", both(("local_path", "a.txt"), ("workspace_path", there.clone())), "a.txt"),
        fails("upload_file", both(("local_path", "nosuch"), ("workspace_path", there.clone())), NotFound, "nosuch"),
        works("upload_folder", both(("local_folder", "app"), ("workspace_folder", format!("{home}/app"))), "app/b.txt")
            .alone(),
        fails("upload_folder", json!({"local_folder": "nosuch"}), NotFound, "nosuch"),
        works("download_file", both(("workspace_path", &there), ("local_path", "down.txt".into())), "down.txt"),
        fails("download_file", json!({"workspace_path": format!("{home}/nosuch")}), NotFound, "nosuch"),
        fails("download_file", json!({"workspace_path": there}), PermissionDenied, "").by_stranger(),
        works(
            "download_folder",
            json!({"workspace_folder": format!("{home}/app"), "local_folder": "down"}),
            "down/b.txt",
        )
        .alone(),
        fails("download_folder", json!({"workspace_folder": format!("{home}/nosuch")}), NotFound, "nosuch"),
        fails("download_folder", json!({"workspace_folder": home}), PermissionDenied, "").by_stranger(),
        works("list_workspace", at(home.clone()), "a.txt"),
        fails("list_workspace", at(format!("{home}/nosuch")), NotFound, "nosuch"),
        fails("list_workspace", at(home.clone()), PermissionDenied, "").by_stranger(),
        works("get_workspace_object", at(there.clone()), "FILE"),
        fails("get_workspace_object", at(format!("{home}/nosuch")), NotFound, "nosuch"),
        fails("get_workspace_object", at(there.clone()), PermissionDenied, "").by_stranger(),
        works("create_workspace_folder", at(format!("{home}/new")), "new"),
        fails("create_workspace_folder", at(format!("{home}/stranger")), PermissionDenied, "").by_stranger(),
        fails("delete_workspace_object", at(there.clone()), PermissionDenied, "").by_stranger(),
        works("delete_workspace_object", at(there), "a.txt"),
        fails("delete_workspace_object", at(format!("{home}/app")), InvalidInput, "recursive"),
        works("create_volume_directory", at(volume("/in")), "/in"),
        fails("create_volume_directory", at("/Volumes/main/default/nosuch/in".into()), NotFound, "nosuch"),
        works("upload_to_volume", both(("local_path", "a.txt"), ("volume_path", volume("/in/a.txt"))), "a.txt"),
        fails("upload_to_volume", json!({"local_path": "nosuch", "volume_path": volume("/in/")}), NotFound, "nosuch"),
        works("list_volume_files", at(volume("/in")), "a.txt"),
        works("list_volume_files", at(volume("/in")), "/in/1.txt")
            .and("/in/2.txt")
            .under(page(1, json!({"next_page_token": "two"})))
            .under(page(2, json!({})))
            .in_pages("/fs/directories", 2),
        fails("list_volume_files", at(volume("/nosuch")), NotFound, "nosuch"),
        fails("list_volume_files", at(volume("")), PermissionDenied, "").by_stranger(),
        works("get_volume_file_info", at(volume("/in/a.txt")), "4").by_head(),
        fails("get_volume_file_info", at(volume("/nosuch")), NotFound, "nosuch"),
        works(
            "download_from_volume",
            both(("volume_path", &volume("/in/a.txt")), ("local_path", "v.txt".into())),
            "v.txt",
        )
        .by_head(),
        fails("download_from_volume", json!({"volume_path": volume("/nosuch")}), NotFound, "nosuch"),
        works("delete_volume_file", at(volume("/in/a.txt")), "a.txt").by_head(),
        fails("delete_volume_file", at(volume("/in/a.txt")), NotFound, "a.txt"),
        works("create_dbfs_directory", at("/cases".into()), "/cases"),
        fails("create_dbfs_directory", at("cases".into()), InvalidInput, "cases"),
        works("upload_to_dbfs", both(("local_path", "a.txt"), ("dbfs_path", "/cases/a.txt".into())), "a.txt"),
        fails("upload_to_dbfs", json!({"local_path": "nosuch", "dbfs_path": "/cases/b.txt"}), NotFound, "nosuch"),
        works("list_dbfs_files", at("/cases".into()), "a.txt"),
        fails("list_dbfs_files", at("/nosuch".into()), NotFound, "nosuch"),
        works("read_dbfs_file", at("/cases/a.txt".into()), "one"),
        fails("read_dbfs_file", at("/nosuch".into()), NotFound, "nosuch"),
        works("download_from_dbfs", both(("dbfs_path", "/cases/a.txt"), ("local_path", "d.txt".into())), "d.txt"),
        fails("download_from_dbfs", json!({"dbfs_path": "/nosuch"}), NotFound, "nosuch"),
        works("move_dbfs_file", json!({"source_path": "/cases/a.txt", "destination_path": "/cases/b.txt"}), "b.txt"),
        fails(
            "move_dbfs_file",
            json!({"source_path": "/cases/a.txt", "destination_path": "/cases/c.txt"}),
            NotFound,
            "a.txt",
        ),
        works("delete_dbfs_file", at("/cases/b.txt".into()), "b.txt"),
        fails("delete_dbfs_file", at("/cases/b.txt".into()), NotFound, "b.txt"),
    ]
}
