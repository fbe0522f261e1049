//! DESCRIBE ... AS JSON. Rules: Databricks SQL reference, "DESCRIBE TABLE", "JSON formatted output".

use chrono::DateTime;
use serde_json::{Value, json};

use crate::sql::{engine::schema::Table, language::metrics::MetricView};

/// All that is known of a table or view.
pub(super) fn table(table: &Table) -> Value {
    let (name, info) = (&table.name, &table.info);
    let definition = info.view_definition.as_deref();
    let metrics = definition.filter(|_| info.metrics).and_then(|text| MetricView::parse(text).ok());
    let measures: Vec<_> = metrics.iter().flat_map(|view| &view.measures).map(|field| field.name.as_str()).collect();
    let columns = table.columns.iter().map(|column| {
        let told = json!({"name": column.name, "type": kind(&column.kind.text), "nullable": column.nullable});
        let is_measure = measures.contains(&column.name.as_str());
        with(
            told,
            [("comment", column.comment.clone().map(Value::from)), ("is_measure", is_measure.then(|| true.into()))],
        )
    });
    let told = json!({
        "table_name": name.table,
        "catalog_name": name.catalog,
        "namespace": [name.schema],
        "schema_name": name.schema,
        "columns": columns.collect::<Vec<_>>(),
        "owner": info.audit.owner,
        "created_time": DateTime::from_timestamp_millis(info.audit.created_at).unwrap_or_default().to_rfc3339(),
        "created_by": info.audit.created_by,
        "type": table.kind(),
        "table_properties": info.properties,
    });
    let partitions = (!info.partition_columns.is_empty()).then(|| json!(info.partition_columns));
    with(
        told,
        [
            ("comment", info.comment.clone().map(Value::from)),
            ("view_text", definition.map(Value::from)),
            ("language", info.metrics.then(|| "YAML".into())),
            ("provider", (!table.is_view).then(|| "delta".into())),
            ("partition_columns", partitions),
        ],
    )
}

/// An object with what there is beside.
fn with<const N: usize>(mut told: Value, more: [(&str, Option<Value>); N]) -> Value {
    if let Value::Object(fields) = &mut told {
        fields.extend(more.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    }
    told
}

/// A type as an object, from its spelling in SQL.
fn kind(text: &str) -> Value {
    let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('>'));
    if let Some(element) = inner("ARRAY<") {
        return json!({"name": "array", "element_type": kind(element), "element_nullable": true});
    }
    if let Some(pair) = inner("MAP<") {
        let parts = parts(pair);
        let part = |index: usize| kind(parts.get(index).copied().unwrap_or_default());
        return json!({"name": "map", "key_type": part(0), "value_type": part(1), "value_nullable": true});
    }
    if let Some(fields) = inner("STRUCT<") {
        let field = |field: &&str| {
            let (name, of) = field.split_once(": ").unwrap_or((field, ""));
            json!({"name": name, "type": kind(of), "nullable": true})
        };
        return json!({"name": "struct", "fields": parts(fields).iter().map(field).collect::<Vec<_>>()});
    }
    match text.strip_prefix("DECIMAL(").and_then(|rest| rest.strip_suffix(')')).and_then(|rest| rest.split_once(',')) {
        Some((precision, scale)) => {
            json!({"name": "decimal", "precision": precision.parse::<u8>().ok(), "scale": scale.parse::<u8>().ok()})
        }
        None => json!({"name": text.to_lowercase()}),
    }
}

/// Splits at commas outside of brackets.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (index, c) in text.char_indices() {
        match c {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text.get(start..index).unwrap_or_default().trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default().trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_objects() {
        let told = kind("STRUCT<a: DECIMAL(10,2), b: MAP<STRING, ARRAY<INT>>>");
        let array = json!({"name": "array", "element_type": {"name": "int"}, "element_nullable": true});
        let map = json!({"name": "map", "key_type": {"name": "string"}, "value_type": array, "value_nullable": true});
        let decimal = json!({"name": "decimal", "precision": 10, "scale": 2});
        let fields =
            json!([{"name": "a", "type": decimal, "nullable": true}, {"name": "b", "type": map, "nullable": true}]);
        assert_eq!(told, json!({"name": "struct", "fields": fields}));
    }
}
