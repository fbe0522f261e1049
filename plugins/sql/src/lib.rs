//! The SQL family: statements, scripts, and the choice of a warehouse. Its contract is `wit/sql.wit`.
//!
//! Each tool is a function over [`Platform`](bricklayer_sdk::Platform); this file only hangs them into the component.

mod calls;
mod effect;
mod preview;
mod script;
mod show;
mod statement;
mod warehouse_tools;

use bricklayer_spark_sql::{lex, split};

bricklayer_sdk::family! {
    world: "bricklayer:sql/databricks-sql",
    wit: ["../../wit/host.wit", "../../wit/sql.wit"],
    tools: bricklayer::sql::tools {
        execute_sql(ExecuteSqlRequest) -> StatementResult = statement::execute,
        execute_sql_multi(ExecuteSqlMultiRequest) -> ScriptResult = script::execute,
        get_statement(GetStatementRequest) -> StatementResult = statement::get,
        cancel_statement(CancelStatementRequest) -> StatementResult = statement::cancel,
        list_warehouses(ListWarehousesRequest) -> WarehouseList = warehouse_tools::list,
        get_best_warehouse(GetBestWarehouseRequest) -> BestWarehouse = warehouse_tools::best,
    }
}

use bricklayer_databricks::operations::Effect;
use wit::exports::bricklayer::host::review;

impl review::Guest for Component {
    fn effect_of(tool: String, input: String) -> review::Effect {
        match calls::operations(&tool, &input).iter().map(|operation| operation.effect).max() {
            Some(Effect::Reads) => review::Effect::Reads,
            Some(Effect::Writes) => review::Effect::Writes,
            // What shares is asked about like what destroys; this version of the contract has no word for it.
            Some(Effect::Shares | Effect::Destroys) | None => review::Effect::Destroys,
        }
    }
}

bricklayer_databricks::operations!(calls::operations);
bricklayer_databricks::previews!(preview::preview);
