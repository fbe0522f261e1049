//! `tests.toml`: cases as data.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bricklayer_domain::{TurnSetting, TurnSettings};
use bricklayer_package::{Power, Powers};
use serde::Deserialize;
use serde_json::Value;

use crate::Problem;

/// Largest tests.toml, and largest file that a case names.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A recorded value that any value matches: times and the like differ from run to run.
pub(crate) const ANY: &str = "*";

/// All cases of a plugin.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// In the order of the file.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
}

/// One call and what is expected of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The tool, in snake case.
    pub tool: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: BTreeMap<String, Value>,
    /// What must come of it.
    #[serde(default)]
    pub expect: Expect,
    /// Requests that it may send, with their answers. All must be sent.
    #[serde(default)]
    pub http: Vec<Exchange>,
    /// Powers that are given, by their ids; all that plugin.toml asks for when absent.
    pub grants: Option<Vec<String>>,
    /// The project's folder: a file's text by its path, or `{ from = "testdata/x.csv" }`.
    #[serde(default)]
    pub files: BTreeMap<String, FileSource>,
    /// What earlier calls kept in the plugin's store.
    #[serde(default)]
    pub state: BTreeMap<String, String>,
    /// What the user chose.
    #[serde(default)]
    pub context: Context,
}

/// What must come of a call.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Fields that the typed result has, at least; lists entry by entry.
    pub result: Option<Value>,
    /// Results that it keeps for people, in their order: these fields (`content`, `title`, `rows`, `columns`, `state`).
    pub results: Option<Value>,
    /// What the model reads contains this.
    pub text: Option<String>,
    /// The kind of the failure: `not-found`, `denied`, `invalid-input`, …
    pub error: Option<String>,
    /// The failure's message contains this.
    pub message: Option<String>,
    /// The failure names this power as the missing one.
    pub denied: Option<String>,
    /// What the plugin's `operations` says beforehand that the call would do, part by part: these fields, others may be
    /// there.
    pub operations: Option<Value>,
    /// Files that the project's folder holds afterwards, with their text.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// `GET https://api.weather.example/v1/forecast?city=Berlin`; the caller's workspace is `https://workspace/…`. A
    /// query's value `*` stands for any value.
    pub request: String,
    /// JSON that the request's body holds, at least.
    pub body: Option<Value>,
    /// Whether the caller's credential must go with it.
    #[serde(rename = "as-caller")]
    pub as_caller: Option<bool>,
    /// The answer's status.
    #[serde(default = "ok")]
    pub status: u16,
    /// The answer's headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The answer's body as JSON.
    pub json: Option<Value>,
    /// The answer's body as text.
    pub text: Option<String>,
    /// The answer's body from a file of the plugin's folder.
    pub file: Option<String>,
    /// No answer at all, and why.
    pub unreachable: Option<String>,
    /// How often it may be asked; once when absent.
    #[serde(default = "once")]
    pub times: u32,
}

const fn ok() -> u16 {
    200
}

const fn once() -> u32 {
    1
}

/// A file's contents.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum FileSource {
    /// As they are.
    Text(String),
    /// From a file of the plugin's folder.
    From {
        /// Its path there.
        from: String,
    },
}

/// What the user chose for the turn.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// Who calls.
    pub user: Option<String>,
    /// Id of a SQL warehouse.
    pub warehouse: Option<String>,
    /// Catalog.
    pub catalog: Option<String>,
    /// Schema.
    pub schema: Option<String>,
    /// Id of a cluster for code.
    pub cluster: Option<String>,
    /// Folder in the workspace, an absolute path.
    pub workspace_folder: Option<String>,
}

impl Context {
    /// The settings of the turn, as a host would take them.
    ///
    /// # Errors
    /// What a host would refuse, with the name it has here.
    pub(crate) fn settings(&self) -> Result<TurnSettings, Problem> {
        let setting = |name: &str, value: &Option<String>| {
            let parsed = value.as_deref().map(TurnSetting::parse).transpose();
            parsed.map(Option::flatten).map_err(|error| Problem::new(format!("`context.{name}` {error}")))
        };
        Ok(TurnSettings {
            warehouse_id: setting("warehouse", &self.warehouse)?,
            default_catalog: setting("catalog", &self.catalog)?,
            default_schema: setting("schema", &self.schema)?,
            cluster_id: setting("cluster", &self.cluster)?,
            workspace_folder: setting("workspace_folder", &self.workspace_folder)?,
            ..TurnSettings::default()
        })
    }
}

impl Suite {
    /// Reads `tests.toml` of a folder; none when there is none.
    ///
    /// # Errors
    /// A file that cannot be read or makes no sense, with the place.
    pub fn open(folder: &Path) -> Result<Option<Self>, Problem> {
        read(folder)?.map(|text| Self::parse(&text)).transpose()
    }

    /// Reads the text of a `tests.toml`.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let suite: Self = toml::from_str(text).map_err(|error| Problem::new(format!("tests.toml: {error}")))?;
        for case in &suite.cases {
            case.check()?;
        }
        Ok(suite)
    }
}

/// The text of a folder's `tests.toml`; none when there is none.
pub(crate) fn read(folder: &Path) -> Result<Option<String>, Problem> {
    let path = folder.join("tests.toml");
    let length = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Problem::io("read tests.toml", &error)),
    };
    if length > MAX_BYTES {
        return Err(too_large());
    }
    fs::read_to_string(&path).map(Some).map_err(|e| Problem::io("read tests.toml", &e))
}

/// Puts a new `tests.toml` in the old one's place, whole or not at all.
pub(crate) fn write(folder: &Path, text: &str) -> Result<(), Problem> {
    if text.len() as u64 > MAX_BYTES {
        return Err(too_large());
    }
    let failed = |e: std::io::Error| Problem::io("write tests.toml", &e);
    let path = folder.join("tests.toml");
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
    fs::metadata(&path).and_then(|old| file.as_file().set_permissions(old.permissions())).map_err(failed)?;
    file.persist(&path).map(drop).map_err(|error| failed(error.error))
}

fn too_large() -> Problem {
    Problem::new(format!("tests.toml has more than {MAX_BYTES} bytes"))
        .fix("put large answers into files: file = \"testdata/answer.json\"")
}

impl Case {
    fn check(&self) -> Result<(), Problem> {
        let fault = |what: &str| Problem::new(format!("tests.toml: {:?}: {what}", self.name));
        let expect = &self.expect;
        let failure = expect.error.is_some() || expect.message.is_some() || expect.denied.is_some();
        let success = expect.result.is_some() || expect.text.is_some();
        if failure && success {
            return Err(fault("it expects a result and an error").fix("a call has one of both: make two cases"));
        }
        if !failure && !success && expect.operations.is_none() && expect.files.is_empty() {
            return Err(fault("it expects nothing, so it could not fail")
                .fix("add expect = { text = \"…\" }, { result = { … } } or { error = \"…\" }"));
        }
        for exchange in &self.http {
            if exchange.line().is_none() {
                return Err(fault(&format!("http.request {:?} is no request", exchange.request))
                    .fix("write it as `GET https://host/path?query`"));
            }
            let answers = [
                exchange.json.is_some(),
                exchange.text.is_some(),
                exchange.file.is_some(),
                exchange.unreachable.is_some(),
            ];
            if answers.into_iter().filter(|answer| *answer).count() > 1 {
                return Err(fault("an answer has more than one of json, text, file and unreachable"));
            }
        }
        self.powers().map(|_| ())
    }

    /// The powers that are given; none when all that is asked for.
    pub(crate) fn powers(&self) -> Result<Option<Powers>, Problem> {
        let Some(ids) = &self.grants else { return Ok(None) };
        let parse = |id: &String| {
            Power::parse(id).map_err(|error| Problem::new(format!("tests.toml: {:?}: grants: {error}", self.name)))
        };
        ids.iter().map(parse).collect::<Result<Powers, Problem>>().map(Some)
    }
}

impl Exchange {
    /// Method and address.
    pub(crate) fn line(&self) -> Option<(&str, &str)> {
        let (method, url) = self.request.split_once(' ')?;
        let method_is_one = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
        (method_is_one && url.starts_with("https://") && !url.contains(' ')).then_some((method, url))
    }
}

/// A file that a case names, below the plugin's folder.
pub(crate) fn read_named(folder: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let inside = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !inside {
        return Err(Problem::new(format!("tests.toml: {name} is not a path below the plugin's folder")));
    }
    let path = folder.join(name);
    let failed = |e: std::io::Error| Problem::io(format!("read {name}, which tests.toml names"), &e);
    if fs::metadata(&path).map_err(failed)?.len() > MAX_BYTES {
        return Err(Problem::new(format!("{name} has more than {MAX_BYTES} bytes")));
    }
    fs::read(&path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, says: &str) {
        let problem = Suite::parse(text).unwrap_err();
        assert!(problem.what.contains(says), "{problem:?}");
    }

    #[test]
    fn a_case_that_could_not_fail_or_makes_no_sense_is_refused() {
        refused("[[case]]\nname = \"a\"\ntool = \"t\"", "could not fail");
        refused(
            "[[case]]\nname = \"a\"\ntool = \"t\"\nexpect = { text = \"x\", error = \"denied\" }",
            "result and an error",
        );
        refused("[[case]]\nname = \"a\"\ntool = \"t\"\nexpct = {}", "expct");
        let http = |line: &str| {
            format!(
                "[[case]]\nname = \"a\"\ntool = \"t\"\nexpect = {{ text = \"x\" }}\n[[case.http]]\nrequest = \"{line}\""
            )
        };
        refused(&http("GET http://a.example/"), "is no request");
        refused(&http("get https://a.example/"), "is no request");
        assert!(Suite::parse(&http("GET https://a.example/")).is_ok());
        refused("[[case]]\nname = \"a\"\ntool = \"t\"\ngrants = [\"fly\"]\nexpect = { text = \"x\" }", "grants");
    }

    #[test]
    fn files_stay_in_the_plugins_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.csv"), "1").unwrap();
        assert_eq!(read_named(folder.path(), "a.csv").unwrap(), b"1");
        assert!(read_named(folder.path(), "../a.csv").is_err());
        assert!(read_named(folder.path(), "/etc/passwd").is_err());
    }
}
