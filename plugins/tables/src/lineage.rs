//! describe_table_lineage: which tables a table is made of, and which are made of it, as the workspace recorded.

use std::collections::BTreeSet;

use bricklayer_sdk::{Failure, Platform, Workspace};
use serde_json::Value;

use crate::types;

/// Where the workspace says it.
const LINEAGE: &str = "/api/2.0/lineage-tracking/table-lineage";

/// Tables of one direction that are given.
const MAX_TABLES: usize = 200;

/// Tells of a table's neighbours.
///
/// # Errors
/// A name of other than three parts, and a workspace that has no lineage or cannot be asked.
pub(crate) fn describe(
    platform: &impl Platform,
    request: types::DescribeTableLineageRequest,
) -> Result<types::TableLineage, Failure> {
    let name = request.table_name.trim().replace('`', "");
    if name.split('.').count() != 3 || name.split('.').any(str::is_empty) {
        return Err(Failure::invalid("table_name", "must be catalog.schema.table"));
    }
    let query = [("table_name", name.as_str()), ("include_entity_lineage", "true")];
    let found: Value = Workspace::new(platform).get(LINEAGE, &query).map_err(|failure| {
        if failure.code.as_deref() == Some("ENDPOINT_NOT_FOUND") {
            return failure
                .advise("This workspace records no lineage. SHOW CREATE TABLE shows what a view is made of.");
        }
        failure
    })?;
    let ((upstreams, more_up), (downstreams, more_down)) = (tables(&found, "upstreams"), tables(&found, "downstreams"));
    let list = |names: &[String], direction: &str| {
        let hidden = match hidden(&found, direction) {
            0 => None,
            hidden => Some(format!("{hidden} that you may not see")),
        };
        let told: Vec<_> = names.iter().cloned().chain(hidden).collect();
        if told.is_empty() { "none recorded".to_owned() } else { told.join(", ") }
    };
    let complete = !(more_up || more_down);
    let (made_of, read_by) = (list(&upstreams, "upstreams"), list(&downstreams, "downstreams"));
    let mut text = format!("{name}\nmade of: {made_of}\nread by: {read_by}");
    if !complete {
        text.push_str(&format!("\nOnly the first {MAX_TABLES} of each are shown."));
    }
    Ok(types::TableLineage { text, upstreams, downstreams, complete })
}

/// How many neighbours have no name: they are there, and nothing is said of them.
fn hidden(found: &Value, direction: &str) -> usize {
    let entries = found.get(direction).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    entries.iter().filter(|entry| entry.as_object().is_some_and(serde_json::Map::is_empty)).count()
}

/// The names of a direction's tables, and whether there are more.
fn tables(found: &Value, direction: &str) -> (Vec<String>, bool) {
    let entries = found.get(direction).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let name = |entry: &Value| {
        let table = entry.get("tableInfo")?;
        let part = |name: &str| table.get(name).and_then(Value::as_str);
        Some(format!("{}.{}.{}", part("catalog_name")?, part("schema_name")?, part("name")?))
    };
    let names: BTreeSet<String> = entries.iter().filter_map(name).collect();
    let more = names.len() > MAX_TABLES;
    (names.into_iter().take(MAX_TABLES).collect(), more)
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::Kind;
    use bricklayer_sdk::testing::Script;

    use super::*;

    const ASKED: &str = "GET /api/2.0/lineage-tracking/table-lineage?table_name=c.s.t&include_entity_lineage=true";

    fn ask(name: &str) -> types::DescribeTableLineageRequest {
        types::DescribeTableLineageRequest { table_name: name.to_owned() }
    }

    #[test]
    fn both_directions_are_told_by_full_names() {
        let answer = r#"{"upstreams":[{"tableInfo":{"name":"a","catalog_name":"c","schema_name":"s"}},{"jobInfos":[]}],
                         "downstreams":[{"tableInfo":{"name":"b","catalog_name":"c","schema_name":"s"}}]}"#;
        let found = describe(&Script::new().on(ASKED, 200, answer), ask("`c`.s.t")).unwrap();
        assert_eq!(
            (found.upstreams, found.downstreams, found.complete),
            (vec!["c.s.a".to_owned()], vec!["c.s.b".to_owned()], true)
        );
        let hidden = r#"{"upstreams":[{}],"downstreams":[{"tableInfo":{"name":"b","catalog_name":"c","schema_name":"s"}},{},{}]}"#;
        let hidden = describe(&Script::new().on(ASKED, 200, hidden), ask("c.s.t")).unwrap();
        assert!(hidden.text.ends_with("made of: 1 that you may not see\nread by: c.s.b, 2 that you may not see"));
        let nothing = describe(&Script::new().on(ASKED, 200, "{}"), ask("c.s.t")).unwrap();
        assert!(nothing.text.contains("none recorded"), "{}", nothing.text);
    }

    #[test]
    fn a_workspace_without_lineage_says_so() {
        let none = r#"{"error_code":"ENDPOINT_NOT_FOUND","message":"No API found"}"#;
        let failure = describe(&Script::new().on(ASKED, 404, none), ask("c.s.t")).unwrap_err();
        assert!(failure.message.contains("no lineage"), "{}", failure.message);
        assert_eq!(describe(&Script::new(), ask("s.t")).unwrap_err().kind, Kind::InvalidInput);
        let denied = r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#;
        assert_eq!(
            describe(&Script::new().on(ASKED, 403, denied), ask("c.s.t")).unwrap_err().kind,
            Kind::PermissionDenied
        );
    }
}
