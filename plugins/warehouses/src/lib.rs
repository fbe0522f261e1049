//! The family of SQL warehouses: making, changing and ending them, and what ran on them. Its contract is
//! `wit/warehouses.wit`.
//!
//! Each tool is a function over [`Platform`](bricklayer_sdk::Platform); this file only hangs them into the component.

mod change;
mod history;

bricklayer_sdk::family! {
    world: "bricklayer:warehouses/databricks-warehouses",
    wit: ["../../wit/host.wit", "../../wit/warehouses.wit"],
    tools: bricklayer::warehouses::tools {
        create_warehouse(CreateWarehouseRequest) -> WarehouseChange = change::create,
        modify_warehouse(ModifyWarehouseRequest) -> WarehouseChange = change::modify,
        start_warehouse(WarehouseRequest) -> WarehouseChange = change::start,
        stop_warehouse(WarehouseRequest) -> WarehouseChange = change::stop,
        delete_warehouse(WarehouseRequest) -> WarehouseChange = change::delete,
        list_query_history(ListQueryHistoryRequest) -> QueryHistory = history::list,
    }
}
