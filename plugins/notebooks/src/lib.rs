//! The family of notebooks. Its contract is `wit/notebooks.wit`.

mod calls;
mod export;
mod import;
mod list;
mod sync;

bricklayer_sdk::family! {
    world: "bricklayer:notebooks/databricks-notebooks",
    wit: ["../../wit/host.wit", "../../wit/notebooks.wit"],
    tools: bricklayer::notebooks::tools {
        list_notebooks(ListNotebooksRequest) -> NotebookList = list::list,
        export_notebook(ExportNotebookRequest) -> ExportedNotebook = export::export,
        import_notebook(ImportNotebookRequest) -> ImportedNotebook = import::import,
        sync_workspace_to_local(SyncWorkspaceToLocalRequest) -> SyncReport = sync::sync,
    }
}

bricklayer_databricks::operations!(calls::operations);
