//! get_monitor, create_monitor, refresh_monitor and delete_monitor.

use bricklayer_sdk::{Failure, Kind as FailureKind, Platform, Workspace};
use serde_json::{Value, json};

use crate::names::FullName;
use crate::objects::below;
use crate::show::{self, items, text};
use crate::types;

/// Refreshes that are told of.
const SHOWN_REFRESHES: usize = 10;

fn path(table: &FullName, rest: &str) -> String {
    below("tables", table, &format!("/monitor{rest}"))
}

fn refreshes(answer: &Value) -> Vec<Vec<Option<String>>> {
    let row = |refresh: &Value| {
        let id = refresh.get("refresh_id").and_then(Value::as_i64).map(|id| id.to_string());
        vec![id, text(refresh, "state"), text(refresh, "trigger"), text(refresh, "message")]
    };
    items(answer, "refreshes").iter().take(SHOWN_REFRESHES).map(row).collect()
}

/// Reads a monitor.
///
/// # Errors
/// A table without one, or a workspace that cannot be asked.
pub(crate) fn get(
    platform: &impl Platform,
    request: types::GetMonitorRequest,
) -> Result<types::ObjectDetails, Failure> {
    let table = FullName::parse("table", &request.table, 3)?;
    let workspace = Workspace::new(platform);
    let mut monitor: Value = workspace.get(&path(&table, ""), &[]).map_err(without)?;
    let latest: Value = workspace.get(&path(&table, "/refreshes"), &[])?;
    let rows = refreshes(&latest);
    let status = text(&monitor, "status").unwrap_or_else(|| "of unknown state".to_owned());
    let mut said = format!("Monitor of {}: {status}.", table.dotted());
    for (words, field) in [
        ("Metrics in", "profile_metrics_table_name"),
        ("Drift in", "drift_metrics_table_name"),
        ("Failed:", "latest_monitor_failure_msg"),
    ] {
        if let Some(found) = text(&monitor, field) {
            said.push_str(&format!(" {words} {found}."));
        }
    }
    let schedule = monitor.pointer("/schedule/quartz_cron_expression").and_then(Value::as_str);
    match schedule {
        Some(cron) => said.push_str(&format!(" Measures by itself: {cron}.")),
        None => said.push_str(" Measures when it is told to."),
    }
    said.push_str("\n\n");
    said.push_str(&show::table(&["refresh_id", "state", "trigger", "message"], &rows, "refreshes", true));
    if let (Some(fields), Some(latest)) = (monitor.as_object_mut(), latest.get("refreshes")) {
        fields.insert("refreshes".to_owned(), latest.clone());
    }
    Ok(types::ObjectDetails { text: said, name: table.dotted(), owner: None, details: show::details(monitor) })
}

fn without(failure: Failure) -> Failure {
    if failure.kind == FailureKind::NotFound {
        return failure.advise("create_monitor makes one.");
    }
    failure
}

/// Makes a monitor.
///
/// # Errors
/// Names that are none, settings that do not fit, or what the workspace refuses.
pub(crate) fn create(
    platform: &impl Platform,
    request: types::CreateMonitorRequest,
) -> Result<types::ObjectChange, Failure> {
    let table = FullName::parse("table", &request.table, 3)?;
    let output = FullName::parse("output_schema", &request.output_schema, 2)?;
    let assets = match (request.assets_dir, platform.context().user) {
        (Some(folder), _) if folder.starts_with('/') => folder,
        (Some(folder), _) => return Err(Failure::invalid("assets_dir", format!("'{folder}' must begin with /"))),
        (None, Some(user)) => {
            format!("/Workspace/Users/{user}/databricks_lakehouse_monitoring/{}", table.dotted().replace('.', "_"))
        }
        (None, None) => return Err(Failure::invalid("assets_dir", "must be given: it is not known who the user is")),
    };
    let mut body = json!({"output_schema_name": output.dotted(), "assets_dir": assets});
    if let Some(fields) = body.as_object_mut() {
        match (request.timestamp_column, request.granularities) {
            (Some(column), granularities) => {
                let granularities = granularities.unwrap_or_else(|| vec!["1 day".to_owned()]);
                let series = json!({"timestamp_col": column, "granularities": granularities});
                fields.insert("time_series".to_owned(), series);
            }
            (None, Some(_)) => return Err(Failure::invalid("granularities", "go with a timestamp_column")),
            (None, None) => drop(fields.insert("snapshot".to_owned(), json!({}))),
        }
        match (request.schedule_cron, request.schedule_timezone) {
            (Some(cron), zone) => {
                let zone = zone.unwrap_or_else(|| "UTC".to_owned());
                let schedule = json!({"quartz_cron_expression": cron, "timezone_id": zone});
                fields.insert("schedule".to_owned(), schedule);
            }
            (None, Some(_)) => return Err(Failure::invalid("schedule_timezone", "goes with a schedule_cron")),
            (None, None) => {}
        }
        if let Some(slices) = request.slicing_exprs {
            fields.insert("slicing_exprs".to_owned(), json!(slices));
        }
    }
    match Workspace::new(platform).post::<Value>(&path(&table, ""), &body) {
        Ok(_) => {
            let text = format!("{} has a monitor now; refresh_monitor lets it measure.", table.dotted());
            Ok(show::change(&table, text, true))
        }
        Err(failure) if failure.code.as_deref().is_some_and(|code| code.ends_with("ALREADY_EXISTS")) => {
            let text = format!("{} has a monitor already. It was left as it is.", table.dotted());
            Ok(show::change(&table, text, false))
        }
        Err(failure) => Err(failure),
    }
}

/// Lets a monitor measure.
///
/// # Errors
/// A table without one, or what the workspace refuses.
pub(crate) fn refresh(
    platform: &impl Platform,
    request: types::RefreshMonitorRequest,
) -> Result<types::ObjectChange, Failure> {
    let table = FullName::parse("table", &request.table, 3)?;
    let answer: Value = Workspace::new(platform).post(&path(&table, "/refreshes"), &json!({})).map_err(without)?;
    let id = answer.get("refresh_id").and_then(Value::as_i64).unwrap_or_default();
    let state = text(&answer, "state").unwrap_or_else(|| "PENDING".to_owned());
    let said = text(&answer, "message").map(|said| format!(" {said}")).unwrap_or_default();
    let text = format!("Refresh {id} of {}: {state}.{said} get_monitor shows how far it is.", table.dotted());
    Ok(show::change(&table, text, true))
}

/// Deletes a monitor.
///
/// # Errors
/// What the workspace refuses, beside that there is none.
pub(crate) fn delete(
    platform: &impl Platform,
    request: types::DeleteMonitorRequest,
) -> Result<types::ObjectChange, Failure> {
    let table = FullName::parse("table", &request.table, 3)?;
    match Workspace::new(platform).delete::<Value>(&path(&table, ""), &[]) {
        Ok(_) => {
            let text = format!("The monitor of {} is deleted; its metric tables stay.", table.dotted());
            Ok(show::change(&table, text, true))
        }
        Err(failure)
            if failure.kind == FailureKind::NotFound && failure.code.as_deref() != Some("ENDPOINT_NOT_FOUND") =>
        {
            Ok(show::change(&table, format!("Nothing was deleted: {}", failure.message), false))
        }
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::CallContext;
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn asked() -> types::CreateMonitorRequest {
        types::CreateMonitorRequest {
            table: "c.s.t".to_owned(),
            output_schema: "c.m".to_owned(),
            assets_dir: None,
            timestamp_column: None,
            granularities: None,
            schedule_cron: None,
            schedule_timezone: None,
            slicing_exprs: None,
        }
    }

    fn script() -> Script {
        let context = CallContext {
            user: Some("me@x".to_owned()),
            time_left: std::time::Duration::from_secs(60),
            ..CallContext::default()
        };
        Script::new().context(context)
    }

    const MONITOR: &str = "/api/2.1/unity-catalog/tables/c.s.t/monitor";

    #[test]
    fn a_monitor_measures_the_table_or_a_series() {
        let made = script().on(&format!("POST {MONITOR}"), 200, "{}");
        create(&made, asked()).unwrap();
        assert_eq!(made.body(0)["snapshot"], json!({}));
        assert_eq!(made.body(0)["assets_dir"], "/Workspace/Users/me@x/databricks_lakehouse_monitoring/c_s_t");
        let made =
            script().on(&format!("POST {MONITOR}"), 409, r#"{"error_code":"RESOURCE_ALREADY_EXISTS","message":"x"}"#);
        let series = types::CreateMonitorRequest { timestamp_column: Some("day".to_owned()), ..asked() };
        assert!(!create(&made, series).unwrap().changed);
        assert_eq!(made.body(0)["time_series"]["granularities"], json!(["1 day"]));
        let odd = types::CreateMonitorRequest { schedule_timezone: Some("UTC".to_owned()), ..asked() };
        assert!(create(&script(), odd).is_err());
    }

    #[test]
    fn refreshes_are_told_with_the_monitor() {
        let script = script().on(&format!("GET {MONITOR}"), 200, r#"{"status":"MONITOR_STATUS_ACTIVE"}"#).on(
            &format!("GET {MONITOR}/refreshes"),
            200,
            r#"{"refreshes":[{"refresh_id":1,"state":"SUCCESS"}]}"#,
        );
        let found = get(&script, types::GetMonitorRequest { table: "c.s.t".to_owned() }).unwrap();
        assert!(found.text.contains("SUCCESS") && found.details.contains("refreshes"), "{found:?}");
    }
}
