//! Every tool of every shipped family by a table of cases: it works, it refuses, it does not find, it is throttled.
//!
//! One host and one local workspace serve all; families run side by side, each with a user of its own, so that the rules
//! of faults of one meet nobody else. A case is a line in its family's file. From each case that works three more are
//! made: the workspace refuses all requests, asks for all of them to come later, and asks that once.

mod bundles;
mod catalog;
mod compute;
mod deployments;
mod files;
mod jobs;
mod notebooks;
mod pipelines;
mod sql;
mod tables;
mod warehouses;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::Location;
use std::path::PathBuf;
use std::process::Stdio;

use base64::Engine as _;
use bricklayer_domain::{
    CallSite, McpSessionId, PermissionMode, ProjectId, ToolCall, ToolCallId, ToolErrorKind, ToolName, ToolOutcome,
    TurnSettings, UserId,
};
use bricklayer_server::config::{Config, WorkspaceConfig};
use bricklayer_server::identity::Caller;
use bricklayer_tools::{CallLink, Gate, NobodyToAsk};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::shared::guests::target_dir;
use crate::support::{Api, Server, World, eventually};

/// The shipped families, each with a file here. The user of the first administers the workspace, as the catalog's must.
const FAMILIES: [&str; 12] = [
    "catalog",
    "sql",
    "compute",
    "deployments",
    "files",
    "notebooks",
    "jobs",
    "pipelines",
    "workspace",
    "warehouses",
    "tables",
    "bundles",
];

/// A statement that runs until it is ended.
const ENDLESS: &str = "SELECT count(*) FROM range(1000000000) a CROSS JOIN range(1000000000) b WHERE a.id + b.id = -1";

/// What a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Works,
    Fails(ToolErrorKind),
    /// It is stopped once a request of this path was seen, and a request of the other path ends its work.
    Stopped(&'static str, &'static str),
}

/// One call and what must come of it.
#[derive(Debug, Clone)]
struct Case {
    tool: &'static str,
    input: Value,
    expect: Expect,
    /// Parts of the text.
    says: Vec<String>,
    by_stranger: bool,
    rules: Vec<Value>,
    /// A path and how often it must at least be asked for.
    pages: Option<(&'static str, usize)>,
    alone: bool,
    by_head: bool,
    at: &'static Location<'static>,
}

#[track_caller]
fn case(tool: &'static str, input: Value, expect: Expect, says: &str) -> Case {
    let at = Location::caller();
    let (says, rules) = (vec![says.to_owned()], Vec::new());
    Case { tool, input, expect, says, by_stranger: false, rules, pages: None, alone: false, by_head: false, at }
}

/// It succeeds and says this.
#[track_caller]
fn works(tool: &'static str, input: Value, says: &str) -> Case {
    case(tool, input, Expect::Works, says)
}

/// It fails with this kind and says this.
#[track_caller]
fn fails(tool: &'static str, input: Value, kind: ToolErrorKind, says: &str) -> Case {
    case(tool, input, Expect::Fails(kind), says)
}

/// It is stopped once it has begun at the workspace, and takes what it began along.
#[track_caller]
fn stopped(tool: &'static str, input: Value, begun: &'static str, ended: &'static str) -> Case {
    case(tool, input, Expect::Stopped(begun, ended), "")
}

/// While it holds, every request is asked to come later.
fn busy() -> Value {
    json!({"path": "/api/**", "outcome": {"answer": {"status": 429, "headers": {"retry-after": "0"},
        "error_code": "REQUEST_LIMIT_EXCEEDED", "message": "Too many, says the test."}}})
}

/// While it holds, every request is refused.
fn denied() -> Value {
    json!({"path": "/api/**", "outcome": {"answer": {"status": 403, "error_code": "PERMISSION_DENIED",
        "message": "You may not, says the test."}}})
}

/// The next request of this path that fits gets this in the place of the real answer.
fn answered(method: &str, path: &str, body: &Value) -> Value {
    let answer = json!({"status": 200, "body": body.to_string()});
    json!({"path": path, "method": method, "times": 1, "outcome": {"answer": answer}})
}

impl Case {
    /// Called by another user.
    fn by_stranger(self) -> Self {
        Self { by_stranger: true, ..self }
    }

    /// And says this as well.
    fn and(mut self, says: &str) -> Self {
        self.says.push(says.to_owned());
        self
    }

    /// Its first request is a HEAD, whose answer has no text: of a refusal it knows the status only.
    fn by_head(self) -> Self {
        Self { by_head: true, ..self }
    }

    /// While this rule holds for its user.
    fn under(mut self, rule: Value) -> Self {
        self.rules.push(rule);
        self
    }

    /// Asks for this path so often at least: a list of more than one page.
    fn in_pages(self, path: &'static str, least: usize) -> Self {
        Self { pages: Some((path, least)), ..self }
    }

    /// No further cases are made of this one: it tells of each of its parts what became of it.
    fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// This case, and what is made of it.
    fn all(self) -> Vec<Self> {
        if self.alone || self.expect != Expect::Works || self.by_stranger {
            return vec![self];
        }
        let error = |kind, says: &str, status: &str, rule| {
            let says = vec![if self.by_head { status } else { says }.to_owned()];
            Self { expect: Expect::Fails(kind), says, rules: vec![rule], pages: None, ..self.clone() }
        };
        // The first rule that fits counts.
        let first = |rule| Self { rules: [vec![rule], self.rules.clone()].concat(), ..self.clone() };
        // What only reads is sent again by the host.
        let mut busy_once = busy();
        (busy_once["method"], busy_once["times"]) = (json!("GET"), json!(1));
        vec![
            error(ToolErrorKind::RateLimited, "Too many, says the test.", "HTTP 429", busy()),
            error(ToolErrorKind::PermissionDenied, "You may not, says the test.", "HTTP 403", denied()),
            first(busy_once),
        ]
    }
}

/// A user with a project.
struct Actor {
    user: String,
    gate: Gate,
    folder: PathBuf,
    /// The workspace's own API, as this user.
    api: Api,
}

impl Actor {
    async fn new(world: &World, server: &Server, local: &Local, name: &str) -> Self {
        let project = server.as_user(name).project("Cases").await;
        let folder = world.project_dir(&project);
        std::fs::create_dir_all(&folder).unwrap();
        let user = format!("{name}@example.com");
        let caller = Caller { user: UserId::parse(&user).unwrap(), credential: token(name).into() };
        let project = ProjectId::from_uuid(project.parse().unwrap());
        let site = CallSite::Mcp { session: McpSessionId::new() };
        let settings = TurnSettings { permission_mode: Some(PermissionMode::RunAll), ..TurnSettings::default() };
        let gate = server.app.turns().open_gate(&caller, project, site, settings).await.unwrap();
        let api = Api::new(&local.url).with("authorization", &format!("Bearer {}", token(name)));
        Self { user, gate, folder, api }
    }

    async fn call(&self, number: usize, tool: &str, input: &Value, cancel: CancellationToken) -> ToolOutcome {
        let name = ToolName(format!("mcp__databricks__{tool}"));
        let call = ToolCall { id: ToolCallId(format!("call_{number}")), name, input: input.clone() };
        self.gate.call(&call, &NobodyToAsk, CallLink::new(cancel)).await
    }

    /// Asks the workspace for something that must succeed.
    async fn post(&self, path: &str, body: Value) -> Value {
        self.api.post(path, body).await.ok()
    }

    async fn get(&self, path: &str) -> Value {
        self.api.get(path).await.ok()
    }

    /// Writes a file of the project.
    fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Puts a file or a notebook into the user's home; its path.
    async fn import(&self, name: &str, text: &str) -> String {
        let path = format!("/Users/{}/{name}", self.user);
        let content = base64::engine::general_purpose::STANDARD.encode(text);
        self.post("/api/2.0/workspace/import", json!({"path": path, "format": "AUTO", "content": content})).await;
        path
    }

    /// Runs a statement to its end; its id.
    async fn sql(&self, statement: &str) -> Value {
        let warehouse = self.warehouse().await;
        let body = json!({"statement": statement, "warehouse_id": warehouse, "wait_timeout": "50s"});
        let ended = self.post("/api/2.0/sql/statements", body).await;
        assert_eq!(ended["status"]["state"], "SUCCEEDED", "{ended:#}");
        ended["statement_id"].clone()
    }

    async fn warehouse(&self) -> Value {
        self.get("/api/2.0/sql/warehouses").await["warehouses"][0]["id"].clone()
    }

    /// A job's task that runs a statement.
    async fn task(&self, key: &str, statement: &str) -> Value {
        let warehouse = self.warehouse().await;
        let saved = self.post("/api/2.0/sql/queries", json!({"query": {"query_text": statement}})).await;
        json!({"task_key": key, "sql_task": {"warehouse_id": warehouse, "query": {"query_id": saved["id"]}}})
    }

    /// How many requests of this path came from this user after a number, and the last number.
    async fn count(&self, path: &str, after: u64) -> (usize, u64) {
        let seen = self.get(&format!("/_faults/requests?after={after}")).await;
        let seen = seen["requests"].as_array().unwrap();
        let own = seen.iter().filter(|one| one["user"] == self.user && one["path"].as_str().unwrap().contains(path));
        (own.count(), seen.last().map_or(after, |last| last["number"].as_u64().unwrap()))
    }
}

/// A family's users while its cases run.
struct Stage {
    owner: Actor,
    stranger: Actor,
    /// The API of the workspace, as its administrator.
    admin: Api,
}

impl Stage {
    /// Runs a case; what is wrong about it.
    async fn run(&self, number: usize, case: &Case) -> Option<String> {
        let actor = if case.by_stranger { &self.stranger } else { &self.owner };
        let mut rules = Vec::new();
        for rule in &case.rules {
            let mut rule = rule.clone();
            rule["user"] = json!(actor.user);
            rules.push(actor.post("/_faults", rule).await["id"].clone());
        }
        let before = actor.count("/", 0).await.1;
        let cancel = CancellationToken::new();
        let calling = actor.call(number, case.tool, &case.input, cancel.clone());
        let outcome = match case.expect {
            Expect::Stopped(begun, _) => {
                let stop = async {
                    eventually(&format!("{}: the work of {number}: {}", case.at, case.tool), async || {
                        match actor.count(begun, before).await.0 {
                            0 => Err(format!("no request to {begun}")),
                            _ => Ok(()),
                        }
                    })
                    .await;
                    cancel.cancel();
                };
                tokio::join!(calling, stop).0
            }
            _ => calling.await,
        };
        for rule in rules {
            actor.api.delete(&format!("/_faults/{rule}")).await.ok();
        }
        let kind = outcome.failure.as_ref().map(|failure| failure.kind);
        let expect = match case.expect {
            Expect::Works => None,
            Expect::Fails(kind) => Some(kind),
            Expect::Stopped(..) => Some(ToolErrorKind::Cancelled),
        };
        let mut wrong = Vec::new();
        if kind != expect {
            wrong.push(format!("expected {expect:?}, got {kind:?}"));
        }
        let missing = case.says.iter().filter(|says| !outcome.content.contains(says.as_str()));
        wrong.extend(missing.map(|says| format!("no {says:?}")));
        if let Some((path, least)) = case.pages {
            let count = actor.count(path, before).await.0;
            if count < least {
                wrong.push(format!("{count} requests to {path}, not {least}"));
            }
        }
        if let Expect::Stopped(_, ended) = case.expect {
            eventually(&format!("{}: the end of the work of {number}: {}", case.at, case.tool), async || {
                match actor.count(ended, before).await.0 {
                    0 => Err(format!("no request to {ended}")),
                    _ => Ok(()),
                }
            })
            .await;
        }
        let (at, wrong) = (case.at, wrong.join("; "));
        let text: String = outcome.content.chars().take(400).collect();
        (!wrong.is_empty()).then(|| format!("{at}: {} under {:?}: {wrong}: {text}", case.tool, case.rules))
    }
}

/// Whose token it is, says its name.
fn token(name: &str) -> String {
    format!("canary-token-of-{name}")
}

/// The local workspace of all families.
struct Local {
    url: String,
    child: Child,
}

impl Local {
    async fn start() -> Self {
        let names = FAMILIES.iter().flat_map(|family| [(*family).to_owned(), format!("not-{family}")]);
        let tokens = names.flat_map(|name| ["--token".to_owned(), format!("{}={name}@example.com", token(&name))]);
        let mut child = Command::new(target_dir().join("debug/bricklayer-workspace"))
            .args(["--listen", "127.0.0.1:0", "--memory-mib", "256", "--exit-with-parent", "--ephemeral", "--faults"])
            .args(tokens)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        Self { url: format!("http://{}", line["listening"].as_str().unwrap()), child }
    }

    /// Ends it, with its folder.
    async fn stop(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().await.unwrap();
    }
}

/// A family's cases, with what they need at the workspace.
async fn cases(family: &str, stage: &Stage) -> Vec<Case> {
    match family {
        "bundles" => bundles::cases(stage).await,
        "catalog" => catalog::cases(stage).await,
        "sql" => sql::cases(stage).await,
        "compute" => compute::cases(stage).await,
        "deployments" => deployments::cases(stage).await,
        "files" => files::cases(stage).await,
        "notebooks" => notebooks::cases(stage).await,
        "jobs" => jobs::cases(stage).await,
        "pipelines" => pipelines::cases(stage).await,
        "workspace" => workspace::cases(stage).await,
        "warehouses" => warehouses::cases(stage).await,
        "tables" => tables::cases(stage).await,
        other => panic!("{other} has no file of cases"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_does_what_its_cases_say() {
    let world = World::sqlite().await;
    let local = Local::start().await;
    let remote = WorkspaceConfig::Remote { host: local.url.parse().unwrap(), token: None };
    let server = Server::start(Config { workspace: remote, ..world.config() }).await;
    let actor = async |name: &str| Actor::new(&world, &server, &local, name).await;
    let actor = &actor;
    let local_url = &local.url;
    let stages = FAMILIES.map(|family| async move {
        let (owner, stranger) = (actor(family).await, actor(&format!("not-{family}")).await);
        let admin = Api::new(local_url).with("authorization", &format!("Bearer {}", token(FAMILIES[0])));
        let stage = Stage { owner, stranger, admin };
        let written = cases(family, &stage).await;
        (family, stage, written)
    });
    // The faults of the first family's cases would meet who administers for the others.
    let stages = futures::future::join_all(stages).await;
    let families = stages.into_iter().map(|(family, stage, written)| async move {
        let began = std::time::Instant::now();
        let all: Vec<_> = written.iter().cloned().flat_map(Case::all).collect();
        let mut wrong = Vec::new();
        for (number, case) in all.iter().enumerate() {
            wrong.extend(stage.run(number, case).await);
        }
        println!("{family}: {} cases, {} runs in {:.1?}", written.len(), all.len(), began.elapsed());
        (family, written, wrong)
    });
    let mut wrong = Vec::new();
    let mut tried: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for (family, cases, found) in futures::future::join_all(families).await {
        wrong.extend(found);
        tried.insert(family, cases);
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    each_tool_is_tried(&tried);
    server.stop().await;
    local.stop().await;
}

/// Each tool works in a case and refuses in another.
fn each_tool_is_tried(tried: &BTreeMap<&str, Vec<Case>>) {
    let plugins = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/plugins");
    let mut without = BTreeSet::new();
    for entry in std::fs::read_dir(shipped).unwrap() {
        let family = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let cases = tried.get(family.as_str());
        let cases = cases.unwrap_or_else(|| panic!("the family {family} has no cases: give it a file here"));
        let manifest = std::fs::read_to_string(format!("{plugins}/{family}/plugin.toml")).unwrap();
        let tools = manifest.lines().filter_map(|line| line.strip_prefix("[tools.")?.strip_suffix(']'));
        for tool in tools.filter(|tool| !tool.contains('.')) {
            let of_tool = || cases.iter().filter(|case| case.tool == tool);
            let works = of_tool().any(|case| case.expect == Expect::Works);
            let refuses = of_tool().any(|case| matches!(case.expect, Expect::Fails(_)));
            if !(works && refuses) {
                without.insert(tool.to_owned());
            }
        }
    }
    assert!(without.is_empty(), "tools without a case that works and one that fails: {without:?}");
}
