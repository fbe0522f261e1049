//! Cases of the family `bundles`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound, PermissionDenied};
use serde_json::json;

use super::{Case, Stage, fails, works};

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    let source = "# Databricks notebook source\nc = 'main'\nspark.table(f'{c}.raw.orders').write.saveAsTable('main.gold.orders')\n\n# COMMAND ----------\nimport helpers\nx = (";
    let path = owner.import("etl.py", source).await;
    let path = path.trim_end_matches(".py");
    let home = path.trim_end_matches("/etl");
    owner.write("src/report.sql", "SELECT * FROM main.gold.orders");
    owner.write("broken.ipynb", "{");
    let notebook = |path: &str| json!({"notebook_path": path});
    vec![
        works("analyze_notebook", notebook(path), "`main.raw.orders` (batch, computed, cell 1 line 3)")
            .and("Workflow: etl")
            .and("syntax-error (cell 2 line 7)"),
        works("analyze_notebook", notebook("src/report.sql"), "`main.gold.orders`").alone(),
        works(
            "analyze_notebook",
            json!({"notebook_path": path, "include_dependencies": false, "include_data_sources": false}),
            "Needs: runs serverless",
        )
        .alone(),
        fails("analyze_notebook", notebook(path), PermissionDenied, "").by_stranger(),
        fails("analyze_notebook", notebook(&format!("{home}/nosuch")), NotFound, "nosuch"),
        fails("analyze_notebook", notebook("nosuch.py"), NotFound, "nosuch.py"),
        fails("analyze_notebook", notebook(home), InvalidInput, "DIRECTORY"),
        fails("analyze_notebook", notebook("../elsewhere.py"), InvalidInput, "project"),
        fails("analyze_notebook", notebook("broken.ipynb"), InvalidInput, "Jupyter document"),
    ]
}
