//! Calls that are known by their names.

use super::Cell;
use super::words::{Part, Word};
use crate::analysis::{
    CallKind, Import, ImportKind, Language, Mode, Parameter, ParameterKind, PathOperation, Streaming,
};
use crate::names::Reader;
use crate::text::Text;
use crate::{dbfs, packages, sql};

impl Cell<'_> {
    /// A call whose name is at `at`.
    pub(super) fn call(&mut self, at: usize) {
        let Some(name) = self.name(at).map(str::to_owned) else { return };
        let before = at.checked_sub(2).filter(|_| at > 0 && self.is(at - 1, '.')).and_then(|before| self.name(before));
        let before = before.unwrap_or_default().to_owned();
        if name == "sparkContext"
            || (name == "sc" && self.is(at + 1, '.'))
            || (name == "rdd" && self.language == Language::Scala)
        {
            self.facts.reason("serverless", "the Spark context is not available");
        }
        if matches!(name.as_str(), "write" | "writeStream" | "read" | "readStream") {
            return;
        }
        if !self.is(at + 1, '(') {
            return;
        }
        let arguments = self.arguments(at + 1);
        let texts: Vec<(Option<String>, Text)> =
            arguments.into_iter().map(|(name, range)| (name, self.value(range))).collect();
        self.go_to(at);
        match self.language {
            Language::R => self.r(&name, &texts),
            _ => self.scala(&before, &name, at, &texts),
        }
        self.everywhere(&name, &before, &texts);
    }

    /// Calls of `dbutils` and SQL, which are alike in both.
    fn everywhere(&mut self, name: &str, before: &str, texts: &[(Option<String>, Text)]) {
        let text = |at: usize| texts.get(at).map(|(_, text)| text.clone());
        // R writes `dbutils.widgets.get` as one name.
        let (before, name) = name
            .rsplit_once('.')
            .map_or((before, name), |(path, last)| (path.rsplit('.').next().unwrap_or(path), last));
        match (before, name) {
            ("widgets", "text" | "dropdown" | "combobox" | "multiselect") => self.declare(name, texts),
            ("secrets", "get" | "getBytes") => {
                self.facts.secret(&text(0).unwrap_or_default(), &text(1).unwrap_or_default());
            }
            ("notebook", "run") => {
                if let Some(target) = text(0) {
                    self.facts.call(CallKind::NotebookRun, &target, Vec::new());
                }
            }
            ("taskValues", "set") => {
                if let Some(key) = text(0) {
                    self.facts.task_value(&key, None, true);
                }
            }
            ("taskValues", "get") => {
                if let (Some(task), Some(key)) = (text(0), text(1)) {
                    self.facts.task_value(&key, Some(&task), false);
                }
            }
            ("fs", command) => {
                let paths: Vec<Text> = texts.iter().map(|(_, text)| text.clone()).collect();
                dbfs::command(self.facts, command, &paths, "dbutils.fs");
            }
            _ => {}
        }
    }

    fn declare(&mut self, kind: &str, texts: &[(Option<String>, Text)]) {
        let known = |at: usize, named: &str| {
            let found = texts.iter().find(|(name, _)| name.as_deref() == Some(named)).or_else(|| texts.get(at));
            found.and_then(|(_, text)| text.known())
        };
        let Some(name) = known(0, "name") else { return };
        let kind = match kind {
            "dropdown" => ParameterKind::Dropdown,
            "combobox" => ParameterKind::Combobox,
            "multiselect" => ParameterKind::Multiselect,
            _ => ParameterKind::Text,
        };
        let label = known(if kind == ParameterKind::Text { 2 } else { 3 }, "label");
        let (default, at) = (known(1, "defaultValue"), self.facts.at);
        self.facts.declare(Parameter { name, kind, default, choices: Vec::new(), label, declared: true, uses: 0, at });
    }

    fn scala(&mut self, before: &str, name: &str, at: usize, texts: &[(Option<String>, Text)]) {
        let Some((_, first)) = texts.first() else {
            if name == "trigger" {
                self.facts.stream(Streaming::Continuous);
            }
            return;
        };
        let streams = |cell: &Self| cell.chain(at).contains("readStream") || cell.chain(at).contains("writeStream");
        let receiver_is_session = matches!(before, "spark" | "sqlContext" | "read" | "readStream" | "session");
        match name {
            "table" if receiver_is_session || self.chain(at).contains("read") => {
                let mode = if streams(self) { Mode::Stream } else { Mode::Batch };
                self.facts.read(first, "spark.table", mode);
            }
            "sql" if receiver_is_session => self.sql(first),
            "forName" => {
                let table = texts.last().map(|(_, text)| text.clone()).unwrap_or_default();
                let later: String = self.following(at);
                let merges = [("merge", Mode::Merge), ("update", Mode::Update), ("delete", Mode::Delete)];
                match merges.iter().find(|(call, _)| later.contains(&format!(".{call}("))) {
                    Some((_, mode)) => self.facts.write(&table, "DeltaTable", *mode),
                    None => self.facts.read(&table, "DeltaTable.forName", Mode::Batch),
                }
            }
            "forPath" => {
                let path = texts.last().map(|(_, text)| text.clone()).unwrap_or_default();
                self.facts.path(&path, PathOperation::Read, "DeltaTable.forPath", Reader::Spark);
            }
            "saveAsTable" => {
                let mode = self.mode(at);
                self.facts.write(first, "saveAsTable", mode);
            }
            "insertInto" => {
                let mode = if self.mode(at) == Mode::Overwrite { Mode::Overwrite } else { Mode::Append };
                self.facts.write(first, "insertInto", mode);
            }
            "toTable" => {
                self.facts.seen.insert("stream");
                self.facts.write(first, "toTable", Mode::Stream);
            }
            "writeTo" => {
                let later = self.following(at);
                let modes = [
                    (".append(", Mode::Append),
                    (".createOrReplace(", Mode::Replace),
                    (".replace(", Mode::Replace),
                    (".create(", Mode::Create),
                    (".overwrite", Mode::Overwrite),
                ];
                let mode = modes.iter().find(|(call, _)| later.contains(call)).map_or(Mode::Write, |(_, mode)| *mode);
                self.facts.write(first, "writeTo", mode);
            }
            "createOrReplaceTempView" | "createTempView" | "createGlobalTempView" | "createOrReplaceGlobalTempView" => {
                self.facts.temporary(first);
            }
            "setCurrentCatalog" => self.facts.namespace.go_to(first, true),
            "setCurrentDatabase" => self.facts.namespace.go_to(first, false),
            "load" | "csv" | "json" | "parquet" | "orc" | "text" | "avro" | "save" | "start" | "delta" => {
                let chain = self.chain(at);
                if chain.contains("write") {
                    self.facts.path(first, PathOperation::Write, "write.save", Reader::Spark);
                } else if chain.contains("read") {
                    self.facts.path(first, PathOperation::Read, "read.load", Reader::Spark);
                    if chain.contains("readStream") {
                        self.facts.seen.insert("stream");
                    }
                }
            }
            "option" => {
                let key = first.known().unwrap_or_default();
                if let Some((_, value)) = texts.get(1) {
                    self.facts.look_at_named(&key, value);
                    let operation = match key.as_str() {
                        "checkpointLocation" => PathOperation::Checkpoint,
                        "cloudFiles.schemaLocation" => PathOperation::SchemaLocation,
                        "path" => PathOperation::Read,
                        _ => return,
                    };
                    self.facts.path(value, operation, &key, Reader::Spark);
                }
            }
            "textFile" | "wholeTextFiles" if before == "sc" || before == "sparkContext" => {
                self.facts.path(first, PathOperation::Read, "sc.textFile", Reader::Spark);
            }
            "trigger" => {
                let ends = self.following(at).contains("AvailableNow") || self.following(at).contains("Once");
                self.facts.stream(if ends { Streaming::AvailableNow } else { Streaming::Continuous });
            }
            "display" => {
                self.facts.seen.insert("display");
            }
            _ => {}
        }
    }

    fn r(&mut self, name: &str, texts: &[(Option<String>, Text)]) {
        let at = |at: usize, named: &str| {
            let found = texts.iter().find(|(name, _)| name.as_deref() == Some(named)).or_else(|| texts.get(at));
            found.map(|(_, text)| text.clone())
        };
        let last = |named: &str| at(texts.len().saturating_sub(1), named);
        let bare = name.rsplit("::").next().unwrap_or(name);
        match bare {
            "tbl" | "spark_read_table" => {
                // What in_catalog puts together is found by itself.
                if let Some(table) = at(1, "name").filter(|table| !table.shown().contains("in_catalog")) {
                    self.facts.read(&table, bare, Mode::Batch);
                }
            }
            "tableToDF" | "SparkR.tableToDF" => {
                if let Some(table) = at(0, "tableName") {
                    self.facts.read(&table, "tableToDF", Mode::Batch);
                }
            }
            "in_catalog" => {
                let mut whole = Text::default();
                for (at, (_, part)) in texts.iter().enumerate() {
                    if at > 0 {
                        whole.append(&Text::literal("."));
                    }
                    whole.append(part);
                }
                self.facts.read(&whole, "in_catalog", Mode::Batch);
            }
            "sql" | "SparkR.sql" | "sdf_sql" | "dbGetQuery" | "dbSendQuery" | "dbExecute" => {
                if let Some(text) = last("sql") {
                    self.sql(&text);
                }
            }
            "saveAsTable" | "spark_write_table" | "insertInto" => {
                if let Some(table) = at(1, if bare == "spark_write_table" { "name" } else { "tableName" }) {
                    let mode = at(usize::MAX, "mode").and_then(|mode| mode.known());
                    let mode = match mode.as_deref() {
                        Some("append") => Mode::Append,
                        Some("overwrite") => Mode::Overwrite,
                        _ if bare == "insertInto" => Mode::Append,
                        _ => Mode::Create,
                    };
                    self.facts.write(&table, bare, mode);
                }
            }
            "createOrReplaceTempView" | "sdf_register" | "copy_to" => {
                if let Some(view) = at(1, "name") {
                    self.facts.temporary(&view);
                }
            }
            "read.df" | "read.csv" | "read.parquet" | "read.json" | "read.delta" | "read_csv" | "readRDS"
            | "loadDF" => {
                if let Some(path) = at(0, "path") {
                    let reader = if matches!(bare, "read.df" | "read.parquet" | "read.json" | "loadDF") {
                        Reader::Spark
                    } else {
                        Reader::Machine
                    };
                    self.facts.path(&path, PathOperation::Read, bare, reader);
                }
            }
            "spark_read_csv" | "spark_read_parquet" | "spark_read_json" | "spark_read_delta" => {
                if let Some(path) = last("path") {
                    self.facts.path(&path, PathOperation::Read, bare, Reader::Spark);
                }
            }
            "write.df"
            | "write.parquet"
            | "write.json"
            | "write.csv"
            | "write_csv"
            | "saveRDS"
            | "saveDF"
            | "spark_write_csv"
            | "spark_write_parquet"
            | "spark_write_delta" => {
                if let Some(path) = at(1, "path") {
                    let reader = if matches!(bare, "write.csv" | "write_csv" | "saveRDS") {
                        Reader::Machine
                    } else {
                        Reader::Spark
                    };
                    self.facts.path(&path, PathOperation::Write, bare, reader);
                }
            }
            "install.packages" => {
                if let Some(package) = at(0, "pkgs").and_then(|package| package.known()) {
                    let at = self.facts.at;
                    self.facts.installs.push(crate::analysis::Install {
                        spec: package.clone(),
                        package: Some(package),
                        version: None,
                        flag: None,
                        at,
                    });
                }
            }
            "display" => {
                self.facts.seen.insert("display");
            }
            "lm" | "glm" | "randomForest" | "train" => {
                self.facts.seen.insert("fit");
            }
            _ => {}
        }
    }

    fn sql(&mut self, text: &Text) {
        if text.is_unknown() {
            self.facts.uncomputed += 1;
            return;
        }
        let place = self.facts.at;
        sql::read(self.facts, &sql::Source::of_text(text), place);
    }

    /// The names of the chain of calls that ends at `at`: `spark.read.format`.
    fn chain(&self, at: usize) -> String {
        let mut names = Vec::new();
        let mut position = at;
        while let Some(dot) = position.checked_sub(1).filter(|dot| self.is(*dot, '.')) {
            let Some(mut before) = dot.checked_sub(1) else { break };
            // Over the brackets of a call.
            if self.is(before, ')') {
                let mut depth = 0_usize;
                loop {
                    if self.is(before, ')') {
                        depth += 1;
                    } else if self.is(before, '(') {
                        depth -= 1;
                        if depth == 0 {
                            break;
                        }
                    }
                    let Some(next) = before.checked_sub(1) else { return names.join(".") };
                    before = next;
                }
                let Some(next) = before.checked_sub(1) else { break };
                before = next;
            }
            let Some(name) = self.name(before) else { break };
            names.push(name.to_owned());
            position = before;
        }
        names.join(".")
    }

    /// What follows in the cell, as far as a call's chain may go.
    fn following(&self, at: usize) -> String {
        let mut text = String::new();
        for word in self.words.iter().skip(at).take(60) {
            match word {
                Word::Name { text: name, .. } => text.push_str(name),
                Word::Symbol { symbol, .. } => text.push(*symbol),
                Word::Text { .. } => text.push('"'),
                Word::Number { .. } => text.push('0'),
            }
        }
        text
    }

    /// How a writer writes: the mode that stands in the chain before.
    fn mode(&self, at: usize) -> Mode {
        let start = at.saturating_sub(60);
        for position in (start..at).rev() {
            if self.name(position) == Some("write") {
                break;
            }
            if self.name(position) == Some("mode") {
                return match (self.words.get(position + 2), self.name(position + 4)) {
                    (Some(Word::Text { pieces, .. }), _) if matches!(pieces.as_slice(), [Part::Literal(mode)] if mode == "append") => {
                        Mode::Append
                    }
                    (Some(Word::Text { pieces, .. }), _) if matches!(pieces.as_slice(), [Part::Literal(mode)] if mode == "overwrite") => {
                        Mode::Overwrite
                    }
                    (_, Some("Append")) => Mode::Append,
                    (_, Some("Overwrite")) => Mode::Overwrite,
                    _ => Mode::Create,
                };
            }
        }
        Mode::Create
    }

    /// `import a.b.C`, `library(x)`.
    pub(super) fn import(&mut self, at: usize) {
        let Some(word) = self.name(at).map(str::to_owned) else { return };
        let (module, kind) = match (self.language, word.as_str()) {
            (Language::Scala, "import") => {
                let mut module = String::new();
                let mut next = at + 1;
                while let Some(name) = self.name(next) {
                    module.push_str(name);
                    if !self.is(next + 1, '.') || self.name(next + 2).is_none() {
                        break;
                    }
                    module.push('.');
                    next += 2;
                }
                if module.is_empty() {
                    return;
                }
                let kind = packages::jvm(&module);
                (module, kind)
            }
            (Language::R, "library" | "require") if self.is(at + 1, '(') => {
                let package = match self.words.get(at + 2) {
                    Some(Word::Name { text, .. }) => text.clone(),
                    Some(Word::Text { pieces, .. }) => match pieces.as_slice() {
                        [Part::Literal(text)] => text.clone(),
                        _ => return,
                    },
                    _ => return,
                };
                let kind = packages::r(&package);
                (package, kind)
            }
            _ => return,
        };
        if self.facts.is_new(format!("i{module}")) {
            let at = self.facts.at;
            let package = (kind == ImportKind::Package).then(|| module.clone());
            self.facts.imports.push(Import { module, kind, package, version: None, at });
        }
    }
}
