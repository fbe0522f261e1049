//! What a bundle is made of: facts that somebody asked the workspace for.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::names::BundleName;
use crate::notebooks::Notebook;
use crate::objects::Objects;

/// All facts of one bundle.
#[derive(Debug, Clone)]
pub struct Source {
    /// How the bundle is called.
    pub name: BundleName,
    /// Jobs that it will make.
    pub jobs: Vec<Job>,
    /// Pipelines that it will make.
    pub pipelines: Vec<Pipeline>,
    /// Notebooks and files of which it makes a job, and a pipeline where they define one.
    pub notebooks: Vec<Notebook>,
    /// What the paths in settings name. A path that is not here stays as it is.
    pub objects: Objects,
    /// What ids in settings are called.
    pub names: Names,
    /// Who deploys it.
    pub deployer: Option<Principal>,
    /// The workspace, as `https://…`.
    pub host: Option<String>,
    /// The target that is meant where none is named.
    pub default_target: Target,
    /// Catalog and schema that a pipeline of notebooks writes to.
    pub namespace: (String, String),
    /// The warehouse that files of SQL run on.
    pub warehouse: Option<String>,
    /// What a cluster is made of, where one is needed.
    pub cluster: Cluster,
}

impl Source {
    /// Nothing yet.
    #[must_use]
    pub fn new(name: BundleName) -> Self {
        Self {
            name,
            jobs: Vec::new(),
            pipelines: Vec::new(),
            notebooks: Vec::new(),
            objects: Objects::new(),
            names: Names::new(),
            deployer: None,
            host: None,
            default_target: Target::Dev,
            namespace: ("main".to_owned(), "default".to_owned()),
            warehouse: None,
            cluster: Cluster::default(),
        }
    }
}

/// A job of the workspace.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// Its number.
    pub id: Option<u64>,
    /// Its settings as `jobs/get` gives them.
    pub settings: Map<String, Value>,
    /// What others may do with it: what was given to it, not what it inherits.
    pub grants: Vec<Grant>,
}

/// A pipeline of the workspace.
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    /// Its id.
    pub id: Option<String>,
    /// Its `spec` as `pipelines/get` gives it.
    pub spec: Map<String, Value>,
    /// What others may do with it.
    pub grants: Vec<Grant>,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// A person, by the name they log in with.
    User(String),
    /// A group.
    Group(String),
    /// A service principal, by its application id.
    ServicePrincipal(String),
}

impl Principal {
    /// The field of permissions that names it, and its name.
    #[must_use]
    pub fn field(&self) -> (&'static str, &str) {
        match self {
            Self::User(name) => ("user_name", name),
            Self::Group(name) => ("group_name", name),
            Self::ServicePrincipal(name) => ("service_principal_name", name),
        }
    }
}

/// What somebody may do with a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Who.
    pub principal: Principal,
    /// The workspace's word for it, such as `CAN_MANAGE_RUN`.
    pub level: String,
}

/// Kinds of things whose ids a bundle looks up by name, so that it works in another workspace as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// A SQL warehouse.
    Warehouse,
    /// A cluster.
    Cluster,
    /// A cluster policy.
    ClusterPolicy,
    /// A pool of instances.
    InstancePool,
    /// Where notifications go.
    NotificationDestination,
}

impl Named {
    /// The bundle's word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Warehouse => "warehouse",
            Self::Cluster => "cluster",
            Self::ClusterPolicy => "cluster_policy",
            Self::InstancePool => "instance_pool",
            Self::NotificationDestination => "notification_destination",
        }
    }

    /// What a variable that holds its id is called.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Warehouse => "warehouse_id",
            Self::Cluster => "cluster_id",
            Self::ClusterPolicy => "policy_id",
            Self::InstancePool => "instance_pool_id",
            Self::NotificationDestination => "notification_destination_id",
        }
    }
}

/// Names by kind and id, of things that have their name alone: a bundle cannot look up one of two.
pub type Names = BTreeMap<(Named, String), String>;

/// Where a bundle is deployed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// For each developer alone.
    Dev,
    /// As in production, beside it.
    Staging,
    /// What the source was.
    Prod,
}

impl Target {
    /// All of them, in the order of a release.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Staging, Self::Prod];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
        }
    }

    /// The target of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }
}

/// A cluster for code that serverless compute cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The runtime.
    pub spark_version: String,
    /// The machine.
    pub node_type_id: String,
}

impl Default for Cluster {
    fn default() -> Self {
        Self { spark_version: "16.4.x-scala2.12".to_owned(), node_type_id: "i3.xlarge".to_owned() }
    }
}
