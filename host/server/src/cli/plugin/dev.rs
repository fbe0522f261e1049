//! `bricklayer plugin dev`: a host of the author's own with the plugin in it, built again and swapped on each change.

mod shown;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use bricklayer_devkit::{Built, Playback, Problem, Project, Snapshot, WATCH_INTERVAL, code_cache};
use bricklayer_domain::{InstallationId, PluginOwner};
use bricklayer_package::Severity;
use bricklayer_plugins::{Actor, PackageFrom, PluginService, UpdateFrom, UpdateOutcome};
use clap::Args;
use tokio::net::TcpListener;

use super::workspace;
use crate::app::App;
use crate::author::{AuthorHooks, Spectator};
use crate::config::Config;
use crate::lifecycle::{Lifecycle, Shutdown, stop_signal};

/// The port when the author names none and it is free.
const PORT: u16 = 8000;

#[derive(Debug, Args)]
pub(super) struct DevArgs {
    #[command(flatten)]
    folder: super::Folder,
    /// Port of the page; 0 for any free one [default: 8000, or any free one]
    #[arg(long)]
    port: Option<u16>,
    /// Send every request to its real host, also where tests.toml has a recorded answer
    #[arg(long)]
    live: bool,
    /// Work on the workspace that DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_PROFILE name, as yourself,
    /// and not on the local one
    #[arg(long)]
    real_workspace: bool,
}

pub(super) fn run(args: &DevArgs) -> Result<ExitCode, Problem> {
    let project = Project::open(&args.folder.folder)?;
    // The plugin's own words, and what goes wrong with the host.
    super::log_guests("error");
    let runtime = tokio::runtime::Runtime::new().map_err(|e| Problem::io("start", &e))?;
    runtime.block_on(dev(args, project))
}

async fn dev(args: &DevArgs, project: Project) -> Result<ExitCode, Problem> {
    let wrong = |error: anyhow::Error| Problem::new(format!("{error:#}"));
    let config = config(args, &project.folder)?;
    let listener = listen(args.port).await?;
    let address = listener.local_addr().map_err(|e| Problem::io("listen", &e))?;
    let playback = Arc::new(Playback::new(&project.folder));
    let (spectator, seen) = Spectator::new();
    let hooks = AuthorHooks {
        far_end: (!args.live).then(|| Arc::clone(&playback) as _),
        spectator: Some(spectator),
        code_cache: Some(code_cache(&project.folder)),
    };
    let lifecycle = Lifecycle::new();
    let app = App::build_for_author(config, lifecycle.clone(), hooks).await.map_err(|e| wrong(e.into()))?;
    let signals = lifecycle.clone();
    lifecycle.spawn("signals", async move {
        tokio::select! {
            () = stop_signal() => {}
            () = signals.soft().cancelled() => {}
        }
        signals.begin_shutdown();
    });
    lifecycle.spawn("author's view", shown::show(seen));
    let workshop = Workshop {
        service: app.plugins().clone(),
        actor: Actor::operator().map_err(|error| Problem::new(error.to_string()))?,
        playback,
        played: !args.live,
        installed: None,
    };
    let page = format!("http://{address}");
    let stopping = lifecycle.soft().clone();
    lifecycle.spawn("author's workshop", async move {
        tokio::select! {
            () = workshop.work(project, &page) => {}
            () = stopping.cancelled() => {}
        }
    });
    match app.serve(listener).await {
        Shutdown::Clean | Shutdown::Forced => Ok(ExitCode::SUCCESS),
        Shutdown::Abandoned => Ok(ExitCode::FAILURE),
    }
}

/// The configuration of a host that belongs to the plugin's folder alone.
fn config(args: &DevArgs, folder: &Path) -> Result<Config, Problem> {
    let data = folder.join(".bricklayer/dev");
    let flags = vec![
        ("listen", "127.0.0.1:0".to_owned()),
        ("data_dir", data.to_string_lossy().into_owned()),
        ("identity", "development".to_owned()),
    ];
    let mut environment = crate::cli::environment();
    environment.remove("DATABASE_URL");
    let layers = workspace::layers(flags, environment, folder, args.real_workspace)?;
    workspace::config(&layers, args.real_workspace)
}

async fn listen(port: Option<u16>) -> Result<TcpListener, Problem> {
    match TcpListener::bind(("127.0.0.1", port.unwrap_or(PORT))).await {
        Ok(listener) => Ok(listener),
        Err(_) if port.is_none() => {
            TcpListener::bind(("127.0.0.1", 0)).await.map_err(|e| Problem::io("listen on 127.0.0.1", &e))
        }
        Err(error) => Err(Problem::io(format!("listen on port {}", port.unwrap_or(PORT)), &error)
            .fix("choose another port, or leave --port out")),
    }
}

/// Builds, installs, watches.
struct Workshop {
    service: PluginService,
    actor: Actor,
    playback: Arc<Playback>,
    /// Whether recorded answers are played.
    played: bool,
    /// The plugin by the name that it has now.
    installed: Option<(String, InstallationId)>,
}

impl Workshop {
    async fn work(mut self, project: Project, page: &str) {
        let folder = project.folder.clone();
        let mut first = true;
        let mut project = Some(project);
        loop {
            let before = project.as_ref().map(Snapshot::of).unwrap_or_default();
            if let Some(project) = &project {
                self.serve(project).await;
            }
            if first {
                first = false;
                self.greet(project.as_ref(), page);
            }
            project = Some(changed(&folder, &before).await);
        }
    }

    /// Builds and installs what is in the folder, or says why not.
    async fn serve(&mut self, project: &Project) {
        if self.played
            && let Err(problem) = self.playback.reload()
        {
            super::tell(&problem);
        }
        let began = Instant::now();
        super::err(&format!("building {} {}\n", project.manifest.name, project.manifest.version));
        let to_build = project.clone();
        let built = tokio::task::spawn_blocking(move || super::build::build(&to_build, Severity::Warning)).await;
        let outcome = match built {
            Ok(Ok(built)) => {
                super::err(&format!("built in {:.1} s, making machine code\n", built.took.as_secs_f64()));
                self.install(project, &built).await.map(|()| built)
            }
            Ok(Err(problem)) => Err(problem),
            Err(error) => Err(Problem::new(format!("the build broke off: {error}"))),
        };
        match outcome {
            Ok(built) => say(&format!(
                "{} {} now serves: {}, after {:.1} s",
                project.manifest.name,
                project.manifest.version,
                built.inspection.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", "),
                began.elapsed().as_secs_f64()
            )),
            Err(problem) => {
                super::tell(&problem);
                if self.installed.is_some() {
                    super::err("the version before goes on serving\n");
                }
            }
        }
    }

    async fn install(&mut self, project: &Project, built: &Built) -> Result<(), Problem> {
        let refused = |error: bricklayer_plugins::PluginError| Problem::new(error.to_string());
        let actor = &self.actor;
        let inspection =
            self.service.inspect(actor, PackageFrom::Bytes(built.bytes.clone()), None).await.map_err(refused)?;
        let grants = inspection.requests.ids();
        let known = inspection.installed.as_ref().map(|installed| installed.id);
        let id = match known {
            Some(id) => {
                let from = UpdateFrom::Staged(inspection.staged.clone());
                if self.service.update(actor, id, from).await.map_err(refused)? == UpdateOutcome::Waiting {
                    // What is new is given as well: the author is who runs this host.
                    self.service.consent(actor, id, &inspection.staged, &grants, None).await.map_err(refused)?;
                }
                self.service.set_grants(actor, id, None, &grants).await.map_err(refused)?;
                id
            }
            None => self
                .service
                .install(actor, &inspection.staged, PluginOwner::Everyone, &grants, None)
                .await
                .map_err(refused)?,
        };
        let name = project.manifest.name.to_string();
        match self.installed.replace((name.clone(), id)) {
            Some((old, old_id)) if old != name => self.service.remove(&self.actor, old_id).await.map_err(refused),
            _ => Ok(()),
        }
    }

    fn greet(&self, project: Option<&Project>, page: &str) {
        let mut text = String::from("\n");
        if let Some(project) = project {
            text.push_str("This host is yours, so the plugin was given all that it asks for:\n");
            let words = project.manifest.requests().words();
            for words in if words.is_empty() { vec!["nothing".to_owned()] } else { words } {
                text.push_str(&format!("  {words}\n"));
            }
        }
        let hosts = self.playback.hosts();
        if self.played && !hosts.is_empty() {
            text.push_str(&format!("Answers of {} come from tests.toml (--live: from there)\n", hosts.join(", ")));
        }
        text.push_str(&format!("The page is at {page}\nIts files are watched. Ctrl-C stops.\n"));
        say(text.trim_end());
    }
}

/// Waits for a change that leaves a folder which can be opened.
async fn changed(folder: &Path, before: &Snapshot) -> Project {
    let mut told = None;
    let mut seen = before.clone();
    loop {
        tokio::time::sleep(WATCH_INTERVAL).await;
        let look = folder.to_owned();
        let looked = tokio::task::spawn_blocking(move || {
            let project = Project::open(&look);
            let snapshot = project.as_ref().map(Snapshot::of).unwrap_or_default();
            (project, snapshot)
        });
        match looked.await {
            Ok((Ok(project), snapshot)) => {
                // Editors save several files, and some in two steps: a change counts when all is quiet again.
                if snapshot != *before && snapshot == seen {
                    if let Some(name) = before.changed(&snapshot) {
                        say(&format!("\n{name} changed"));
                    }
                    return project;
                }
                seen = snapshot;
            }
            Ok((Err(problem), _)) if told.as_ref() != Some(&problem) => {
                super::tell(&problem);
                told = Some(problem);
            }
            Ok((Err(_), _)) | Err(_) => {}
        }
    }
}

/// A line of standard output; when nobody reads it any more, the page still works.
fn say(text: &str) {
    let _ = super::out(&format!("{text}\n"));
}
