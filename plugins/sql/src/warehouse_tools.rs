//! list_warehouses and get_best_warehouse.

use bricklayer_databricks::warehouse::{self, Choice, Warehouse};
use bricklayer_sdk::{Cut, Failure, Platform, Table};

use crate::types;

/// Warehouses listed when the caller names no number, and at most.
const DEFAULT_LISTED: u32 = 50;
const MAX_LISTED: u32 = 100;

/// Lists warehouses, running ones first.
///
/// # Errors
/// A bad limit, or a workspace that cannot be asked.
pub(crate) fn list(
    platform: &impl Platform,
    request: types::ListWarehousesRequest,
) -> Result<types::WarehouseList, Failure> {
    let limit = request.limit.unwrap_or(DEFAULT_LISTED);
    if limit == 0 || limit > MAX_LISTED {
        return Err(Failure::invalid("limit", format!("must be 1 to {MAX_LISTED}, is {limit}")));
    }
    let mut all = warehouse::list(platform)?;
    let total = all.len();
    all.sort_by_key(|w| (order(&w.state), w.name.to_lowercase()));
    all.truncate(limit as usize);
    let rows: Vec<Vec<Option<String>>> = all
        .iter()
        .map(|w| {
            let size = w.cluster_size.clone();
            let kind =
                if w.enable_serverless_compute { Some("serverless".to_owned()) } else { w.warehouse_type.clone() };
            vec![Some(w.name.clone()), Some(w.id.clone()), Some(w.state.clone()), size, kind]
        })
        .collect();
    let text = if rows.is_empty() {
        "The user may use no SQL warehouse in this workspace. One has to be created, or shared with the user."
            .to_owned()
    } else {
        let table = Table::render(&["name", "id", "state", "size", "type"], &rows, Cut::default());
        let more = if total > table.shown {
            format!("showing {} of {total} warehouses", table.shown)
        } else {
            format!("{total} in all")
        };
        format!("{}\n\n({more})", table.text)
    };
    Ok(types::WarehouseList {
        text,
        warehouses: all.into_iter().map(typed).collect(),
        total: u32::try_from(total).unwrap_or(u32::MAX),
    })
}

fn order(state: &str) -> u8 {
    match state {
        "RUNNING" => 0,
        "STARTING" => 1,
        "STOPPED" => 2,
        "STOPPING" => 3,
        _ => 4,
    }
}

fn typed(w: Warehouse) -> types::Warehouse {
    types::Warehouse {
        id: w.id,
        name: w.name,
        state: w.state,
        cluster_size: w.cluster_size,
        warehouse_type: w.warehouse_type,
        serverless: w.enable_serverless_compute,
        auto_stop_minutes: w.auto_stop_mins,
        creator: w.creator_name,
    }
}

/// Says which warehouse a statement would run on.
///
/// # Errors
/// When there is none, or the workspace cannot be asked.
pub(crate) fn best(
    platform: &impl Platform,
    request: types::GetBestWarehouseRequest,
) -> Result<types::BestWarehouse, Failure> {
    let default = platform.context().warehouse.filter(|id| !id.is_empty());
    let choice = match default {
        Some(id) if !request.ignore_default.unwrap_or(false) => {
            let found = warehouse::get(platform, &id).map_err(|failure| {
                failure
                    .doing(format!("the project's default warehouse '{id}' cannot be used"))
                    .advise("Choose another in the project's settings, or call again with ignore_default.")
            })?;
            Choice {
                id,
                name: Some(found.name),
                state: Some(found.state),
                reason: "the project's default".to_owned(),
                automatic: false,
            }
        }
        _ => warehouse::best(platform)?,
    };
    let state = choice.state.as_deref().unwrap_or("unknown");
    Ok(types::BestWarehouse {
        text: format!(
            "{} — {}; state {state}. Statements without warehouse_id run on it.",
            choice.shown(),
            choice.reason
        ),
        id: choice.id,
        name: choice.name,
        state: choice.state,
        reason: choice.reason,
    })
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;
    use bricklayer_sdk::{CallContext, Kind};

    use super::*;

    const LIST: &str = "GET /api/2.0/sql/warehouses?skip_cannot_use=true";

    #[test]
    fn running_ones_first_and_the_rest_counted() {
        let script = Script::new().on(LIST, 200, r#"{"warehouses":[{"id":"1","name":"b","state":"STOPPED"},{"id":"2","name":"z","state":"RUNNING","enable_serverless_compute":true},{"id":"3","name":"a","state":"STOPPED"}]}"#);
        let listed = list(&script, types::ListWarehousesRequest { limit: Some(2) }).unwrap();
        assert_eq!(listed.warehouses.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(), ["2", "3"]);
        assert_eq!(listed.total, 3);
        assert!(listed.text.ends_with("(showing 2 of 3 warehouses)"), "{}", listed.text);
    }

    #[test]
    fn a_default_that_is_gone_says_how_to_choose_another() {
        let context = CallContext { warehouse: Some("w".to_owned()), ..CallContext::default() };
        let script = Script::new().context(context).on(
            "GET /api/2.0/sql/warehouses/w",
            404,
            r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"gone"}"#,
        );
        let failure = best(&script, types::GetBestWarehouseRequest { ignore_default: None }).unwrap_err();
        assert_eq!(failure.kind, Kind::NotFound);
        assert!(failure.message.contains("ignore_default"));
    }
}
