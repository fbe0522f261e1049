//! The session: tables, statements, the catalog, settings, and what only the Spark context can.

use super::Walker;
use super::calls::Arguments;
use super::value::Value;
use crate::analysis::{Mode, ParameterKind, PathOperation, Severity};
use crate::names::Reader;
use crate::sql;
use crate::text::{Piece, Text};

/// Calls of the catalog that look at a table.
const LOOKS: &[&str] = &[
    "getTable",
    "tableExists",
    "isCached",
    "listColumns",
    "refreshTable",
    "cacheTable",
    "uncacheTable",
    "recoverPartitions",
];

/// Calls of the Spark context that read files.
const READS_FILES: &[&str] = &[
    "textFile",
    "wholeTextFiles",
    "binaryFiles",
    "binaryRecords",
    "hadoopFile",
    "newAPIHadoopFile",
    "pickleFile",
    "sequenceFile",
    "addFile",
    "addPyFile",
];

impl Walker<'_> {
    /// `spark.…`.
    pub(super) fn spark(&mut self, path: &str, arguments: &Arguments) -> Option<Value> {
        match path {
            "table" => {
                for name in arguments.texts(0, "tableName") {
                    self.facts.read(&name, "spark.table", Mode::Batch);
                }
                Some(Value::Frame)
            }
            "sql" => {
                for text in arguments.texts(0, "sqlQuery") {
                    self.statement_text(&text);
                }
                Some(Value::Frame)
            }
            "range" | "createDataFrame" => Some(Value::Frame),
            "newSession" | "getActiveSession" | "builder.getOrCreate" => Some(Value::Name("spark".to_owned())),
            "conf.set" => {
                let key = arguments.known(0, "key")?;
                let value = arguments.get(1, "value")?.clone();
                self.setting(&key, &value);
                self.settings.insert(key, value);
                None
            }
            "conf.get" => {
                let key = arguments.known(0, "key")?;
                if let Some(value) = self.settings.get(&key) {
                    return Some(value.computed());
                }
                if key.starts_with("spark.") {
                    return None;
                }
                self.facts.asks(&key, ParameterKind::Configuration, arguments.known(1, "default"));
                Some(Value::Text(Text::parameter(&key)))
            }
            "udf.register" | "udtf.register" | "udf.registerJavaFunction" => None,
            "streams.awaitAnyTermination" => {
                self.facts.stream(crate::analysis::Streaming::Continuous);
                None
            }
            _ => {
                let call = path.strip_prefix("catalog.")?;
                self.catalog(call, arguments)
            }
        }
    }

    fn catalog(&mut self, call: &str, arguments: &Arguments) -> Option<Value> {
        match call {
            "setCurrentCatalog" | "setCurrentDatabase" => {
                let name = arguments.text(0, if call == "setCurrentCatalog" { "catalogName" } else { "dbName" })?;
                self.facts.namespace.go_to(&name, call == "setCurrentCatalog");
            }
            "createTable" | "createExternalTable" => {
                for name in arguments.texts(0, "tableName") {
                    self.facts.write(&name, &format!("spark.catalog.{call}"), Mode::Create);
                }
                return Some(Value::Frame);
            }
            _ if LOOKS.contains(&call) => {
                for name in arguments.texts(0, "tableName") {
                    self.facts.read(&name, &format!("spark.catalog.{call}"), Mode::Metadata);
                }
                if call == "cacheTable" {
                    self.facts.reason("serverless", "tables cannot be cached");
                }
            }
            _ => {}
        }
        None
    }

    /// A text that is run as SQL.
    pub(super) fn statement_text(&mut self, text: &Text) {
        if text.is_unknown() {
            self.facts.uncomputed += 1;
            self.facts.finding(
                "uncomputed-sql",
                Severity::Info,
                &format!("a statement cannot be told: {}", text.shown()),
                "Write it as a text at its place, with the changing parts as parameters.",
            );
            return;
        }
        if let Some(name) = pasted(text) {
            self.facts.finding(
                "pasted-parameter",
                Severity::Warning,
                &format!("the value of `{name}` is pasted into a text of a statement"),
                "Pass it as a parameter: spark.sql(\"… = :name\", args={…}).",
            );
        }
        let place = self.facts.at;
        let error = sql::read(&mut self.facts, &sql::Source::of_text(text), place);
        if let Some(error) = error {
            self.facts.finding("broken-sql", Severity::Warning, &error.message, "Check the statement.");
        }
    }

    fn setting(&mut self, key: &str, value: &Value) {
        let Value::Text(text) = value else { return };
        self.facts.look_at_named(key, text);
        let Some(known) = text.known() else { return };
        let inner = known.strip_prefix("{{secrets/").and_then(|rest| rest.strip_suffix("}}"));
        if let Some((scope, name)) = inner.and_then(|inner| inner.split_once('/')) {
            self.facts.secret(&Text::literal(scope), &Text::literal(name));
        }
    }

    /// `sc.…`: nothing of it runs serverless.
    pub(super) fn rdd(&mut self, call: &str, arguments: &Arguments) -> Option<Value> {
        self.facts.reason("serverless", "the Spark context is not available");
        if READS_FILES.contains(&call) {
            for path in arguments.texts(0, "path") {
                self.facts.path(&path, PathOperation::Read, &format!("sc.{call}"), Reader::Spark);
            }
        }
        None
    }
}

/// A parameter that stands within quotes of a statement.
fn pasted(text: &Text) -> Option<&str> {
    let mut quoted = false;
    for piece in text.pieces() {
        match piece {
            Piece::Literal { text, .. } => quoted ^= text.matches('\'').count() % 2 == 1,
            Piece::Parameter(name) if quoted => return Some(name),
            Piece::Parameter(_) | Piece::Unknown(_) => {}
        }
    }
    None
}
