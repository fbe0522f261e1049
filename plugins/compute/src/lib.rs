//! The compute family: clusters, and code that runs on them or on serverless compute. Its contract is `wit/compute.wit`.
//!
//! Each tool is a function over [`Platform`](bricklayer_sdk::Platform); this file only hangs them into the component.

mod base64;
mod change;
mod choose;
mod command;
mod context;
mod execute;
mod list;
mod offers;
mod output;
mod run;
mod serverless;

bricklayer_sdk::family! {
    world: "bricklayer:compute/databricks-compute",
    wit: ["../../wit/host.wit", "../../wit/compute.wit"],
    tools: bricklayer::compute::tools {
        list_clusters(ListClustersRequest) -> ClusterList = list::list,
        get_cluster(ClusterRequest) -> ClusterDetails = list::get,
        get_best_cluster() -> BestCluster = choose::best,
        create_cluster(CreateClusterRequest) -> ClusterChange = change::create,
        modify_cluster(ModifyClusterRequest) -> ClusterChange = change::modify,
        start_cluster(ClusterRequest) -> ClusterChange = change::start,
        terminate_cluster(ClusterRequest) -> ClusterChange = change::terminate,
        delete_cluster(ClusterRequest) -> ClusterChange = change::delete,
        list_node_types() -> NodeTypeList = offers::node_types,
        list_spark_versions() -> SparkVersionList = offers::spark_versions,
        execute_databricks_command(ExecuteDatabricksCommandRequest) -> CommandResult = run::command,
        run_python_file_on_databricks(RunPythonFileOnDatabricksRequest) -> CommandResult = run::file,
        get_command(GetCommandRequest) -> CommandResult = run::wait,
        execute_code(ExecuteCodeRequest) -> CodeResult = execute::code,
        get_code_run(GetCodeRunRequest) -> CodeResult = execute::wait,
    }
}
