//! create_metric_view and get_metric_view. By SQL: the REST interface has none of it.

use bricklayer_sdk::{Failure, Kind as FailureKind, Platform};
use serde_json::{Value, json};

use crate::names::FullName;
use crate::show::{self, items, text};
use crate::sql::{self, Sql};
use crate::types;

/// The version of definitions that say none.
const VERSION: &str = "1.1";

/// Makes a metric view.
///
/// # Errors
/// A definition without source or measures, or what the workspace refuses.
pub(crate) fn create(
    platform: &impl Platform,
    request: types::CreateMetricViewRequest,
) -> Result<types::ObjectChange, Failure> {
    let name = FullName::parse("name", &request.name, 3)?;
    let definition = definition(&request.definition)?;
    let make = if request.replace == Some(true) { "CREATE OR REPLACE VIEW" } else { "CREATE VIEW" };
    let statement = format!("{make} {} WITH METRICS LANGUAGE YAML AS $$\n{definition}\n$$", name.sql());
    let said = format!(
        "the metric view {} was made. Ask it with execute_sql: SELECT <dimension>, MEASURE(<measure>) FROM {} GROUP BY ALL.",
        name.dotted(),
        name.sql()
    );
    sql::done(platform, &name, request.warehouse_id, statement, &said)
}

/// The definition as YAML, of which JSON is a part. What would end the text that it is put into is written as an escape.
fn definition(given: &str) -> Result<String, Failure> {
    let invalid = |problem: String| Failure::invalid("definition", problem);
    let mut definition: Value = serde_json::from_str(given).map_err(|e| invalid(format!("is not JSON: {e}")))?;
    // Arguments of the type json may come as a text that holds JSON.
    if let Value::String(inner) = &definition {
        definition = serde_json::from_str(inner).map_err(|e| invalid(format!("is not JSON: {e}")))?;
    }
    let Some(fields) = definition.as_object_mut() else {
        return Err(invalid("must be an object".to_owned()));
    };
    if fields.get("source").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(invalid("source is missing: the table, view or query that it measures".to_owned()));
    }
    for (list, needed) in [("measures", true), ("dimensions", false)] {
        let entries = fields.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if needed && entries.is_empty() {
            return Err(invalid(format!("{list} must have at least one entry")));
        }
        let has = |entry: &Value, field: &str| text(entry, field).is_some();
        if !entries.iter().all(|entry| has(entry, "name") && has(entry, "expr")) {
            return Err(invalid(format!("each of {list} needs name and expr")));
        }
    }
    fields.entry("version").or_insert_with(|| VERSION.into());
    let text = serde_json::to_string_pretty(&definition).map_err(|e| invalid(e.to_string()))?;
    Ok(text.replace('$', "\\u0024"))
}

/// Reads a metric view.
///
/// # Errors
/// No such view, one of another kind, or a statement that fails.
pub(crate) fn get(
    platform: &impl Platform,
    request: types::GetMetricViewRequest,
) -> Result<types::ObjectDetails, Failure> {
    let name = FullName::parse("name", &request.name, 3)?;
    let ask = Sql {
        warehouse_id: request.warehouse_id,
        statement: format!("DESCRIBE TABLE EXTENDED {} AS JSON", name.sql()),
        parameters: Vec::new(),
        reads: true,
        keep_rows: 1,
    };
    let (rows, ran) = ask.run(platform)?;
    let cell = rows.rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
    let described: Value = cell
        .and_then(|cell| serde_json::from_str(&cell).ok())
        .ok_or_else(|| Failure::new(FailureKind::Upstream, "the workspace's description of the view is not JSON"))?;
    let kind = text(&described, "type").unwrap_or_default();
    if !kind.eq_ignore_ascii_case("METRIC_VIEW") {
        let said = format!("{} is no metric view but of the type {kind}", name.dotted());
        return Err(
            Failure::new(FailureKind::InvalidInput, said).advise("Use get_catalog_object for tables and views.")
        );
    }
    let rows: Vec<Vec<Option<String>>> = items(&described, "columns")
        .iter()
        .map(|column| {
            let is_measure = column.get("is_measure").and_then(Value::as_bool).unwrap_or(false)
                || column.pointer("/metadata/metric_view.type").and_then(Value::as_str) == Some("measure");
            let what = if is_measure { "measure" } else { "dimension" };
            vec![text(column, "name"), Some(what.to_owned()), text(column, "comment")]
        })
        .collect();
    let table = show::table(&["name", "is a", "comment"], &rows, "dimensions and measures", true);
    Ok(types::ObjectDetails {
        text: format!("Metric view {}.\n\n{table}{ran}", name.dotted()),
        name: name.dotted(),
        owner: text(&described, "owner"),
        details: show::details(json!(described)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_stays_within_its_text() {
        let text = definition(r#"{"source":"c.s.t","measures":[{"name":"m","expr":"sum(a) -- $$; DROP"}]}"#).unwrap();
        assert!(!text.contains('$') && text.contains("\"version\": \"1.1\""), "{text}");
        let back: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["measures"][0]["expr"], "sum(a) -- $$; DROP");
        let inner = serde_json::to_string(r#"{"source":"t","measures":[{"name":"m","expr":"1"}]}"#).unwrap();
        assert!(definition(&inner).is_ok());
    }

    #[test]
    fn a_definition_has_what_it_needs() {
        for bad in [
            "x",
            "[]",
            r#"{"measures":[{"name":"m","expr":"1"}]}"#,
            r#"{"source":"t"}"#,
            r#"{"source":"t","measures":[]}"#,
            r#"{"source":"t","measures":[{"name":"m"}]}"#,
            r#"{"source":"t","measures":[{"name":"m","expr":"1"}],"dimensions":[{"expr":"1"}]}"#,
        ] {
            assert!(definition(bad).is_err(), "{bad}");
        }
    }
}
