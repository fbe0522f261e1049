//! The official Python SDK against the workspace.

use crate::python_client::run;

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_works_unchanged() {
    run("databricks-sdk==0.156.0", "sdk.py", "the SDK is content").await;
}
