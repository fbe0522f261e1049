//! Workspace objects, volumes and DBFS over HTTP.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, Lab};

/// Names that get lost where somebody encodes once too often or too rarely.
const ODD_NAMES: [&str; 7] =
    ["a b.txt", "a+b.txt", "100%.txt", "%41.txt", "a#b?.txt", "änderung 变更.txt", "a&b=c;d.txt"];

const HOME: &str = "/Users/ann@example.com";

fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// A path with each of its segments encoded.
fn encode_path(path: &str) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

fn base64(text: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(text)
}

/// Status and error code of an answer, or of success.
fn told((status, body): &(StatusCode, Value)) -> (u16, &str) {
    (status.as_u16(), body["error_code"].as_str().unwrap_or("OK"))
}

async fn import(lab: &Lab, path: &str, more: Value, content: &str) -> (StatusCode, Value) {
    let mut body = json!({"path": path, "content": base64(content)});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    lab.post("/api/2.0/workspace/import", body).await
}

async fn export(lab: &Lab, path: &str, more: &str) -> String {
    let path = format!("/api/2.0/workspace/export?direct_download=true&path={}{more}", encode(path));
    let response = lab.request(ANN, Method::GET, &path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.text().await.unwrap()
}

async fn volume(lab: &Lab) -> String {
    let body = json!({"catalog_name": "main", "schema_name": "default", "name": "Lab", "volume_type": "MANAGED"});
    let (status, made) = lab.post("/api/2.1/unity-catalog/volumes", body).await;
    assert_eq!((status, made["full_name"].as_str()), (StatusCode::OK, Some("main.default.lab")), "{made}");
    "/Volumes/main/default/lab".to_owned()
}

async fn fs(lab: &Lab, token: &str, method: Method, kind: &str, path: &str, body: Vec<u8>) -> (StatusCode, Value) {
    let path = format!("/api/2.0/fs/{kind}{path}");
    let response = lab.request(token, method, &path).body(body).send().await.unwrap();
    let status = response.status();
    let bytes = response.bytes().await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_survive_everywhere() {
    let lab = Lab::start().await;
    let root = volume(&lab).await;
    for name in ODD_NAMES {
        let path = format!("{HOME}/{name}");
        assert_eq!(told(&import(&lab, &path, json!({"format": "AUTO"}), name).await), (200, "OK"), "{name}");
        assert_eq!(export(&lab, &format!("/Workspace{path}"), "").await, name);
        let direct = format!("/api/2.0/workspace-files{}", encode_path(&path));
        assert_eq!(lab.request(ANN, Method::GET, &direct).send().await.unwrap().text().await.unwrap(), name);

        let place = format!("{root}/{}", encode(name));
        assert_eq!(fs(&lab, ANN, Method::PUT, "files", &place, name.into()).await.0, StatusCode::NO_CONTENT, "{name}");
        assert_eq!(fs(&lab, ANN, Method::GET, "files", &place, vec![]).await.1, name);

        let dbfs = format!("/tmp/{name}");
        let put = json!({"path": dbfs, "contents": base64(name)});
        assert_eq!(told(&lab.post("/api/2.0/dbfs/put", put).await), (200, "OK"));
        let read = lab.get(&format!("/api/2.0/dbfs/read?path={}", encode(&dbfs))).await;
        assert_eq!(read["data"], base64(name));
    }
    let names = |list: &Value, field: &str| -> Vec<String> {
        let mut names: Vec<_> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry[field].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let mut expected = ODD_NAMES.map(str::to_owned).to_vec();
    expected.sort();
    let list = lab.get(&format!("/api/2.0/workspace/list?path={HOME}")).await;
    assert_eq!(names(&list["objects"], "path"), expected);
    let list = lab.get(&format!("/api/2.0/fs/directories{root}")).await;
    assert_eq!(names(&list["contents"], "name"), expected);
    assert_eq!(names(&lab.get("/api/2.0/dbfs/list?path=/tmp").await["files"], "path"), expected);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_comes_back_byte_for_byte() {
    let lab = Lab::start().await;
    let source = "\u{feff}# Databricks notebook source\r\nprint(1)\r\n# COMMAND ----------\r\n";
    let status = async |path: &str| {
        let object = lab.get(&format!("/api/2.0/workspace/get-status?path={}", encode(path))).await;
        (object["object_type"].as_str().unwrap().to_owned(), object["language"].clone())
    };
    let notebook = ("NOTEBOOK".to_owned(), json!("PYTHON"));
    let (shout, file) = (format!("{HOME}/shout"), ("FILE".to_owned(), Value::Null));
    // As a form, as clients upload.
    let path = format!("{shout}.py");
    let fields = [("path", path.as_str()), ("format", "AUTO"), ("overwrite", "true"), ("content", source)];
    let part = |(name, value)| format!("--line\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let form = fields.map(part).concat() + "--line--\r\n";
    let sent = lab.request(ANN, Method::POST, "/api/2.0/workspace/import");
    let sent = sent.header("content-type", "multipart/form-data; boundary=line").body(form).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    assert_eq!(status(&shout).await, notebook);
    assert_eq!(export(&lab, &shout, "").await, source);

    for (path, more, content, kind) in [
        ("/src", json!({"format": "SOURCE", "language": "PYTHON"}), source, &notebook),
        ("/jup", json!({"format": "JUPYTER"}), "{\"nbformat\": 4, \"cells\": []}", &notebook),
        ("/jup2.ipynb", json!({"format": "AUTO"}), "{\"nbformat\": 4, \"cells\": []}\n", &notebook),
        ("/plain.py", json!({"format": "AUTO"}), "print(1)\r\n", &file),
        ("/raw.py", json!({"format": "RAW"}), source, &file),
        ("/empty", json!({"format": "AUTO"}), "", &file),
    ] {
        let path = format!("{HOME}{path}");
        assert_eq!(told(&import(&lab, &path, more, content).await), (200, "OK"), "{path}");
        let path = path.strip_suffix(".ipynb").unwrap_or(&path);
        assert_eq!(&status(path).await, kind, "{path}");
        assert_eq!(export(&lab, path, "&format=AUTO").await, content, "{path}");
    }
    let exported = lab.get(&format!("/api/2.0/workspace/export?path={}", encode(&shout))).await;
    assert_eq!(exported, json!({"content": base64(source), "file_type": "py"}));
    // Each form in the other one, and as a page.
    let jupyter: Value = serde_json::from_str(&export(&lab, &shout, "&format=JUPYTER").await).unwrap();
    assert_eq!(
        (&jupyter["nbformat"], &jupyter["cells"][0]["source"]),
        (&json!(4), &json!(["print(1)"])),
        "{jupyter:#}"
    );
    import(&lab, &format!("{HOME}/round"), json!({"format": "JUPYTER"}), &jupyter.to_string()).await;
    let back = export(&lab, &format!("{HOME}/round"), "&format=SOURCE").await;
    assert!(back.starts_with("# Databricks notebook source\nprint(1)"), "{back}");
    let page = export(&lab, &shout, "&format=HTML").await;
    assert!(page.contains("<h1>shout</h1>") && page.contains("<pre class=\"PYTHON\">print(1)"), "{page}");
    for (path, format) in [(&shout, "DBC"), (&format!("{HOME}/plain.py"), "JUPYTER"), (&HOME.to_owned(), "SOURCE")] {
        let path = format!("/api/2.0/workspace/export?path={}&format={format}", encode(path));
        assert_eq!(
            told(&lab.call(Some(ANN), Method::GET, &path, None).await),
            (400, "INVALID_PARAMETER_VALUE"),
            "{path}"
        );
    }
    // Raw and streamed: the same judgement, and more than an import may have.
    let large = vec![b'x'; 11 << 20];
    let path = format!("/api/2.0/workspace-files/import-file{}", encode_path(&format!("{HOME}/large.bin")));
    let sent = lab.request(ANN, Method::POST, &path).body(large.clone()).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    let path = format!("/api/2.0/workspace-files{}", encode_path(&format!("{HOME}/large.bin")));
    assert_eq!(lab.request(ANN, Method::GET, &path).send().await.unwrap().bytes().await.unwrap(), large);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workspace_refuses_in_databricks_words() {
    let lab = Lab::start().await;
    let notebook = json!({"format": "SOURCE", "language": "SQL"});
    import(&lab, &format!("{HOME}/note"), notebook.clone(), "SELECT 1").await;
    import(&lab, &format!("{HOME}/file.txt"), json!({"format": "AUTO"}), "x").await;
    lab.post("/api/2.0/workspace/mkdirs", json!({"path": format!("{HOME}/full/inner")})).await;
    let overwritten = |mut more: Value| {
        more["overwrite"] = json!(true);
        more
    };
    let large = "x".repeat((10 << 20) + 1);
    for (path, more, content, status, code) in [
        ("/note", notebook.clone(), "x", 400, "RESOURCE_ALREADY_EXISTS"),
        ("/note", overwritten(notebook.clone()), "x", 200, "OK"),
        ("/file.txt", json!({"format": "AUTO"}), "x", 409, "RESOURCE_ALREADY_EXISTS"),
        ("/file.txt", overwritten(json!({"format": "AUTO"})), "x", 200, "OK"),
        ("/note", overwritten(json!({"format": "RAW"})), "x", 400, "INVALID_PARAMETER_VALUE"),
        ("/full", overwritten(json!({"format": "RAW"})), "x", 400, "INVALID_PARAMETER_VALUE"),
        ("/full", json!({"format": "RAW"}), "x", 400, "RESOURCE_ALREADY_EXISTS"),
        ("/nosuch/x", notebook.clone(), "x", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("/note/x", notebook.clone(), "x", 400, "RESOURCE_ALREADY_EXISTS"),
        ("/a/../b", notebook.clone(), "x", 400, "INVALID_PARAMETER_VALUE"),
        ("/x", json!({"format": "SOURCE"}), "x", 400, "INVALID_PARAMETER_VALUE"),
        ("/x", json!({"format": "JUPYTER"}), "no json", 400, "INVALID_PARAMETER_VALUE"),
        ("/x", json!({"format": "DBC"}), "x", 400, "INVALID_PARAMETER_VALUE"),
        ("/x", json!({"format": "SPREADSHEET"}), "x", 400, "MALFORMED_REQUEST"),
        ("/x", notebook.clone(), &large, 400, "MAX_NOTEBOOK_SIZE_EXCEEDED"),
        ("/x", json!({"format": "AUTO", "content": "%%"}), "", 400, "INVALID_PARAMETER_VALUE"),
    ] {
        let answer = import(&lab, &format!("{HOME}{path}"), more.clone(), content).await;
        assert_eq!(told(&answer), (status, code), "{path} {more}: {}", answer.1);
    }
    for (path, recursive, status, code) in [
        ("/", true, 400, "DIRECTORY_PROTECTED"),
        ("/Workspace", true, 400, "DIRECTORY_PROTECTED"),
        ("/Users", true, 400, "DIRECTORY_PROTECTED"),
        ("/Shared/", true, 400, "DIRECTORY_PROTECTED"),
        ("/Workspace/Users/ann@example.com", true, 400, "DIRECTORY_PROTECTED"),
        ("/Users/x/../ann@example.com", true, 400, "INVALID_PARAMETER_VALUE"),
        ("/Users/ann@example.com/full", false, 400, "DIRECTORY_NOT_EMPTY"),
        ("/Users/ann@example.com/nosuch", false, 404, "RESOURCE_DOES_NOT_EXIST"),
        ("/Users/ann@example.com/full", true, 200, "OK"),
        ("/Users/ann@example.com/full/inner", true, 404, "RESOURCE_DOES_NOT_EXIST"),
    ] {
        let answer = lab.post("/api/2.0/workspace/delete", json!({"path": path, "recursive": recursive})).await;
        assert_eq!(told(&answer), (status, code), "{path}: {}", answer.1);
    }
    // Idempotent, unless something else is in the way.
    for (path, status, code) in [
        ("/Shared", 200, "OK"),
        ("/Shared/a/b/c", 200, "OK"),
        ("/Shared/a/b", 200, "OK"),
        ("/Users/ann@example.com/file.txt/x", 400, "RESOURCE_ALREADY_EXISTS"),
        ("relative", 400, "INVALID_PARAMETER_VALUE"),
    ] {
        let answer = lab.post("/api/2.0/workspace/mkdirs", json!({"path": path})).await;
        assert_eq!(told(&answer), (status, code), "{path}: {}", answer.1);
    }
    let same = lab.get("/api/2.0/workspace/get-status?path=/Workspace/Shared/a").await;
    assert_eq!((same["path"].as_str(), same["object_type"].as_str()), (Some("/Workspace/Shared/a"), Some("DIRECTORY")));
    let listed = lab.get("/api/2.0/workspace/list?path=//Workspace/Shared").await;
    assert_eq!(listed["objects"][0]["path"], "/Workspace/Shared/a");
    assert_eq!(listed["objects"][0]["object_id"], same["object_id"]);
    let itself = lab.get(&format!("/api/2.0/workspace/list?path={HOME}/note")).await;
    assert_eq!(itself["objects"][0]["language"], "SQL");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_is_its_users_alone() {
    let lab = Lab::start().await;
    import(&lab, &format!("{HOME}/secret.txt"), json!({"format": "AUTO"}), "x").await;
    let (secret, gone) = (format!("{HOME}/secret.txt"), format!("{HOME}/nosuch"));
    for path in [&secret, &gone] {
        for (method, route, body) in [
            (Method::GET, format!("/api/2.0/workspace/get-status?path={path}"), None),
            (Method::GET, format!("/api/2.0/workspace/list?path={HOME}"), None),
            (Method::GET, format!("/api/2.0/workspace/export?path={path}"), None),
            (Method::GET, format!("/api/2.0/workspace-files{path}"), None),
            (Method::POST, "/api/2.0/workspace/mkdirs".to_owned(), Some(json!({"path": path}))),
            (Method::POST, "/api/2.0/workspace/delete".to_owned(), Some(json!({"path": path}))),
            (Method::POST, "/api/2.0/workspace/import".to_owned(), Some(json!({"path": path, "format": "RAW"}))),
            (Method::POST, "/api/2.0/workspace/import".to_owned(), Some(json!({"path": "/x", "format": "RAW"}))),
        ] {
            let answer = lab.call(Some(BOB), method, &route, body).await;
            assert_eq!(told(&answer), (403, "PERMISSION_DENIED"), "{route}: {}", answer.1);
        }
    }
    let (_, homes) = lab.call(Some(BOB), Method::GET, "/api/2.0/workspace/list?path=/Users", None).await;
    let homes: Vec<_> = homes["objects"].as_array().unwrap().iter().map(|o| o["path"].as_str().unwrap()).collect();
    assert_eq!(homes, ["/Users/bob@example.com"]);
    let shared = json!({"path": "/Shared/x.txt", "format": "AUTO", "content": base64("x")});
    let put = lab.call(Some(BOB), Method::POST, "/api/2.0/workspace/import", Some(shared)).await;
    assert_eq!(told(&put), (200, "OK"));
    assert_eq!(export(&lab, "/Shared/x.txt", "").await, "x");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_volumes_are_streamed_both_ways() {
    let lab = Lab::start().await;
    let root = volume(&lab).await;
    let place = format!("{root}/deep/er/data.bin");
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    assert_eq!(fs(&lab, ANN, Method::PUT, "files", &place, content.clone()).await.0, StatusCode::NO_CONTENT);
    let url = format!("/api/2.0/fs/files{place}");
    let whole = lab.request(ANN, Method::GET, &url).send().await.unwrap();
    let modified = whole.headers()["last-modified"].to_str().unwrap().to_owned();
    assert_eq!(whole.headers()["content-length"], content.len().to_string());
    assert!(whole.bytes().await.unwrap() == content);
    let head = lab.request(ANN, Method::HEAD, &url).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "12000000"));
    let part = lab.request(ANN, Method::GET, &url).header("range", "bytes=4-7").send().await.unwrap();
    let range = part.headers()["content-range"].to_str().unwrap();
    assert_eq!((part.status().as_u16(), range), (206, "bytes 4-7/12000000"));
    assert_eq!(part.bytes().await.unwrap(), &content[4..8]);
    let behind = lab.request(ANN, Method::GET, &url).header("range", "bytes=12000000-").send().await.unwrap();
    assert_eq!(behind.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    for (since, status) in [(modified.as_str(), 200), ("Tue, 01 Jan 2019 00:00:00 GMT", 412)] {
        let asked = lab.request(ANN, Method::GET, &url).header("if-unmodified-since", since).send().await.unwrap();
        assert_eq!(asked.status().as_u16(), status, "{since}");
    }

    let odd = format!("{root}/deep");
    for (method, kind, path, status) in [
        (Method::PUT, "files", format!("{place}?overwrite=false"), 409),
        (Method::PUT, "files", place.clone(), 204),
        (Method::PUT, "files", format!("{odd}/er"), 409),
        (Method::PUT, "files", format!("{place}/below"), 409),
        (Method::PUT, "directories", place.clone(), 409),
        (Method::PUT, "directories", format!("{odd}/new/one"), 204),
        (Method::PUT, "directories", format!("{odd}/new/one"), 204),
        (Method::HEAD, "directories", odd.clone(), 200),
        (Method::HEAD, "directories", place.clone(), 404),
        (Method::HEAD, "files", odd.clone(), 404),
        (Method::GET, "files", odd.clone(), 404),
        (Method::GET, "files", format!("{odd}/nosuch"), 404),
        (Method::GET, "directories", format!("{odd}/nosuch"), 404),
        (Method::DELETE, "directories", odd.clone(), 400),
        (Method::DELETE, "directories", root.clone(), 400),
        (Method::DELETE, "files", odd.clone(), 404),
        (Method::DELETE, "files", place.clone(), 204),
        (Method::DELETE, "files", place.clone(), 404),
        (Method::DELETE, "directories", format!("{odd}/new/one"), 204),
        (Method::GET, "files", "/Volumes/main/default/nosuch/x".to_owned(), 404),
        (Method::GET, "files", "/Volumes/main".to_owned(), 404),
        (Method::GET, "files", format!("{root}/..%2f..%2fx"), 400),
        (Method::GET, "files", format!("{root}/%00"), 400),
        (Method::GET, "files", format!("{root}/%ff"), 400),
        (Method::POST, "files", format!("{place}?action=initiate-upload"), 200),
        (Method::POST, "files", format!("{place}?action=complete-upload"), 404),
    ] {
        let (got, answer) = fs(&lab, ANN, method.clone(), kind, &path, vec![]).await;
        assert_eq!(got.as_u16(), status, "{method} {kind} {path}: {answer}");
    }
    for route in ["create-upload-part-urls", "create-abort-upload-url", "create-download-url"] {
        assert_eq!(told(&lab.post(&format!("/api/2.0/fs/{route}"), json!({})).await), (404, "ENDPOINT_NOT_FOUND"));
    }
    // Pages, in the order of names.
    for n in 0..5 {
        fs(&lab, ANN, Method::PUT, "files", &format!("{root}/p/{n}"), vec![]).await;
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = lab.get(&format!("/api/2.0/fs/directories{root}/p?page_size=2&page_token={token}")).await;
        seen.extend(page["contents"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned()));
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leads_out_of_a_volume_and_strangers_stay_out() {
    let lab = Lab::start().await;
    let root = volume(&lab).await;
    fs(&lab, ANN, Method::PUT, "files", &format!("{root}/mine.txt"), b"mine".to_vec()).await;
    let info = lab.get("/api/2.1/unity-catalog/volumes/main.default.lab").await;
    let folder = lab.folder().join("volumes").join(info["volume_id"].as_str().unwrap());
    std::fs::write(lab.folder().join("outside.txt"), "beyond").unwrap();
    #[cfg(unix)]
    for (link, target) in [("up", "../.."), ("file", "../../outside.txt"), ("absolute", "/etc"), ("loop", "loop")] {
        std::os::unix::fs::symlink(target, folder.join(link)).unwrap();
        for path in [format!("{root}/{link}"), format!("{root}/{link}/outside.txt"), format!("{root}/{link}/hostname")]
        {
            let (status, answer) = fs(&lab, ANN, Method::GET, "files", &path, vec![]).await;
            assert!(status.is_client_error(), "{path}: {status} {answer}");
            assert!(!answer.to_string().contains("beyond"), "{path}: {answer}");
        }
        fs(&lab, ANN, Method::PUT, "files", &format!("{root}/{link}/new.txt"), b"x".to_vec()).await;
    }
    assert!(!lab.folder().join("new.txt").exists() && !lab.folder().join("volumes/new.txt").exists());
    assert_eq!(std::fs::read_to_string(lab.folder().join("outside.txt")).unwrap(), "beyond");

    let asks = async |method: Method, path: &str| fs(&lab, BOB, method, "files", path, b"x".to_vec()).await.0.as_u16();
    let (mine, theirs) = (format!("{root}/mine.txt"), format!("{root}/theirs.txt"));
    let give = async |privilege: &str| {
        let change = json!({"changes": [{"principal": "bob@example.com", "add": [privilege]}]});
        let path = "/api/2.1/unity-catalog/permissions/volume/main.default.lab";
        assert_eq!(lab.call(Some(ANN), Method::PATCH, path, Some(change)).await.0, StatusCode::OK);
    };
    assert_eq!((asks(Method::GET, &mine).await, asks(Method::PUT, &theirs).await), (403, 403));
    give("READ_VOLUME").await;
    assert_eq!((asks(Method::GET, &mine).await, asks(Method::PUT, &theirs).await), (200, 403));
    give("WRITE_VOLUME").await;
    assert_eq!((asks(Method::PUT, &theirs).await, asks(Method::DELETE, &theirs).await), (204, 204));
    let path = "/api/2.1/unity-catalog/volumes/main.default.lab";
    assert_eq!(told(&lab.call(Some(BOB), Method::DELETE, path, None).await), (403, "PERMISSION_DENIED"));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volumes_row_is_its_folder() {
    let lab = Lab::start().await;
    let root = volume(&lab).await;
    let again = json!({"catalog_name": "main", "schema_name": "default", "name": "lab", "volume_type": "MANAGED"});
    assert_eq!(told(&lab.post("/api/2.1/unity-catalog/volumes", again.clone()).await), (409, "VOLUME_ALREADY_EXISTS"));
    for (field, value, status, code) in [
        ("schema_name", "nosuch", 404, "SCHEMA_DOES_NOT_EXIST"),
        ("volume_type", "EXTERNAL", 400, "INVALID_PARAMETER_VALUE"),
        ("name", "a.b", 400, "INVALID_PARAMETER_VALUE"),
        ("name", "a/../b", 400, "INVALID_PARAMETER_VALUE"),
        ("name", "", 400, "INVALID_PARAMETER_VALUE"),
    ] {
        let mut body = again.clone();
        body[field] = json!(value);
        assert_eq!(told(&lab.post("/api/2.1/unity-catalog/volumes", body).await), (status, code), "{field} {value}");
    }
    let change = json!({"comment": "kept"});
    let path = "/api/2.1/unity-catalog/volumes/main.default.lab";
    assert_eq!(lab.call(Some(ANN), Method::PATCH, path, Some(change)).await.1["comment"], "kept");
    fs(&lab, ANN, Method::PUT, "files", &format!("{root}/x"), b"x".to_vec()).await;
    let list = lab.get("/api/2.1/unity-catalog/volumes?catalog_name=main&schema_name=default").await;
    assert_eq!(list["volumes"][0]["comment"], "kept");
    assert_eq!(told(&lab.call(Some(ANN), Method::DELETE, path, None).await), (200, "OK"));
    assert_eq!(told(&lab.call(Some(ANN), Method::DELETE, path, None).await), (404, "VOLUME_DOES_NOT_EXIST"));
    assert_eq!(fs(&lab, ANN, Method::GET, "files", &format!("{root}/x"), vec![]).await.0, StatusCode::NOT_FOUND);
    volume(&lab).await;
    assert_eq!(fs(&lab, ANN, Method::GET, "files", &format!("{root}/x"), vec![]).await.0, StatusCode::NOT_FOUND);
    // A schema with a volume in it is not empty, and takes it along.
    lab.sql("CREATE SCHEMA main.s").await;
    let inside = json!({"catalog_name": "main", "schema_name": "s", "name": "v", "volume_type": "MANAGED"});
    let (_, made) = lab.post("/api/2.1/unity-catalog/volumes", inside).await;
    assert!(lab.sql_error("DROP SCHEMA main.s").await.contains("SCHEMA_NOT_EMPTY"));
    lab.sql("DROP SCHEMA main.s CASCADE").await;
    let folder = format!("volumes/{}", made["volume_id"].as_str().unwrap());
    assert_eq!(told(&lab.call(Some(ANN), Method::GET, "/api/2.1/unity-catalog/volumes/main.s.v", None).await).0, 404);
    let lab = Lab::start_in(lab.stop().await).await;
    assert!(
        !lab.folder().join(folder).exists(),
        "the folder of a volume that went with its schema goes at the next start"
    );
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dbfs_is_written_by_blocks_and_read_by_ranges() {
    let lab = Lab::start().await;
    let post = async |route: &str, body: Value| lab.post(&format!("/api/2.0/dbfs/{route}"), body).await;
    let (_, made) = post("create", json!({"path": "dbfs:/tmp/a/data.txt"})).await;
    let handle = made["handle"].as_u64().unwrap();
    assert!(handle < 1 << 53);
    for block in ["one ", "two ", "three"] {
        assert_eq!(told(&post("add-block", json!({"handle": handle, "data": base64(block)})).await), (200, "OK"));
    }
    // Another user's handle is none.
    let body = Some(json!({"handle": handle}));
    let close = lab.call(Some(BOB), Method::POST, "/api/2.0/dbfs/close", body).await;
    assert_eq!(told(&close), (404, "RESOURCE_DOES_NOT_EXIST"));
    assert_eq!(told(&post("close", json!({"handle": handle})).await), (200, "OK"));
    let read = lab.get("/api/2.0/dbfs/read?path=/tmp/a/data.txt&offset=4&length=3").await;
    assert_eq!(read, json!({"bytes_read": 3, "data": base64("two")}));
    let rest = lab.get("/api/2.0/dbfs/read?path=/tmp/a/data.txt&offset=8&length=1048576").await;
    assert_eq!(rest["data"], base64("three"));
    let large = base64(&"x".repeat((1 << 20) + 1));
    for (route, body, status, code) in [
        ("close", json!({"handle": handle}), 404, "RESOURCE_DOES_NOT_EXIST"),
        ("add-block", json!({"handle": 1, "data": ""}), 404, "RESOURCE_DOES_NOT_EXIST"),
        ("create", json!({"path": "/tmp/a/data.txt"}), 400, "RESOURCE_ALREADY_EXISTS"),
        ("create", json!({"path": "/tmp/a", "overwrite": true}), 400, "RESOURCE_ALREADY_EXISTS"),
        ("put", json!({"path": "/tmp/a/data.txt", "contents": ""}), 400, "RESOURCE_ALREADY_EXISTS"),
        ("put", json!({"path": "/tmp/a/data.txt/x", "contents": ""}), 400, "RESOURCE_ALREADY_EXISTS"),
        ("put", json!({"path": "/tmp/large", "contents": large}), 400, "MAX_BLOCK_SIZE_EXCEEDED"),
        ("put", json!({"path": "/tmp/../x", "contents": ""}), 400, "INVALID_PARAMETER_VALUE"),
        ("mkdirs", json!({"path": "/tmp/a/data.txt"}), 400, "RESOURCE_ALREADY_EXISTS"),
        ("mkdirs", json!({"path": "/tmp/b/c"}), 200, "OK"),
        ("move", json!({"source_path": "/tmp/a", "destination_path": "/tmp/b"}), 400, "RESOURCE_ALREADY_EXISTS"),
        ("move", json!({"source_path": "/tmp/nosuch", "destination_path": "/tmp/x"}), 404, "RESOURCE_DOES_NOT_EXIST"),
        ("move", json!({"source_path": "/tmp/a", "destination_path": "/tmp/a/b"}), 400, "INVALID_PARAMETER_VALUE"),
        ("move", json!({"source_path": "/tmp/a", "destination_path": "/tmp/b/c/a2"}), 200, "OK"),
        ("delete", json!({"path": "/tmp/b"}), 400, "IO_ERROR"),
        ("delete", json!({"path": "/", "recursive": true}), 400, "INVALID_PARAMETER_VALUE"),
        ("delete", json!({"path": "/tmp/nosuch"}), 404, "RESOURCE_DOES_NOT_EXIST"),
    ] {
        let answer = post(route, body.clone()).await;
        assert_eq!(told(&answer), (status, code), "{route}: {}", answer.1);
    }
    assert_eq!(lab.get("/api/2.0/dbfs/get-status?path=/tmp/b/c/a2/data.txt").await["file_size"], 13);
    for (query, code) in [
        ("path=/tmp/b&length=1", "INVALID_PARAMETER_VALUE"),
        ("path=/tmp/b/c/a2/data.txt&offset=-1", "INVALID_PARAMETER_VALUE"),
        ("path=/tmp/b/c/a2/data.txt&length=1048577", "MAX_READ_SIZE_EXCEEDED"),
    ] {
        let answer = lab.call(Some(ANN), Method::GET, &format!("/api/2.0/dbfs/read?{query}"), None).await;
        assert_eq!(told(&answer), (400, code), "{query}");
    }
    assert_eq!(told(&post("delete", json!({"path": "/tmp/b", "recursive": true})).await), (200, "OK"));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_survive_a_restart_and_nothing_else_stays() {
    let lab = Lab::start().await;
    let root = volume(&lab).await;
    import(&lab, &format!("{HOME}/keep.txt"), json!({"format": "AUTO"}), "first").await;
    import(&lab, &format!("{HOME}/keep.txt"), json!({"format": "AUTO", "overwrite": true}), "kept").await;
    let id = lab.get(&format!("/api/2.0/workspace/get-status?path={HOME}/keep.txt")).await["object_id"].clone();
    fs(&lab, ANN, Method::PUT, "files", &format!("{root}/x"), b"kept".to_vec()).await;
    lab.post("/api/2.0/dbfs/create", json!({"path": "/tmp/never-closed"})).await;
    let folder = lab.stop().await;
    // As if the process had died between a content and its row.
    std::fs::write(folder.path().join("files/orphan"), "x").unwrap();
    std::fs::write(folder.path().join("volumes/arriving/orphan"), "x").unwrap();
    let lab = Lab::start_in(folder).await;
    assert_eq!(export(&lab, &format!("{HOME}/keep.txt"), "").await, "kept");
    assert_eq!(lab.get(&format!("/api/2.0/workspace/get-status?path={HOME}/keep.txt")).await["object_id"], id);
    assert_eq!(fs(&lab, ANN, Method::GET, "files", &format!("{root}/x"), vec![]).await.1, "kept");
    let contents = std::fs::read_dir(lab.folder().join("files")).unwrap().count();
    let arriving = std::fs::read_dir(lab.folder().join("volumes/arriving")).unwrap().count();
    assert_eq!((contents, arriving), (1, 0));
    lab.stop().await;
}
