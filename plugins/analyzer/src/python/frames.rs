//! What is done with DataFrames: readers, writers, Delta tables, temporary views.

use std::rc::Rc;

use super::calls::Arguments;
use super::value::{Source, Value};
use super::{DeltaTable, Walker};
use crate::analysis::{Mode, PathOperation, Severity, Streaming};
use crate::names::Reader;
use crate::text::Text;

/// Methods of readers and writers that name their format and take a path.
const FORMATS: &[&str] = &["csv", "json", "parquet", "orc", "text", "xml", "binaryFile", "avro", "delta"];

/// Formats of other systems; the option that names what is read there.
const CONNECTORS: [(&str, &str); 14] = [
    ("jdbc", "dbtable"),
    ("snowflake", "dbtable"),
    ("redshift", "dbtable"),
    ("bigquery", "table"),
    ("sqlserver", "dbtable"),
    ("mysql", "dbtable"),
    ("postgresql", "dbtable"),
    ("oracle", "dbtable"),
    ("mongodb", "collection"),
    ("kafka", "subscribe"),
    ("eventhubs", "eventhubs.name"),
    ("kinesis", "streamName"),
    ("pubsub", "subscriptionId"),
    ("pulsar", "topics"),
];

/// Names of methods that write files, of pandas and its like.
const WRITES_FILES: &[&str] = &[
    "to_csv",
    "to_parquet",
    "to_json",
    "to_excel",
    "to_pickle",
    "to_feather",
    "to_hdf",
    "to_xml",
    "to_html",
    "to_orc",
    "to_stata",
    "write_parquet",
    "write_csv",
    "savefig",
    "saveAsTextFile",
    "saveAsPickleFile",
    "saveAsSequenceFile",
    "saveAsHadoopFile",
    "saveAsHadoopDataset",
    "saveAsNewAPIHadoopFile",
];

impl Walker<'_> {
    /// A method of an object that is no text and no collection.
    pub(super) fn frame_method(&mut self, receiver: &Value, name: &str, arguments: &Arguments) -> Option<Value> {
        match receiver {
            Value::Reader(source) => Some(self.reader(source, name, arguments)),
            Value::Writer(source) => Some(self.writer(source, name, arguments)),
            Value::WriterTo(table) => Some(self.writer_to(table, name)),
            Value::Delta(at) => Some(self.delta(*at, name, arguments)),
            Value::DeltaBuilder(mode) => {
                match name {
                    "tableName" => {
                        for table in arguments.texts(0, "identifier") {
                            self.facts.write(&table, "DeltaTable.create", *mode);
                        }
                    }
                    "location" => {
                        for path in arguments.texts(0, "location") {
                            self.facts.path(&path, PathOperation::Location, "DeltaTable.create", Reader::Spark);
                        }
                    }
                    _ => {}
                }
                Some(receiver.clone())
            }
            Value::Name(path) if path.ends_with("DeltaTable") => self.delta_class(name, arguments),
            Value::Frame | Value::Unknown(_) | Value::Name(_) => self.any_frame(receiver, name, arguments),
            _ => None,
        }
    }

    fn any_frame(&mut self, receiver: &Value, name: &str, arguments: &Arguments) -> Option<Value> {
        match name {
            "createTempView"
            | "createOrReplaceTempView"
            | "createGlobalTempView"
            | "createOrReplaceGlobalTempView"
            | "registerTempTable" => {
                for view in arguments.texts(0, "name") {
                    self.facts.temporary(&view);
                }
                None
            }
            "writeTo" => Some(Value::WriterTo(arguments.text(0, "table")?)),
            "cache" | "persist" if matches!(receiver, Value::Frame) => {
                self.facts.reason("serverless", "DataFrames cannot be cached");
                Some(Value::Frame)
            }
            "to_table" => {
                for table in arguments.texts(0, "name") {
                    self.facts.write(&table, "to_table", Mode::Write);
                }
                None
            }
            "fit" | "fit_transform" => {
                self.facts.seen.insert("fit");
                None
            }
            "plot" | "savefig" | "show_figure" => {
                self.facts.seen.insert("plot");
                None
            }
            _ if WRITES_FILES.contains(&name) => {
                let is_rdd = name.starts_with("saveAs");
                if is_rdd {
                    self.facts.reason("serverless", "RDDs are not available");
                }
                let reader = if is_rdd { Reader::Spark } else { Reader::Machine };
                for path in arguments.texts(0, "path").iter().chain(&arguments.texts(usize::MAX, "path_or_buf")) {
                    if !path.is_unknown() {
                        self.facts.path(path, PathOperation::Write, name, reader);
                    }
                }
                None
            }
            _ => matches!(receiver, Value::Frame).then_some(Value::Frame),
        }
    }

    fn reader(&mut self, source: &Rc<Source>, name: &str, arguments: &Arguments) -> Value {
        let mut source = source.as_ref().clone();
        match name {
            "table" => {
                let (via, mode) =
                    if source.stream { ("readStream.table", Mode::Stream) } else { ("read.table", Mode::Batch) };
                for table in arguments.texts(0, "tableName") {
                    self.facts.read(&table, via, mode);
                }
                if source.stream {
                    self.facts.seen.insert("stream");
                }
                return Value::Frame;
            }
            "load" => {
                self.load(&source, &arguments.texts(0, "path"));
                return Value::Frame;
            }
            "jdbc" => {
                source.format = Some("jdbc".to_owned());
                for (option, at) in [("url", 0), ("dbtable", 1)] {
                    let given = arguments.text(at, if option == "url" { option } else { "table" });
                    source.options.extend(given.map(|value| (option.to_owned(), value)));
                }
                self.load(&source, &[]);
                return Value::Frame;
            }
            "changes" => return Value::Frame,
            _ if FORMATS.contains(&name) => {
                source.format = Some(name.to_owned());
                let paths: Vec<Text> = arguments
                    .positional
                    .iter()
                    .flat_map(Value::texts)
                    .chain(arguments.texts(usize::MAX, "path"))
                    .collect();
                self.load(&source, &paths);
                return Value::Frame;
            }
            _ => self.set_up(&mut source, name, arguments),
        }
        Value::Reader(Rc::new(source))
    }

    /// Options and the like of readers and writers.
    fn set_up(&mut self, source: &mut Source, name: &str, arguments: &Arguments) {
        match name {
            "format" => source.format = arguments.known(0, "source").map(|format| format.to_lowercase()),
            "mode" => source.mode = arguments.known(0, "saveMode"),
            "trigger" => {
                source.trigger = true;
                let ends = ["availableNow", "once"].iter().any(|name| arguments.named(name).is_some());
                self.facts.stream(if ends { Streaming::AvailableNow } else { Streaming::Continuous });
            }
            "option" => {
                if let (Some(key), Some(value)) = (arguments.known(0, "key"), arguments.text(1, "value")) {
                    self.option(source, &key, value);
                }
            }
            "options" => {
                for (key, value) in &arguments.named {
                    self.option(source, key, value.text());
                }
            }
            _ => {}
        }
    }

    fn option(&mut self, source: &mut Source, key: &str, value: Text) {
        self.facts.look_at_named(key, &value);
        let operation = match key {
            "checkpointLocation" => Some(PathOperation::Checkpoint),
            "cloudFiles.schemaLocation" => Some(PathOperation::SchemaLocation),
            _ => None,
        };
        if let Some(operation) = operation {
            self.facts.path(&value, operation, key, Reader::Spark);
        }
        source.options.push((key.to_owned(), value));
    }

    /// What a reader reads when it is loaded.
    fn load(&mut self, source: &Source, paths: &[Text]) {
        if source.stream {
            self.facts.seen.insert("stream");
        }
        let format = source.format.as_deref().unwrap_or_default();
        if let Some((connector, named)) = CONNECTORS.iter().find(|(known, _)| *known == format) {
            self.connect(source, connector, named, false);
            return;
        }
        let via = if source.stream { "readStream.load" } else { "read.load" };
        let option: Vec<Text> = source.option("path").cloned().into_iter().collect();
        let paths = if paths.is_empty() { &option } else { paths };
        for path in paths {
            self.facts.path(path, PathOperation::Read, via, Reader::Spark);
            if source.stream {
                self.facts.input(&path.shown(), true);
            }
        }
    }

    fn connect(&mut self, source: &Source, connector: &str, named: &str, write: bool) {
        self.facts.service(connector);
        if let Some(url) = source.option("url") {
            let operation = if write { PathOperation::Write } else { PathOperation::Read };
            self.facts.path(url, operation, connector, Reader::Machine);
        }
        if let Some(table) =
            source.option(named).or_else(|| source.option("topic")).filter(|table| !table.known_start().contains('('))
        {
            self.facts.external(table, connector, write);
        }
        if source.stream {
            self.facts.input(connector, true);
        }
    }

    fn writer(&mut self, source: &Rc<Source>, name: &str, arguments: &Arguments) -> Value {
        let mut source = source.as_ref().clone();
        if let Some(format) = arguments.named("format").and_then(Value::known) {
            source.format = Some(format);
        }
        if let Some(mode) = arguments.named("mode").and_then(Value::known) {
            source.mode = Some(mode);
        }
        let mode = mode(source.mode.as_deref());
        match name {
            "saveAsTable" => {
                for table in arguments.texts(0, "name") {
                    self.facts.write(&table, "saveAsTable", mode);
                }
            }
            "insertInto" => {
                let overwrites = arguments.known(1, "overwrite").is_some_and(|value| value == "True");
                let mode = if overwrites || mode == Mode::Overwrite { Mode::Overwrite } else { Mode::Append };
                for table in arguments.texts(0, "tableName") {
                    self.facts.write(&table, "insertInto", mode);
                }
            }
            "toTable" => {
                for table in arguments.texts(0, "tableName") {
                    self.facts.write(&table, "toTable", Mode::Stream);
                }
                self.started(&source);
            }
            "start" => {
                self.save(&source, &arguments.texts(0, "path"));
                self.started(&source);
            }
            "save" => self.save(&source, &arguments.texts(0, "path")),
            "jdbc" => {
                source.format = Some("jdbc".to_owned());
                for (option, at) in [("url", 0), ("dbtable", 1)] {
                    let given = arguments.text(at, if option == "url" { option } else { "table" });
                    source.options.extend(given.map(|value| (option.to_owned(), value)));
                }
                self.save(&source, &[]);
            }
            "foreachBatch" => {
                if let Some(Value::Function(number)) = arguments.get(0, "func") {
                    let frame = Arguments { positional: vec![Value::Frame], named: Vec::new() };
                    self.invoke(*number, &frame);
                }
            }
            _ if FORMATS.contains(&name) => {
                source.format = Some(name.to_owned());
                self.save(&source, &arguments.texts(0, "path"));
            }
            _ => self.set_up(&mut source, name, arguments),
        }
        Value::Writer(Rc::new(source))
    }

    fn started(&mut self, source: &Source) {
        self.facts.seen.insert("stream");
        if !source.trigger {
            self.facts.stream(Streaming::Continuous);
            self.facts.finding(
                "no-trigger",
                Severity::Info,
                "a stream without a trigger goes on until it is stopped",
                "In a job that is to end, use trigger(availableNow=True); in one that is not, run it continuously.",
            );
        }
    }

    fn save(&mut self, source: &Source, paths: &[Text]) {
        let format = source.format.as_deref().unwrap_or_default();
        if let Some((connector, named)) = CONNECTORS.iter().find(|(known, _)| *known == format) {
            self.connect(source, connector, named, true);
            return;
        }
        let option: Vec<Text> = source.option("path").cloned().into_iter().collect();
        let via = if source.stream { "writeStream.start" } else { "write.save" };
        for path in if paths.is_empty() { &option } else { paths } {
            self.facts.path(path, PathOperation::Write, via, Reader::Spark);
        }
    }

    fn writer_to(&mut self, table: &Text, name: &str) -> Value {
        let mode = match name {
            "create" => Some(Mode::Create),
            "replace" | "createOrReplace" => Some(Mode::Replace),
            "append" => Some(Mode::Append),
            "overwrite" | "overwritePartitions" => Some(Mode::Overwrite),
            _ => None,
        };
        if let Some(mode) = mode {
            self.facts.write(table, "writeTo", mode);
        }
        Value::WriterTo(table.clone())
    }

    /// `DeltaTable.…`.
    fn delta_class(&mut self, name: &str, arguments: &Arguments) -> Option<Value> {
        match name {
            "forName" => {
                let named = arguments.named("tableOrViewName").map(Value::text);
                let name = named.or_else(|| arguments.positional.last().map(Value::text))?;
                self.deltas.push(DeltaTable { name, at: self.facts.at, changed: false, read: false });
                Some(Value::Delta(self.deltas.len() - 1))
            }
            "forPath" | "convertToDelta" | "isDeltaTable" => {
                let path = arguments
                    .named("path")
                    .map(Value::text)
                    .or_else(|| arguments.positional.get(1).map(Value::text))?;
                self.facts.path(&path, PathOperation::Read, &format!("DeltaTable.{name}"), Reader::Spark);
                None
            }
            "create" | "createIfNotExists" => Some(Value::DeltaBuilder(Mode::Create)),
            "replace" | "createOrReplace" => Some(Value::DeltaBuilder(Mode::Replace)),
            _ => None,
        }
    }

    fn delta(&mut self, at: usize, name: &str, _arguments: &Arguments) -> Value {
        let mode = match name {
            "merge" => Some(Mode::Merge),
            "update" | "updateExpr" => Some(Mode::Update),
            "delete" => Some(Mode::Delete),
            "optimize" | "vacuum" | "restoreToVersion" | "restoreToTimestamp" => Some(Mode::Maintain),
            _ => None,
        };
        let Some(delta) = self.deltas.get_mut(at) else { return Value::Frame };
        if let Some(mode) = mode {
            delta.changed = true;
            let name = delta.name.clone();
            self.facts.write(&name, "DeltaTable", mode);
            return Value::unknown("…");
        }
        match name {
            "toDF" => {
                delta.read = true;
                Value::Frame
            }
            "alias" => Value::Delta(at),
            "history" | "detail" => {
                delta.changed = true;
                let name = delta.name.clone();
                self.facts.read(&name, "DeltaTable", Mode::Metadata);
                Value::Frame
            }
            _ => Value::unknown("…"),
        }
    }
}

fn mode(said: Option<&str>) -> Mode {
    match said {
        Some("append") => Mode::Append,
        Some("overwrite") => Mode::Overwrite,
        Some(_) | None => Mode::Create,
    }
}
