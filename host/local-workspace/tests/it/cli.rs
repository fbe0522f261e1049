//! The first Databricks command line against the workspace: a client that is not built on the SDK.

use crate::python_client::run;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_command_line_works_unchanged() {
    run("databricks-cli==0.18.0", "cli.py", "the CLI is content").await;
}
