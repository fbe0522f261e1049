//! JSON files: an object on each line, or with `multiLine` any JSON. Columns are in the order of their names, dates and
//! whatever differs between objects are text, as Spark infers them.

use super::place::list;
use crate::{
    files::snapshot::Linked,
    sql::{
        engine::{
            context::Context,
            schema::{field_of, split_arguments},
        },
        language::{
            error::SqlError,
            names::{literal, quote},
            sources::{FileSource, Mode},
        },
    },
};

pub(super) fn query(context: &Context<'_>, source: &FileSource, files: &[Linked]) -> Result<String, SqlError> {
    let format = if source.options.multi_line { "auto" } else { "newline_delimited" };
    let reader = |more: &str| {
        format!(
            "read_json({}, format='{format}', hive_partitioning=false, ignore_errors={}, {more})",
            list(files),
            source.options.mode == Mode::DropMalformed
        )
    };
    let columns = match &source.schema {
        Some(schema) => schema.clone(),
        None => {
            let all = "records='true', sample_size=-1, maximum_depth=-1, map_inference_threshold=-1, \
                       field_appearance_threshold=0, union_by_name=true";
            let mut found = context.describe(&format!("SELECT * FROM {}", reader(all)))?;
            found.sort_by(|a, b| a.0.cmp(&b.0));
            found.into_iter().map(|(name, kind)| (name, spark_type(&kind))).collect()
        }
    };
    let named: Vec<_> = columns.iter().map(|(name, kind)| format!("{}: {}", literal(name), literal(kind))).collect();
    let items: Vec<_> = columns.iter().map(|(name, _)| quote(name)).collect();
    Ok(format!("SELECT {} FROM {}", items.join(", "), reader(&format!("columns={{{}}}", named.join(", ")))))
}

/// The type that Spark infers where DuckDB infers this one.
fn spark_type(kind: &str) -> String {
    let kind = kind.trim();
    if let Some(element) = kind.strip_suffix("[]") {
        return format!("{}[]", spark_type(element));
    }
    if let Some(fields) = kind.strip_prefix("STRUCT(").and_then(|t| t.strip_suffix(')')) {
        let fields = split_arguments(fields);
        let mut fields: Vec<_> = fields.iter().map(|field| field_of(field)).collect();
        fields.sort();
        let list: Vec<_> = fields.iter().map(|(name, kind)| format!("{} {}", quote(name), spark_type(kind))).collect();
        return format!("STRUCT({})", list.join(", "));
    }
    match kind {
        "BOOLEAN" | "BIGINT" | "DOUBLE" => kind.to_owned(),
        "UBIGINT" => "DECIMAL(20, 0)".to_owned(),
        "HUGEINT" | "UHUGEINT" => "DECIMAL(38, 0)".to_owned(),
        _ => "VARCHAR".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::spark_type;

    #[test]
    fn types_are_those_that_spark_infers() {
        for (duckdb, expect) in [
            ("BIGINT", "BIGINT"),
            ("DATE", "VARCHAR"),
            ("JSON", "VARCHAR"),
            ("UUID[]", "VARCHAR[]"),
            ("STRUCT(b DATE, \"a c\" BIGINT[])[]", "STRUCT(\"a c\" BIGINT[], \"b\" VARCHAR)[]"),
        ] {
            assert_eq!(spark_type(duckdb), expect, "{duckdb}");
        }
    }
}
