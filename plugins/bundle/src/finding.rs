//! What is found in a bundle, and the rules it is found by.

use std::borrow::Cow;
use std::fmt::Display;

use crate::limits::MAX_FINDINGS;
use crate::value::{Place, Value};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The bundle cannot be deployed.
    Error,
    /// It can, and does something else than it says.
    Warning,
    /// It can be better.
    Recommendation,
}

/// Something to know about a bundle.
#[derive(Debug, Clone)]
pub struct Finding {
    /// By which rule.
    pub rule: Rule,
    /// The way to the value, such as `resources.jobs.nightly.tasks[0]`; empty for the bundle as a whole.
    pub path: String,
    /// Where the value was written.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub advice: String,
    /// What to write at the place instead, where only one thing can be meant.
    pub repair: Option<Repair>,
}

/// A word that stands for another: it is not known, and among those that can stand there one alone is like it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repair {
    /// What is written.
    pub written: String,
    /// What is meant.
    pub instead: String,
}

impl Finding {
    /// How grave it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.rule.severity()
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $id:literal $severity:ident,)*) => {
        /// The rules of findings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[$doc])* $name,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name it is known by.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }

            /// How grave what it finds is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }
        }
    };
}

rules! {
    /// There is no bundle, or several.
    Root = "root" Error,
    /// There are more findings than are kept.
    MoreFindings = "more-findings" Warning,
    /// A bound of this library is met.
    Limit = "limit" Error,
    /// A file is no YAML.
    YamlSyntax = "yaml-syntax" Error,
    /// A key stands twice in a mapping; of two values one would be lost.
    DuplicateKey = "duplicate-key" Error,
    /// Only the first document of a file counts.
    SeveralDocuments = "several-documents" Warning,
    /// A number would be rounded.
    InexactNumber = "inexact-number" Warning,
    /// An entry of `include` that names no files of configuration.
    Include = "include" Error,
    /// `include` in an included file, or a pattern that does less than it seems to.
    IncludeIgnored = "include-ignored" Warning,
    /// Two values that cannot be one.
    MergeConflict = "merge-conflict" Error,
    /// Two resources of one key.
    DuplicateResource = "duplicate-resource" Error,
    /// A file that is named for one resource has others.
    OneResourcePerFile = "one-resource-per-file" Recommendation,
    /// A reference in a resource's key.
    ReferenceInKey = "reference-in-key" Error,
    /// A resource without content.
    EmptyResource = "empty-resource" Error,
    /// A field that nothing reads.
    UnknownField = "unknown-field" Warning,
    /// A kind of resource that there is not.
    UnknownResourceKind = "unknown-resource-kind" Warning,
    /// A value of another kind than the field's.
    WrongKind = "wrong-kind" Warning,
    /// Nothing where a value is due.
    NullValue = "null-value" Warning,
    /// A required field is missing.
    RequiredField = "required-field" Warning,
    /// A value that is not among those of the field.
    EnumValue = "enum-value" Warning,
    /// The bundle's name.
    BundleName = "bundle-name" Error,
    /// The bundle's name holds a reference.
    ReferenceInName = "reference-in-name" Warning,
    /// A reference where sign-in is configured.
    ReferenceInAuth = "reference-in-auth" Warning,
    /// The constraint on the version of the command line.
    CliVersion = "cli-version" Error,
    /// The engine.
    Engine = "engine" Error,
    /// The engine of the past.
    TerraformEngine = "terraform-engine" Warning,
    /// The target that was asked for.
    Target = "target" Error,
    /// Targets under their old name.
    OldEnvironments = "old-environments" Warning,
    /// The mode.
    Mode = "mode" Error,
    /// A variable that nobody declares is given a value.
    UndeclaredVariable = "undeclared-variable" Error,
    /// A variable without a value.
    VariableMissing = "variable-missing" Error,
    /// A value of another kind than the variable's.
    VariableKind = "variable-kind" Error,
    /// A variable that nothing refers to.
    UnusedVariable = "unused-variable" Recommendation,
    /// The file of overrides.
    OverrideFile = "override-file" Error,
    /// A lookup that is malformed or found nothing.
    Lookup = "lookup" Error,
    /// References that lead back to where they began.
    ReferenceCycle = "reference-cycle" Error,
    /// A reference to what there is not.
    ReferenceMissing = "reference-missing" Error,
    /// Something that looks like a reference and is none.
    ReferenceSyntax = "reference-syntax" Warning,
    /// References followed further than the official command line does.
    ReferenceRounds = "reference-rounds" Warning,
    /// A list or mapping within a text.
    ReferenceKind = "reference-kind" Error,
    /// A reference to a field that the resource cannot have.
    ReferenceField = "reference-field" Warning,
    /// Resources that need each other.
    ResourceCycle = "resource-cycle" Error,
    /// A script.
    Script = "script" Error,
    /// A secret written into the bundle.
    SecretValue = "secret-value" Error,
    /// A text that looks like a secret.
    SecretText = "secret-text" Warning,
    /// A preset's value.
    Preset = "preset" Error,
    /// A preset without effect.
    PresetIgnored = "preset-ignored" Warning,
    /// What mode `development` demands.
    DevelopmentMode = "development-mode" Error,
    /// What mode `production` demands.
    ProductionMode = "production-mode" Error,
    /// What mode `production` is better with.
    ProductionRoot = "production-root" Recommendation,
    /// Names that become one once prefixes are put on.
    NameClash = "name-clash" Warning,
    /// Who the bundle's things run as.
    RunAs = "run-as" Error,
    /// A permission that is malformed.
    Permission = "permission" Error,
    /// A permission that another one hides.
    PermissionOverlap = "permission-overlap" Warning,
    /// The deployer is not among those who may manage.
    PermissionDeployer = "permission-deployer" Recommendation,
    /// A level that secret scopes do not have.
    ScopeLevel = "scope-level" Warning,
    /// Everybody may write where the bundle lies.
    SharedRoot = "shared-root" Warning,
    /// More people may change the folder than the bundle says.
    FolderPermissions = "folder-permissions" Warning,
    /// The bundle is for another workspace.
    WorkspaceHost = "workspace-host" Warning,
    /// `/Workspace` in front of a path that has it.
    WorkspacePrefix = "workspace-prefix" Warning,
    /// A workspace path in a volume.
    VolumePath = "volume-path" Error,
    /// The volume for artifacts.
    ArtifactVolume = "artifact-volume" Error,
    /// A field that only the workspace sets.
    ManagedField = "managed-field" Error,
    /// A resource lacks what it cannot be made without.
    Incomplete = "incomplete" Error,
    /// Fields that exclude each other.
    Exclusive = "exclusive" Error,
    /// A cluster of one machine that is not set up as one.
    SingleNode = "single-node" Warning,
    /// Two tasks of one key.
    DuplicateTask = "duplicate-task" Error,
    /// A task waits for one that there is not.
    UnknownTask = "unknown-task" Error,
    /// Tasks that wait for each other.
    TaskCycle = "task-cycle" Error,
    /// A task does nothing, or several things.
    TaskKind = "task-kind" Error,
    /// A task that needs compute has none.
    TaskCompute = "task-compute" Error,
    /// A task names a cluster that its job does not define.
    UnknownJobCluster = "unknown-job-cluster" Warning,
    /// A cluster that no task names.
    UnusedJobCluster = "unused-job-cluster" Recommendation,
    /// A task names an environment that its job does not define.
    UnknownEnvironment = "unknown-environment" Error,
    /// The inputs of a loop.
    ForEachInputs = "for-each-inputs" Error,
    /// A Quartz expression or a time zone.
    Schedule = "schedule" Error,
    /// A path that leads to nothing.
    PathMissing = "path-missing" Error,
    /// A path that leads to something of another kind.
    PathKind = "path-kind" Error,
    /// A path that leads out of what is uploaded.
    PathOutside = "path-outside" Error,
    /// A pattern that matches nothing.
    PatternEmpty = "pattern-empty" Error,
    /// A wheel on a runtime that is too old for it.
    WheelRuntime = "wheel-runtime" Warning,
    /// An artifact that makes and names nothing, or two of one name.
    Artifact = "artifact" Error,
    /// Two apps of one folder.
    AppFolder = "app-folder" Recommendation,
    /// What is uploaded.
    Sync = "sync" Error,
    /// Nothing would be uploaded.
    SyncEmpty = "sync-empty" Warning,
    /// A pattern of `sync` that matches nothing.
    SyncPattern = "sync-pattern" Warning,
    /// Something that needs Python or a shell at load time.
    Unsupported = "unsupported" Error,
}

/// Findings on their way, with their bound.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    dropped: usize,
}

impl Findings {
    /// Adds a finding about a value.
    pub(crate) fn add<'a>(
        &mut self,
        rule: Rule,
        path: impl Display,
        value: &Value,
        message: impl Into<Cow<'a, str>>,
        advice: impl Into<Cow<'a, str>>,
    ) {
        self.push(rule, &path, value.place.as_ref(), message.into(), advice.into(), None);
    }

    /// Adds a finding about a place.
    pub(crate) fn add_at<'a>(
        &mut self,
        rule: Rule,
        path: impl Display,
        place: Option<Place>,
        message: impl Into<Cow<'a, str>>,
        advice: impl Into<Cow<'a, str>>,
    ) {
        self.push(rule, &path, place.as_ref(), message.into(), advice.into(), None);
    }

    /// Adds a finding about a word at a place, with what is meant by it where that is certain.
    pub(crate) fn add_word(
        &mut self,
        rule: Rule,
        path: impl Display,
        place: Option<&Place>,
        message: String,
        advice: String,
        repair: Option<Repair>,
    ) {
        self.push(rule, &path, place, message.into(), advice.into(), repair);
    }

    // Not generic: there are more than a hundred callers.
    fn push(
        &mut self,
        rule: Rule,
        path: &dyn Display,
        place: Option<&Place>,
        message: Cow<'_, str>,
        advice: Cow<'_, str>,
        repair: Option<Repair>,
    ) {
        let count = self.list.len();
        // Errors are kept whatever came before: without them a bundle would count as good.
        if count >= MAX_FINDINGS && rule.severity() != Severity::Error || count >= 2 * MAX_FINDINGS {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let (message, advice) = (message.into_owned(), advice.into_owned());
        self.list.push(Finding { rule, path: path.to_string(), place: place.cloned(), message, advice, repair });
    }

    /// All of them, each once per place: the gravest first, then by place, then by path.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        if self.dropped > 0 {
            let message = format!("{} more findings are not shown", self.dropped);
            self.list.push(Finding {
                rule: Rule::MoreFindings,
                path: String::new(),
                place: None,
                message,
                advice: "mend these first".to_owned(),
                repair: None,
            });
        }
        self.list.sort_by_cached_key(|one| {
            (one.severity(), one.place.clone(), one.rule, one.message.clone(), one.path.clone())
        });
        // A target's value has two paths, and one place.
        let is_same = |a: &Finding, b: &Finding| {
            (a.rule, &a.place, &a.message) == (b.rule, &b.place, &b.message) && (a.place.is_some() || a.path == b.path)
        };
        self.list.dedup_by(|a, b| is_same(a, b));
        self.list
    }
}
