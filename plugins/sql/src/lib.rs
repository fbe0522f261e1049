//! The SQL family: statements, scripts, warehouses, table statistics. Its contract is `wit/sql.wit`.
//!
//! Each tool is a function over [`Platform`](bricklayer_sdk::Platform); this file only hangs them into the component.

mod advice;
mod api;
mod calls;
mod effect;
mod handed_back;
mod lex;
mod run;
mod script;
mod show;
mod split;
mod statement;
mod stats;
mod warehouse;
mod warehouse_tools;
mod wit;

use bricklayer_sdk::Host;

pub(crate) use wit::exports::bricklayer::sql::tools as types;

use wit::exports::bricklayer::host::{operations, review};
use wit::exports::bricklayer::sql::tools::ToolError;

struct Component;

impl types::Guest for Component {
    fn execute_sql(request: types::ExecuteSqlRequest) -> Result<types::StatementResult, ToolError> {
        Ok(statement::execute(&Host::start(), request)?)
    }

    fn execute_sql_multi(request: types::ExecuteSqlMultiRequest) -> Result<types::ScriptResult, ToolError> {
        Ok(script::execute(&Host::start(), request)?)
    }

    fn get_statement(request: types::GetStatementRequest) -> Result<types::StatementResult, ToolError> {
        Ok(statement::get(&Host::start(), request)?)
    }

    fn cancel_statement(request: types::CancelStatementRequest) -> Result<types::StatementResult, ToolError> {
        Ok(statement::cancel(&Host::start(), request)?)
    }

    fn list_warehouses(request: types::ListWarehousesRequest) -> Result<types::WarehouseList, ToolError> {
        Ok(warehouse_tools::list(&Host::start(), request)?)
    }

    fn get_best_warehouse(request: types::GetBestWarehouseRequest) -> Result<types::BestWarehouse, ToolError> {
        Ok(warehouse_tools::best(&Host::start(), request)?)
    }

    fn get_table_stats_and_schema(
        request: types::GetTableStatsAndSchemaRequest,
    ) -> Result<types::TableStats, ToolError> {
        Ok(stats::describe(&Host::start(), request)?)
    }
}

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

wit::export!(Component with_types_in wit);
