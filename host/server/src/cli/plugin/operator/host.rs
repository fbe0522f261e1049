//! The host's database and rules, opened for one verb.

use anyhow::{Context as _, bail};
use bricklayer_domain::{PluginName, PluginOwner, ProjectId, UserId};
use bricklayer_plugins::{Actor, PluginService};
use bricklayer_sources::{Fetcher, FetcherSettings};
use bricklayer_store::{InstallationRow, Store};
use clap::Args;

use super::Undecided;
use crate::cli::ServeArgs;
use crate::cli::plugin::keys::plugin_around;
use crate::config::{Config, DatabaseConfig, IdentityMode, WorkspaceConfig};
use crate::identity::LOCAL_USER;

/// Which host: the same settings as `serve`.
#[derive(Debug, Args)]
pub(super) struct HostArgs {
    /// Folder of the host's database, projects and caches [default: ./data]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<String>,
    /// `development` or `proxy`, as the host runs
    #[arg(long, value_name = "MODE", global = true)]
    identity: Option<String>,
    /// Configuration file [default: ./config.yaml, when there is one]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<String>,
}

/// Whose installation is meant.
#[derive(Debug, Args)]
pub(super) struct OwnerArgs {
    /// This user's own
    #[arg(long = "for", value_name = "USER", conflicts_with = "everyone")]
    user: Option<String>,
    /// Everyone's
    #[arg(long)]
    everyone: bool,
}

impl OwnerArgs {
    /// As if `--everyone` had been said.
    pub(super) const fn everyone() -> Self {
        Self { user: None, everyone: true }
    }

    /// The owner that the flags name, if they name one.
    pub(super) fn named(&self) -> anyhow::Result<Option<PluginOwner>> {
        match &self.user {
            Some(user) => Ok(Some(PluginOwner::User(UserId::parse(user)?))),
            None if self.everyone => Ok(Some(PluginOwner::Everyone)),
            None => Ok(None),
        }
    }
}

impl HostArgs {
    /// The configuration, as `serve` would read it.
    pub(super) fn config(&self) -> anyhow::Result<Config> {
        let serve = ServeArgs {
            listen: None,
            data_dir: self.data_dir.clone(),
            identity: self.identity.clone(),
            workspace_binary: None,
            config: self.config.clone(),
            log: None,
        };
        let config = Config::from_layers(&serve.layers()?)?;
        // A host's database and compiled code would be published with the plugin, and be looked at as its source.
        if let Some(plugin) = plugin_around(&config.data_dir.join("bricklayer.db")) {
            bail!(
                "the host's data folder would be {}, within the plugin's folder {}; say which host with --data-dir (a running \
                 one has `./data` where it was started), or leave the plugin's folder",
                config.data_dir.display(),
                plugin.display()
            );
        }
        Ok(config)
    }

    /// A fetcher under the operator's policy.
    pub(super) fn fetcher(&self) -> anyhow::Result<Fetcher> {
        let plugins = self.config()?.plugins;
        Ok(Fetcher::new(FetcherSettings {
            policy: plugins.policy.sources,
            allow_loopback_http: plugins.allow_loopback_http,
            ..FetcherSettings::default()
        }))
    }
}

/// An opened host.
pub(super) struct Host {
    pub(super) service: PluginService,
    pub(super) store: Store,
    config: Config,
}

impl Host {
    /// Opens the host's database, which must be there: with the wrong folder a new one would look like a host without
    /// plugins.
    pub(super) async fn open(args: &HostArgs) -> anyhow::Result<Self> {
        let config = args.config()?;
        if let DatabaseConfig::Sqlite(path) = &config.database
            && !path.exists()
        {
            bail!("there is no database {}; name the host's folder with --data-dir", path.display());
        }
        Self::with(config).await
    }

    /// Opens the host's database, or makes the one that the host will find at its first start.
    pub(super) async fn open_or_make(args: &HostArgs) -> anyhow::Result<Self> {
        Self::with(args.config()?).await
    }

    async fn with(config: Config) -> anyhow::Result<Self> {
        let (store, service) = crate::app::open_plugins(&config).await?;
        Ok(Self { service, store, config })
    }

    /// The one user of a developer's own host. With a token for a remote workspace it is the token's owner, whom only
    /// that workspace can name.
    fn only_user(&self) -> anyhow::Result<Option<UserId>> {
        match (&self.config.identity, &self.config.workspace) {
            (IdentityMode::Development, WorkspaceConfig::Local { .. }) => Ok(Some(UserId::parse(LOCAL_USER)?)),
            (IdentityMode::Development, WorkspaceConfig::Remote { .. }) | (IdentityMode::Proxy, _) => Ok(None),
        }
    }

    /// Whoever runs this command.
    pub(super) fn operator(&self) -> anyhow::Result<Actor> {
        Ok(match self.only_user()? {
            Some(user) => Actor::Operator(user),
            None => Actor::operator()?,
        })
    }

    /// The operator in a user's project: projects belong to people, and only theirs can be named.
    pub(super) fn operator_in(&self, project: Option<ProjectId>, owner: &OwnerArgs) -> anyhow::Result<Actor> {
        match (project, owner.named()?, self.only_user()?) {
            (Some(_), Some(PluginOwner::User(user)), _) => Ok(Actor::Operator(user)),
            (Some(_), _, None) => bail!("--project needs the project's user: add --for USER"),
            _ => self.operator(),
        }
    }

    /// Who gets a new plugin when no flag says so: the developer on their own machine.
    pub(super) fn default_owner(&self) -> anyhow::Result<PluginOwner> {
        match self.only_user()? {
            Some(user) => Ok(PluginOwner::User(user)),
            None => Err(Undecided("say whose the plugin shall be: --everyone or --for USER".to_owned()).into()),
        }
    }

    /// The installation of a name; the flags choose where several people have one.
    pub(super) async fn find(&self, name: &PluginName, owner: &OwnerArgs) -> anyhow::Result<InstallationRow> {
        let named = owner.named()?;
        let rows = self.store.list_installations().await.context("the installed plugins cannot be read")?;
        let known: Vec<String> = rows.iter().map(|row| row.name.to_string()).collect();
        let mut matching: Vec<InstallationRow> = rows
            .into_iter()
            .filter(|row| row.name == *name && named.as_ref().is_none_or(|owner| *owner == row.owner))
            .collect();
        match (matching.pop(), matching.is_empty()) {
            (Some(row), true) => Ok(row),
            (Some(row), false) => {
                matching.push(row);
                let owners: Vec<String> = matching.iter().map(|row| owner_flag(&row.owner)).collect();
                bail!("several people have a plugin called `{name}`; add one of {}", owners.join(", "))
            }
            (None, _) if known.is_empty() => {
                bail!("no plugin is installed; `bricklayer plugin add SOURCE` installs one")
            }
            (None, _) => bail!("no such plugin `{name}` is installed; there are: {}", known.join(", ")),
        }
    }

    pub(super) async fn close(self) {
        self.store.close().await;
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

/// The flag that names an owner.
pub(super) fn owner_flag(owner: &PluginOwner) -> String {
    match owner {
        PluginOwner::Everyone => "--everyone".to_owned(),
        PluginOwner::User(user) => format!("--for {user}"),
    }
}

/// Reads a plugin's name.
pub(super) fn plugin_name(text: &str) -> Result<PluginName, String> {
    PluginName::parse(text).map_err(|error| error.to_string())
}

/// Reads a project's id.
pub(super) fn project_id(text: &str) -> Result<ProjectId, String> {
    text.parse().map_err(|_| "not a project's id; it is in the address of the project's page".to_owned())
}
