//! The SQL family: statements, scripts, and the choice of a warehouse. Its contract is `wit/sql.wit`.
//!
//! Each tool is a function over [`Platform`](bricklayer_sdk::Platform); this file only hangs them into the component.

mod calls;
mod effect;
mod lex;
mod script;
mod show;
mod split;
mod statement;
mod warehouse_tools;

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

use wit::exports::bricklayer::host::{operations, review};

impl review::Guest for Component {
    fn effect_of(tool: String, input: String) -> review::Effect {
        match calls::operations(&tool, &input).iter().map(|operation| operation.effect).max() {
            Some(effect::Effect::Reads) => review::Effect::Reads,
            Some(effect::Effect::Writes) => review::Effect::Writes,
            // What shares is asked about like what destroys; this version of the contract has no word for it.
            Some(effect::Effect::Shares | effect::Effect::Destroys) | None => review::Effect::Destroys,
        }
    }
}

impl operations::Guest for Component {
    fn operations_of(tool: String, input: String) -> Vec<operations::Operation> {
        calls::operations(&tool, &input).into_iter().map(Into::into).collect()
    }
}

impl From<calls::Operation> for operations::Operation {
    fn from(found: calls::Operation) -> Self {
        let effect = match found.effect {
            effect::Effect::Reads => operations::Effect::Reads,
            effect::Effect::Writes => operations::Effect::Writes,
            effect::Effect::Shares => operations::Effect::Shares,
            effect::Effect::Destroys => operations::Effect::Destroys,
        };
        Self { effect, verb: found.verb, objects: found.objects, text: found.text, detail: found.detail }
    }
}
