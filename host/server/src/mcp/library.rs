//! What a client may read beside tools: the project's files, its skills, and what calls made for people.
//!
//! Nothing here is less guarded than a tool: each thing is read only when a call of the tool that reads such things would
//! run unasked, by the same rules.

use std::io::Read as _;

use bricklayer_domain::{ResultContent, ResultId, StoredResult, ToolCall, ToolCallId, ToolName, chain};
use bricklayer_mcp::{
    Argument, Body, Completing, Content, DoorError, MAX_MESSAGE_BYTES, Part, Prompt, Resource, ResourceForm,
};
use bricklayer_results::{MAX_PAGE_ROWS, ResultsError, RowsRequest, ViewRequest};
use bricklayer_skills::SkillLimits;
use bricklayer_store::StoreError;
use bricklayer_tools::{CallLink, Gate, NobodyToAsk, Permission, Terms, decide};
use cap_fs_ext::OpenOptionsSyncExt as _;
use cap_std::fs::OpenOptions;
use futures::TryStreamExt as _;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::door::UserDoor;
use super::failed;
use crate::percent::{percent_decode, percent_encode};
use crate::projects::blocking;

const FILES: &str = "project:///";
const SKILLS: &str = "skill://";
const RESULTS: &str = "result:///";

/// The file that every skill has.
const SKILL_FILE: &str = "SKILL.md";

/// The one argument of a skill.
const TASK: &str = "task";

/// Largest thing that is read whole.
const MAX_CONTENT_BYTES: usize = MAX_MESSAGE_BYTES;

pub(super) const FORMS: &[ResourceForm] = &[
    ResourceForm {
        template: "project:///{+path}",
        name: "project file",
        description: "A file of the project's folder, by its path.",
    },
    ResourceForm {
        template: "skill://{name}/{+file}",
        name: "skill",
        description: "A file of a skill; SKILL.md is the skill itself.",
    },
    ResourceForm {
        template: "result:///{id}",
        name: "result",
        description: "What a call of a conversation in this project made, by its id: the first rows of a table, a text, \
                      a picture or a file.",
    },
];

/// An address, taken apart.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    File(String),
    Skill { name: String, file: String },
    Result(ResultId),
}

impl Address {
    fn parse(uri: &str) -> Option<Self> {
        let text = |part: &str| String::from_utf8(percent_decode(part)?).ok().filter(|text| !text.is_empty());
        if let Some(path) = uri.strip_prefix(FILES) {
            return Some(Self::File(text(path)?));
        }
        if let Some(skill) = uri.strip_prefix(SKILLS) {
            let (name, file) = skill.split_once('/')?;
            return Some(Self::Skill { name: text(name)?, file: text(file)? });
        }
        Some(Self::Result(uri.strip_prefix(RESULTS)?.parse().ok()?))
    }
}

fn not_found(uri: &str) -> DoorError {
    DoorError::NotFound(format!("there is nothing at {uri}"))
}

/// Whether a call of a tool would run unasked.
async fn judge(gate: &Gate, tool: &str, input: Value) -> Result<(), DoorError> {
    let call = ToolCall { id: ToolCallId("mcp_read".to_owned()), name: ToolName(tool.to_owned()), input };
    let resolved = gate.resolve(&call.id, &call.name, &call.input);
    let resolved = resolved.map_err(|failure| DoorError::Wrong(failure.message))?;
    let (_, class) = gate.classify(&call, resolved).await;
    match decide(Terms::of(gate.mode()), &call.name, &class, &[]) {
        Permission::Allow(_) if class.rewritten.is_some() => {
            Err(DoorError::Wrong("the operator lets nobody read this as it is; call the tool instead".to_owned()))
        }
        Permission::Allow(_) => Ok(()),
        Permission::Ask { reason } | Permission::Deny { reason } => Err(DoorError::Wrong(reason)),
    }
}

impl UserDoor {
    /// The project's newest files, and its skills.
    pub(super) async fn list_resources(&self, gate: &Gate) -> Result<Vec<Resource>, DoorError> {
        let mut resources: Vec<Resource> = self.newest_files(gate, "**/*").await.into_iter().map(file).collect();
        resources.sort_by(|one, other| one.uri.cmp(&other.uri));
        let skills = self.skills().await?;
        resources.extend(skills.enabled.iter().map(|skill| Resource {
            uri: format!("{SKILLS}{}/{SKILL_FILE}", skill.name()),
            name: skill.name().to_owned(),
            description: Some(skill.description().to_owned()),
            media_type: Some("text/markdown".to_owned()),
            size: None,
        }));
        Ok(resources)
    }

    /// Paths of files, as the tool that finds them tells: without what rules keep from it.
    async fn newest_files(&self, gate: &Gate, pattern: &str) -> Vec<String> {
        let name = ToolName("Glob".to_owned());
        let call = ToolCall { id: ToolCallId("mcp_list".to_owned()), name, input: json!({"pattern": pattern}) };
        let found = gate.call(&call, &NobodyToAsk, CallLink::new(CancellationToken::new())).await.structured;
        let paths = found.as_ref().and_then(|found| found.get("paths")).and_then(Value::as_array);
        paths.into_iter().flatten().filter_map(|path| path.as_str().map(str::to_owned)).collect()
    }

    async fn skills(&self) -> Result<crate::skills::SkillsHere, DoorError> {
        let skills = &self.parts.turns.environment().skills;
        skills.of(&self.caller.user, self.project).await.map_err(failed)
    }

    fn skill_limits(&self) -> SkillLimits {
        self.parts.turns.environment().skills.limits()
    }

    /// What is at an address.
    pub(super) async fn read_resource(&self, gate: &Gate, uri: &str) -> Result<Vec<Content>, DoorError> {
        let address = Address::parse(uri).ok_or_else(|| not_found(uri))?;
        let (media_type, body) = match address {
            Address::File(path) => self.read_file(gate, uri, path).await?,
            Address::Skill { name, file } => self.read_skill(gate, uri, &name, &file).await?,
            Address::Result(id) => self.read_result(gate, uri, id).await?,
        };
        Ok(vec![Content { uri: uri.to_owned(), media_type, body }])
    }

    async fn read_file(&self, gate: &Gate, uri: &str, path: String) -> Result<(String, Body), DoorError> {
        judge(gate, "Read", json!({"file_path": path})).await?;
        let folder = self.parts.turns.environment().folders.open(self.project).await;
        let folder = folder.map_err(|error| DoorError::Failed(Box::new(error)))?;
        let media_type = mime_guess::from_path(&path).first_raw();
        let bytes = blocking(move || {
            // Without this, opening a pipe would wait for somebody to write into it.
            let mut options = OpenOptions::new();
            options.read(true).nonblock(true);
            let file = folder.open_with(&path, &options)?;
            if !file.metadata()?.is_file() {
                return Err(std::io::ErrorKind::IsADirectory.into());
            }
            let mut bytes = Vec::new();
            file.take(MAX_CONTENT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        let bytes = bytes.await.map_err(|error| {
            tracing::debug!(error = chain(&error), "a project's file was not read for an MCP client");
            not_found(uri)
        })?;
        bounded(bytes, media_type)
    }

    async fn read_skill(&self, gate: &Gate, uri: &str, name: &str, file: &str) -> Result<(String, Body), DoorError> {
        judge(gate, "Skill", json!({"name": name})).await?;
        let skills = self.skills().await?;
        let skill = skills.enabled.get(name).ok_or_else(|| not_found(uri))?.clone();
        let (file, limits) = (file.to_owned(), self.skill_limits());
        let media_type = mime_guess::from_path(&file).first_raw();
        let read = blocking(move || {
            let path = bricklayer_skills::FilePath::parse(&file).map_err(std::io::Error::other)?;
            skill.folder().read(&path, &limits).map_err(std::io::Error::other)
        });
        bounded(read.await.map_err(|_| not_found(uri))?, media_type)
    }

    async fn read_result(&self, gate: &Gate, uri: &str, id: ResultId) -> Result<(String, Body), DoorError> {
        judge(gate, "read_result", json!({"result": id.to_string()})).await?;
        let (results, user) = (&self.parts.turns.environment().results, &self.caller.user);
        let told = |error: ResultsError| match error {
            ResultsError::Store(StoreError::NotFound(_)) => not_found(uri),
            error => DoorError::Failed(Box::new(error)),
        };
        let result = results.describe(user, id).await.map_err(told)?;
        // Another project's are none of this one's.
        if result.project != self.project {
            return Err(not_found(uri));
        }
        if result.head.content == ResultContent::Table {
            let request = RowsRequest { offset: 0, limit: MAX_PAGE_ROWS, columns: None, view: ViewRequest::default() };
            let page = results.rows(user, id, &request).await.map_err(told)?;
            return Ok(("application/json".to_owned(), Body::Text(table(&result, page.rows.get(), page.total))));
        }
        let length = MAX_CONTENT_BYTES as u64 + 1;
        let content = results.content(user, id, 0, Some(length)).await.map_err(told)?;
        let bytes = content.stream.map_ok(|piece| piece.to_vec()).try_concat().await.map_err(told)?;
        bounded(bytes, result.head.media_type.as_deref())
    }

    /// The skills, as what a user may put to a model.
    pub(super) async fn list_prompts(&self) -> Result<Vec<Prompt>, DoorError> {
        let prompt = |skill: &std::sync::Arc<bricklayer_skills::Skill>| Prompt {
            name: skill.name().to_owned(),
            description: Some(skill.description().to_owned()),
            arguments: vec![Argument {
                name: TASK.to_owned(),
                description: "What to do by it.".to_owned(),
                required: false,
            }],
        };
        Ok(self.skills().await?.enabled.iter().map(prompt).collect())
    }

    /// A skill, with what to do by it.
    pub(super) async fn get_prompt(
        &self,
        gate: &Gate,
        name: &str,
        arguments: &Map<String, Value>,
    ) -> Result<Vec<Part>, DoorError> {
        let unknown =
            || DoorError::Wrong(format!("there is no prompt named `{name}`; prompts/list tells which there are"));
        let skills = self.skills().await?;
        let skill = skills.enabled.get(name).ok_or_else(unknown)?.clone();
        judge(gate, "Skill", json!({"name": name})).await?;
        let limits = self.skill_limits();
        let body = blocking(move || skill.body(&limits).map_err(std::io::Error::other)).await;
        let body = body.map_err(|error| DoorError::Failed(Box::new(error)))?;
        let mut parts = vec![Part::Text(body)];
        match arguments.get(TASK) {
            None => {}
            Some(Value::String(task)) => parts.push(Part::Text(task.clone())),
            Some(_) => return Err(DoorError::Wrong(format!("`{TASK}` must be a text"))),
        }
        Ok(parts)
    }

    /// What a variable of an address may be.
    pub(super) async fn complete_argument(
        &self,
        gate: &Gate,
        of: Completing<'_>,
        argument: &str,
        beginning: &str,
    ) -> Result<Vec<String>, DoorError> {
        let skill_names = async || -> Result<Vec<String>, DoorError> {
            Ok(self.skills().await?.enabled.names().into_iter().map(str::to_owned).collect())
        };
        let all = match (of, argument) {
            (Completing::Form("project:///{+path}"), "path") => self.newest_files(gate, "**/*").await,
            (Completing::Form("skill://{name}/{+file}"), "name") => skill_names().await?,
            (Completing::Form(form), _) if !FORMS.iter().any(|known| known.template == form) => {
                return Err(DoorError::Wrong(format!("there are no addresses of the form `{form}`")));
            }
            (Completing::Prompt(name), _) if !skill_names().await?.iter().any(|known| known == name) => {
                return Err(DoorError::Wrong(format!("there is no prompt named `{name}`")));
            }
            (Completing::Form(_) | Completing::Prompt(_), _) => Vec::new(),
        };
        Ok(all.into_iter().filter(|value| value.starts_with(beginning)).collect())
    }
}

fn file(path: String) -> Resource {
    Resource {
        uri: format!("{FILES}{}", percent_encode(path.as_bytes())),
        name: path.rsplit('/').next().unwrap_or(&path).to_owned(),
        description: None,
        media_type: mime_guess::from_path(&path).first_raw().map(str::to_owned),
        size: None,
    }
}

/// Text where it is text.
fn bounded(bytes: Vec<u8>, media_type: Option<&str>) -> Result<(String, Body), DoorError> {
    if bytes.len() > MAX_CONTENT_BYTES {
        let message = format!("it is larger than {MAX_CONTENT_BYTES} bytes; read parts of it with a tool");
        return Err(DoorError::Wrong(message));
    }
    let body = String::from_utf8(bytes).map(Body::Text).unwrap_or_else(|error| Body::Bytes(error.into_bytes()));
    let usual = match &body {
        Body::Text(_) => "text/plain",
        Body::Bytes(_) => "application/octet-stream",
    };
    Ok((media_type.unwrap_or(usual).to_owned(), body))
}

/// A table's first rows with their columns; values stay as they were written.
fn table(result: &StoredResult, rows: &str, total: u64) -> String {
    let columns: Vec<&str> = result.head.columns.iter().map(|column| &*column.name).collect();
    format!("{{\"columns\":{},\"rows\":{rows},\"total\":{total}}}", json!(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_or_name_nothing() {
        let id = ResultId::new();
        for (uri, expect) in [
            ("project:///a/b%20c.md", Some(Address::File("a/b c.md".into()))),
            (
                "skill://sql/references/a.md",
                Some(Address::Skill { name: "sql".into(), file: "references/a.md".into() }),
            ),
            (&*format!("result:///{id}"), Some(Address::Result(id))),
            ("project:///", None),
            ("project:///%ff", None),
            ("project:///%", None),
            ("project://a", None),
            ("skill://sql", None),
            ("skill:///a", None),
            ("result:///x", None),
            ("file:///etc/passwd", None),
            ("", None),
        ] {
            assert_eq!(Address::parse(uri), expect, "{uri}");
        }
    }
}
