//! Bundles at the local workspace: analysed, made, checked, deployed; with and without a slow workspace, side by side, and
//! while requests fail.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use futures::future::try_join_all;
use serde_json::{Value, json};
use url::Url;

use crate::client::User;
use crate::host::{FarEnds, Host};
use crate::local_workspace::LocalWorkspace;
use crate::stats::{Table, ms, percentile};

/// Users; the first administers.
const USERS: [&str; 10] = [
    "u0@example.com",
    "u1@example.com",
    "u2@example.com",
    "u3@example.com",
    "u4@example.com",
    "u5@example.com",
    "u6@example.com",
    "u7@example.com",
    "u8@example.com",
    "u9@example.com",
];

/// What each request takes longer at a slow workspace.
const SLOW: Duration = Duration::from_millis(200);

/// Calls of one kind whose middle is told.
const REPEATS: usize = 20;

/// Lines of the notebook.
const LINES: usize = 1_000;
/// Notebooks of the folder.
const NOTEBOOKS: usize = 100;
/// Tasks of the job.
const TASKS: usize = 20;
/// Resources of the bundle that is checked.
const RESOURCES: usize = 100;
/// Files of the bundle that is deployed again.
const FILES: usize = 1_000;
/// Calls while some requests fail.
const CALLS: usize = 10_000;
/// One call in so many meets a fault.
const ONE_IN: usize = 20;

/// What goes wrong, in turn.
fn faults() -> [Value; 5] {
    let answer = |status: u16, code: &str, more: Value| json!({"answer": {"status": status, "error_code": code, "message": "The bench says so.", "headers": more}});
    [
        json!({"outcome": "cut"}),
        json!({"outcome": answer(429, "REQUEST_LIMIT_EXCEEDED", json!({"retry-after": "0"}))}),
        json!({"outcome": answer(500, "INTERNAL_ERROR", json!({}))}),
        json!({"outcome": answer(503, "TEMPORARILY_UNAVAILABLE", json!({}))}),
        json!({"outcome": "pass", "delay_ms": 300}),
    ]
}

/// One user of the host and the workspace.
struct Person<'a> {
    name: &'static str,
    user: User,
    workspace: &'a LocalWorkspace,
    folder: PathBuf,
}

impl Person<'_> {
    async fn import(&self, name: &str, code: &str) -> Result<()> {
        let content = base64::engine::general_purpose::STANDARD.encode(format!("# Databricks notebook source\n{code}"));
        let path = format!("/Users/{}/{name}", self.name);
        let body =
            json!({"path": path, "language": "PYTHON", "format": "SOURCE", "overwrite": true, "content": content});
        self.workspace.post(self.name, "api/2.0/workspace/import", body).await.map(drop)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        Ok(std::fs::write(path, text)?)
    }

    /// The middle of several calls of a tool that reads.
    async fn middle(&self, tool: &str, input: &Value) -> Result<Duration> {
        let mut times = Vec::with_capacity(REPEATS);
        for _ in 0..REPEATS {
            let begun = Instant::now();
            let seen = self.user.look(tool, input).await?;
            times.push(begun.elapsed());
            ensure!(seen["failure"].is_null(), "{tool}: {seen}");
        }
        Ok(percentile(&mut times, 0.5))
    }

    /// Each request to the workspace takes longer until this is ended by its id.
    async fn slowed(&self) -> Result<String> {
        let delay = u64::try_from(SLOW.as_millis())?;
        let rule = json!({"path": "/api/**", "user": self.name, "delay_ms": delay});
        let made = self.workspace.post(self.name, "_faults", rule).await?;
        Ok(format!("_faults/{}", made["id"]))
    }

    /// A job with tasks that run notebooks of their own.
    async fn job(&self) -> Result<Value> {
        let mut tasks = Vec::with_capacity(TASKS);
        for number in 0..TASKS {
            self.import(&format!("step{number}"), &format!("spark.table('main.a.t{number}').count()")).await?;
            let path = format!("/Users/{}/step{number}", self.name);
            let mut task = json!({"task_key": format!("step{number}"), "notebook_task": {"notebook_path": path}});
            if let Some(before) = number.checked_sub(1) {
                task["depends_on"] = json!([{"task_key": format!("step{before}")}]);
            }
            tasks.push(task);
        }
        let settings = json!({"name": format!("of {}", self.name), "tasks": tasks});
        Ok(self.workspace.post(self.name, "api/2.2/jobs/create", settings).await?["job_id"].clone())
    }

    /// Makes a bundle of a job; how long that took.
    async fn generate(&self, job: &Value, name: &str) -> Result<Duration> {
        let input = json!({"job_id": job, "bundle_name": name, "output_dir": name, "force": true});
        let (took, made) = self.user.call(&format!("/generate_bundle_from_job {input}")).await?;
        ensure!(made["structured"]["complete"] == json!(true), "{made}");
        Ok(took)
    }

    /// How many requests of this person the workspace got so far.
    async fn requests(&self) -> Result<usize> {
        let mut count = 0;
        let mut after = 0;
        loop {
            let seen = self.workspace.get(self.name, &format!("_faults/requests?after={after}")).await?;
            let seen = seen["requests"].as_array().cloned().unwrap_or_default();
            let Some(last) = seen.last() else { return Ok(count) };
            after = last["number"].as_u64().context("a number")?;
            let own = |one: &&Value| {
                one["user"] == self.name && one["path"].as_str().is_some_and(|it| it.starts_with("/api"))
            };
            count += seen.iter().filter(own).count();
        }
    }
}

pub(crate) async fn measure(table: &mut Table, binary: &Path, data_dir: &Path, model: &Url) -> Result<()> {
    let workspace = LocalWorkspace::start(&data_dir.join("bundles-workspace"), &USERS).await?;
    let far = FarEnds { model: model.clone(), workspace: workspace.url.clone() };
    let data_dir = data_dir.join("bundles");
    std::fs::create_dir_all(&data_dir)?;
    let host = Host::start(binary, &data_dir, &far, None).await?;
    let mut people = Vec::with_capacity(USERS.len());
    for name in USERS {
        let user = User::new(&host.base, name).await?;
        let folder = data_dir.join("projects").join(user.project());
        std::fs::create_dir_all(&folder)?;
        people.push(Person { name, user, workspace: &workspace, folder });
    }
    let ann = people.first().context("a user")?;
    analyse(table, ann).await?;
    check(table, ann).await?;
    deploy_again(table, ann).await?;
    side_by_side(table, &people).await?;
    with_faults(table, &people).await?;
    host.stop().await
}

async fn analyse(table: &mut Table, ann: &Person<'_>) -> Result<()> {
    let line = |n: usize| format!("df{n} = spark.table('main.a.t{n}').filter('x > {n}')\n");
    ann.write("long.py", &format!("# Databricks notebook source\n{}", (0..LINES).map(line).collect::<String>()))?;
    let took = ann.middle("analyze_notebook", &json!({"notebook_path": "long.py"})).await?;
    table.row(&format!("analyse a notebook of {LINES} lines"), ms(took), "< 50 ms");
    ann.workspace
        .post(ann.name, "api/2.0/workspace/mkdirs", json!({"path": format!("/Users/{}/etl", ann.name)}))
        .await?;
    for number in 0..NOTEBOOKS {
        let code = format!("spark.table('main.a.t{number}').write.saveAsTable('main.a.t{}')", number + 1);
        ann.import(&format!("etl/step{number}"), &code).await?;
    }
    let folder = format!("/Users/{}/etl", ann.name);
    for slow in [false, true] {
        let rule = if slow { Some(ann.slowed().await?) } else { None };
        let name = if slow { "slow" } else { "quick" };
        let input = json!({"source_type": "workspace_path", "source_identifier": folder, "bundle_name": name});
        let (took, made) = ann.user.call(&format!("/orchestrate_bundle_creation {input}")).await?;
        ensure!(made["structured"]["status"] == "done", "{made}");
        if let Some(rule) = rule {
            ann.workspace.delete(ann.name, &rule).await?;
        }
        let delay = if slow { format!(", {} ms added to each request", SLOW.as_millis()) } else { String::new() };
        table.row(&format!("a folder of {NOTEBOOKS} notebooks analysed, made a bundle, checked{delay}"), ms(took), "");
    }
    Ok(())
}

async fn check(table: &mut Table, ann: &Person<'_>) -> Result<()> {
    let mut bundle = "bundle: {name: wide}\nresources:\n  jobs:\n".to_owned();
    for number in 0..RESOURCES {
        bundle.push_str(&format!(
            "    job{number}: {{name: job {number}, tasks: [{{task_key: a, notebook_task: {{notebook_path: ./n}}}}]}}\n"
        ));
    }
    ann.write("wide/databricks.yml", &bundle)?;
    ann.write("wide/n.py", "# Databricks notebook source\n")?;
    let took = ann.middle("validate_bundle", &json!({"bundle_path": "wide"})).await?;
    table.row(&format!("check a bundle of {RESOURCES} jobs"), ms(took), "< 100 ms");
    let job = ann.job().await?;
    table.row(&format!("a job of {TASKS} tasks made a bundle"), ms(ann.generate(&job, "one").await?), "< 2 s");
    let rule = ann.slowed().await?;
    let took = ann.generate(&job, "two").await?;
    ann.workspace.delete(ann.name, &rule).await?;
    table.row(&format!("the same, {} ms added to each request", SLOW.as_millis()), ms(took), "< 30 s");
    Ok(())
}

async fn deploy_again(table: &mut Table, ann: &Person<'_>) -> Result<()> {
    ann.write("many/databricks.yml", "bundle: {name: many}\nresources: {jobs: {j: {name: j, tasks: [{task_key: a, notebook_task: {notebook_path: ./n}}]}}}\n")?;
    ann.write("many/n.py", "# Databricks notebook source\n")?;
    for number in 0..FILES {
        ann.write(&format!("many/data/part{}/file{number}.txt", number % 10), &format!("file {number}"))?;
    }
    let input = json!({"task_type": "deployment", "task_details": {"bundle_path": "many"}});
    for what in ["first deploy", "the same again"] {
        let before = ann.requests().await?;
        let begun = Instant::now();
        ann.user.allowing(&format!("/delegate_to_specialist {input}")).await?;
        let took = begun.elapsed();
        let requests = ann.requests().await?.saturating_sub(before);
        table.row(
            &format!("{what} of a bundle with {FILES} files, looked at before"),
            format!("{}; {requests} requests", ms(took)),
            "",
        );
    }
    Ok(())
}

async fn side_by_side(table: &mut Table, people: &[Person<'_>]) -> Result<()> {
    let jobs = try_join_all(people.iter().map(Person::job)).await?;
    let (first, job) = people.first().zip(jobs.first()).context("a user")?;
    let alone = first.generate(job, "alone").await?;
    let begun = Instant::now();
    try_join_all(people.iter().zip(&jobs).map(|(person, job)| person.generate(job, "beside"))).await?;
    let together = begun.elapsed();
    for person in people {
        let text = std::fs::read_to_string(person.folder.join("beside/databricks.yml"))?;
        ensure!(text.contains("beside"), "{}: {text}", person.name);
    }
    let ratio = together.as_secs_f64() / alone.as_secs_f64();
    let figure = format!("{}; {ratio:.1} times one ({})", ms(together), ms(alone));
    table.row(&format!("{} users make bundles of their jobs at once", people.len()), figure, "<= 3 times one");
    Ok(())
}

async fn with_faults(table: &mut Table, people: &[Person<'_>]) -> Result<()> {
    let begun = Instant::now();
    let each = CALLS / people.len();
    let counts = try_join_all(people.iter().map(async |person| -> Result<[usize; 3]> {
        let [mut well, mut typed, mut otherwise] = [0; 3];
        let kinds = faults();
        for number in 0..each {
            let rule = if number % ONE_IN == 0 {
                let mut rule = kinds[number / ONE_IN % kinds.len()].clone();
                for (field, value) in [("path", json!("/api/**")), ("user", json!(person.name)), ("times", json!(1))] {
                    rule[field] = value;
                }
                Some(person.workspace.post(person.name, "_faults", rule).await?["id"].clone())
            } else {
                None
            };
            let (tool, input) = match number % 3 {
                0 => ("list_jobs", json!({})),
                1 => ("list_notebooks", json!({"path": format!("/Users/{}", person.name)})),
                _ => ("list_warehouses", json!({})),
            };
            match person.user.look(tool, &input).await {
                Ok(seen) if seen["failure"].is_null() => well += 1,
                Ok(seen) if seen["failure"]["kind"].is_string() => typed += 1,
                Ok(_) | Err(_) => otherwise += 1,
            }
            if let Some(rule) = rule {
                person.workspace.delete(person.name, &format!("_faults/{rule}")).await?;
            }
        }
        Ok([well, typed, otherwise])
    }))
    .await?;
    let sum = |at: usize| counts.iter().map(|count| count[at]).sum::<usize>();
    let (well, typed, otherwise) = (sum(0), sum(1), sum(2));
    let figure =
        format!("{well} well, {typed} typed errors, {otherwise} otherwise; {:.0} s", begun.elapsed().as_secs_f64());
    table.row(&format!("{CALLS} calls, one in {ONE_IN} of which meets a fault"), figure, ">= 99 % well or typed");
    Ok(())
}
