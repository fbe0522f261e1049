//! Definitions of metric views: what is measured, by what, and how.
//!
//! Rules: Databricks' documentation, "Metric view YAML syntax reference", versions 0.1 and 1.1.

use serde::Deserialize;
use serde_json::Value;

use super::error::SqlError;

/// How long a definition may be, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// A metric view's definition.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricView {
    version: Value,
    /// A table's or view's name, or a query.
    source: String,
    #[serde(default)]
    pub(crate) comment: Option<String>,
    /// Which rows of the source are measured.
    #[serde(default)]
    pub(crate) filter: Option<String>,
    #[serde(default)]
    pub(crate) joins: Vec<MetricJoin>,
    #[serde(default, alias = "fields")]
    pub(crate) dimensions: Vec<MetricField>,
    #[serde(default)]
    pub(crate) measures: Vec<MetricField>,
    /// Keeps what was computed before, which changes no result.
    #[serde(default, rename = "materialization")]
    _materialization: Option<Value>,
}

/// A table beside the source, of which each row of the source meets one at most.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricJoin {
    pub(crate) name: String,
    source: String,
    #[serde(default)]
    pub(crate) on: Option<String>,
    #[serde(default)]
    pub(crate) using: Vec<String>,
    #[serde(default)]
    joins: Option<Value>,
    #[serde(default)]
    cardinality: Option<String>,
    #[serde(default, rename = "rely")]
    _rely: Option<Value>,
}

/// A dimension or a measure.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricField {
    pub(crate) name: String,
    pub(crate) expr: String,
    #[serde(default)]
    pub(crate) comment: Option<String>,
    #[serde(default)]
    window: Option<Value>,
    #[serde(default, rename = "display_name")]
    _display_name: Option<String>,
    #[serde(default, rename = "format")]
    _format: Option<Value>,
    #[serde(default, rename = "synonyms")]
    _synonyms: Option<Vec<String>>,
}

impl MetricView {
    /// Reads a definition.
    ///
    /// # Errors
    /// `METRIC_VIEW_INVALID_VIEW_DEFINITION`, saying where and why; what the local workspace does not know, by name.
    pub(crate) fn parse(text: &str) -> Result<Self, SqlError> {
        if text.len() > MAX_BYTES {
            return Err(invalid(format!("it has more than {MAX_BYTES} bytes")));
        }
        let view: Self = serde_norway::from_str(text).map_err(|e| invalid(e.to_string()))?;
        let version = view.version.as_str().map_or_else(|| view.version.to_string(), str::to_owned);
        if version != "0.1" && version != "1.1" {
            return Err(invalid(format!("the version {version} is none of 0.1 and 1.1")));
        }
        if view.source.trim().is_empty() || view.fields().next().is_none() {
            return Err(invalid("a source and at least one dimension or measure are needed"));
        }
        if view.joins.iter().any(|join| join.joins.is_some()) {
            return Err(SqlError::unsupported("A join within a join of a metric view"));
        }
        if view.joins.iter().any(|join| join.cardinality.as_deref().is_some_and(|c| c != "many_to_one")) {
            return Err(SqlError::unsupported("A join of a metric view to many rows"));
        }
        if let Some(join) = view.joins.iter().find(|join| join.on.is_some() != join.using.is_empty()) {
            return Err(invalid(format!("the join {} needs either on or using", join.name)));
        }
        if view.measures.iter().any(|measure| measure.window.is_some()) {
            return Err(SqlError::unsupported("A window measure of a metric view"));
        }
        if view.fields().any(|field| field.expr.trim() == "*" || field.name == "*") {
            return Err(SqlError::unsupported("A wildcard in a metric view"));
        }
        let mut names: Vec<_> = view.fields().map(|field| field.name.to_lowercase()).collect();
        names.sort();
        if let Some(pair) = names.windows(2).find(|pair| pair.first() == pair.last()) {
            return Err(invalid(format!("the name {} is there twice", pair.join(" and "))));
        }
        Ok(view)
    }

    /// Dimensions, then measures.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &MetricField> {
        self.dimensions.iter().chain(&self.measures)
    }

    /// The queries of the source and of each join.
    pub(crate) fn sources(&self) -> Vec<String> {
        let all = std::iter::once(&self.source).chain(self.joins.iter().map(|join| &join.source));
        all.map(|source| {
            let first = source.split_whitespace().next().unwrap_or_default().to_uppercase();
            match first.trim_start_matches('(') {
                "SELECT" | "WITH" | "VALUES" | "FROM" => source.clone(),
                _ => format!("SELECT * FROM {source}"),
            }
        })
        .collect()
    }
}

/// `METRIC_VIEW_INVALID_VIEW_DEFINITION`.
pub(crate) fn invalid(why: impl std::fmt::Display) -> SqlError {
    let detail = format!("The metric view definition is invalid. Reason: {why}.");
    SqlError::new("METRIC_VIEW_INVALID_VIEW_DEFINITION", "42K0L", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_read_or_refused_by_what_is_wrong() {
        let good = "version: 1.1\nsource: a.b.c\njoins:\n  - {name: d, source: SELECT 1 AS k, on: source.k = d.k}\nfields:\n  \
                    - {name: x, expr: y, display_name: X, synonyms: [z]}\nmeasures:\n  - {name: n, expr: count(1), format: {type: number}}\n";
        let view = MetricView::parse(good).unwrap();
        assert_eq!(view.sources(), ["SELECT * FROM a.b.c", "SELECT 1 AS k"]);
        for (from, to, class) in [
            ("1.1", "2", "METRIC_VIEW_INVALID_VIEW_DEFINITION"),
            ("source: a.b.c\n", "", "METRIC_VIEW_INVALID_VIEW_DEFINITION"),
            ("name: n", "name: X", "METRIC_VIEW_INVALID_VIEW_DEFINITION"),
            ("synonyms", "nosuch", "METRIC_VIEW_INVALID_VIEW_DEFINITION"),
            (", on: source.k = d.k", "", "METRIC_VIEW_INVALID_VIEW_DEFINITION"),
            (", on: source.k = d.k", ", using: [k], joins: []", "UNSUPPORTED_FEATURE"),
            ("format: {type: number}", "window: []", "UNSUPPORTED_FEATURE"),
        ] {
            assert_eq!(MetricView::parse(&good.replace(from, to)).unwrap_err().class, class, "{from} -> {to}");
        }
    }
}
