//! Tasks that call entry points of wheels.

use std::process::Command;

use base64::Engine as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    harness::{ANN, Lab},
    runs::tasks_of,
};

/// Writes a zip file of what it is given: names with texts.
const ZIP: &str = "
import io, json, sys, zipfile
out = io.BytesIO()
with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as wheel:
    for name, text in json.loads(sys.argv[1]).items():
        wheel.writestr(name, text)
sys.stdout.buffer.write(out.getvalue())
";

const CODE: &str = "
import sys
from pyspark.sql import SparkSession

def main():
    rows = SparkSession.builder.getOrCreate().sql('SELECT 6 * 7 AS n').collect()
    print(sys.argv[1:], rows[0].n)

def helped():
    from helper import word
    print(word)

def fails():
    raise ValueError('boom')
";

fn zip(files: Value) -> Vec<u8> {
    let made = Command::new("python3").args(["-c", ZIP, &files.to_string()]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    made.stdout
}

/// A wheel of one package with this code and these entry points.
fn wheel(package: &str, code: &str, points: &str, more: Value) -> Vec<u8> {
    let about = format!("{package}-1.0.dist-info");
    let mut files = json!({
        format!("{package}/__init__.py"): code,
        format!("{about}/METADATA"): format!("Metadata-Version: 2.1\nName: {}\nVersion: 1.0\n", package.replace('_', "-")),
        format!("{about}/WHEEL"): "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        format!("{about}/entry_points.txt"): points,
    });
    files.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    zip(files)
}

#[tokio::test(flavor = "multi_thread")]
async fn entry_points_of_wheels_are_called() {
    let lab = Lab::start().await;
    lab.sql("CREATE VOLUME main.default.v").await;
    let points = "[console_scripts]\nrun = my_etl:main\n[jobs]\nbreak = my_etl:fails\n";
    let volume = async |name: &str, bytes: Vec<u8>| {
        let path = format!("/api/2.0/fs/files/Volumes/main/default/v/{name}");
        let put = lab.request(ANN, Method::PUT, &path).body(bytes).send().await.unwrap();
        assert!(put.status().is_success());
        format!("/Volumes/main/default/v/{name}")
    };
    let etl = volume("my_etl-1.0-py3-none-any.whl", wheel("my_etl", CODE, points, json!({}))).await;
    let content = base64::engine::general_purpose::STANDARD.encode(wheel("helper", "word = 'hi'", "", json!({})));
    let helper = "/Users/ann@example.com/helper-1.0-py3-none-any.whl";
    let body = json!({"path": helper, "format": "AUTO", "content": content});
    assert_eq!(lab.post("/api/2.0/workspace/import", body).await.0, StatusCode::OK);
    let helper = format!("/Workspace{helper}");

    let task = |key: &str, entry: &str, more: Value| {
        let mut task = json!({
            "task_key": key, "python_wheel_task": {"package_name": "my-etl", "entry_point": entry},
            "libraries": [{"whl": format!("dbfs:{etl}")}, {"whl": helper}],
        });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    };
    let given = |parameters: Value| {
        let mut task = json!({"package_name": "my_etl", "entry_point": "run"});
        task.as_object_mut().unwrap().extend(parameters.as_object().unwrap().clone());
        json!({"python_wheel_task": task})
    };
    let mut serverless = task("serverless", "run", given(json!({"parameters": ["{{task.name}}"]})));
    serverless["libraries"] = Value::Null;
    serverless["environment_key"] = json!("e");
    let tasks = json!([
        task("named", "run", given(json!({"named_parameters": {"a": "1 2"}}))),
        task("direct", "helped", json!({})),
        task("fails", "break", json!({})),
        serverless,
    ]);
    let dependencies = json!(["requests", etl]);
    let environments = json!([{"environment_key": "e", "spec": {"client": "2", "dependencies": dependencies}}]);
    let job = lab.create_job(json!({"name": "wheels", "tasks": tasks, "environments": environments})).await;
    let run = lab.ended(lab.run_now(job, json!({})).await).await;
    let tasks = tasks_of(&run);
    for (key, says) in [("named", "['--a=1 2'] 42\n"), ("direct", "hi\n"), ("serverless", "['serverless'] 42\n")] {
        let output = lab.output(&tasks[key]).await;
        assert_eq!(output["logs"], says, "{key}: {output:#}");
    }
    let output = lab.output(&tasks["fails"]).await;
    assert_eq!(output["error"], "ValueError: boom", "{output:#}");
    assert!(output["error_trace"].as_str().unwrap().contains("raise ValueError('boom')"), "{output:#}");

    let both = json!({"parameters": ["a"], "named_parameters": {"b": "c"}});
    let both = json!({"tasks": [task("t", "run", given(both))]});
    lab.refused("/api/2.2/jobs/create", both, 400, "cannot both be given").await;
    let named = |files: Value| wheel("my_etl", CODE, points, files);
    let native = json!({"my_etl-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: cp399-cp399-win_amd64\n"});
    for (name, bytes, entry, says) in [
        ("text.whl", b"no zip".to_vec(), "run", "text.whl is no wheel: it cannot be read as a zip file"),
        ("plain.whl", zip(json!({"my_etl/__init__.py": CODE})), "run", "it has no dist-info/WHEEL"),
        ("up.whl", named(json!({"../up.py": ""})), "run", "'../up.py', which would lie outside"),
        ("root.whl", named(json!({"/root.py": ""})), "run", "'/root.py', which would lie outside"),
        ("native.whl", named(native), "run", "compiled for cp399-cp399-win_amd64"),
        ("other.whl", wheel("other", "", "", json!({})), "run", "Python wheel with name my-etl could not be found"),
        ("fine.whl", named(json!({})), "nosuch", "neither an entry point nor a function nosuch"),
    ] {
        let path = volume(name, bytes).await;
        let run = lab.run_of(json!([task("t", entry, json!({"libraries": [{"whl": path}]}))])).await;
        let output = lab.output(&run["tasks"][0]).await;
        assert!(output["error"].as_str().unwrap().contains(says), "{name}: {output:#}");
    }
    for (path, says) in [
        ("/Volumes/main/default/v/gone.whl", "gone.whl"),
        ("s3://bucket/a.whl", "no storage of the kind s3:/"),
        ("dbfs:/gone.whl", "gone.whl"),
    ] {
        let run = lab.run_of(json!([task("t", "run", json!({"libraries": [{"whl": path}]}))])).await;
        let state = &run["tasks"][0]["status"]["termination_details"];
        assert_eq!(state["code"], "LIBRARY_INSTALLATION_ERROR", "{run:#}");
        let said = state["message"].as_str().unwrap();
        assert!(said.contains("Library installation failed") && said.contains(says), "{said}");
    }
    lab.stop().await;
}
